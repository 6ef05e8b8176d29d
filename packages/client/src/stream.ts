/**
 * One resumable SSE stream over fetch (durability section 7, I-5): connects, reads frames, and connects again from the last place it
 * took, until its owner's signal aborts. What a frame means is the business of its two users (`stream-session`, `stream-feed`).
 *
 * - Silence: no byte for `silenceMs` (three heartbeats) means the connection is dead, whatever the socket says.
 * - Retries: the first at once, then jittered backoff; only progress (a new place) or a connection that held for `steadyMs` resets the
 *   count, so a server that accepts and closes is not stormed.
 * - Only what passes is tried again (`isPassing`): a refusal is final, and so is a stream that breaks at the same place `stuck` times in a row.
 * - Back-pressure: bytes are read only while the consumer asks for items.
 */
import { STREAM_SILENCE_MS } from "@holdfast/protocol";
import { backoffMs, delay } from "./delay.ts";
import { HoldfastConnectionError, HoldfastContractError, isPassing } from "./error.ts";
import { type Frame, FrameReader } from "./frames.ts";
import type { Query, Transport } from "./transport.ts";

export type StreamLimits = {
  /** Longest wait for the response to begin, in ms. */
  connectTimeoutMs: number;
  /** Longest silence, in ms (D-23: three heartbeats). */
  silenceMs: number;
  /** First and longest delay after the immediate retry, in ms. */
  retryBaseMs: number;
  retryCapMs: number;
  /** A connection that lived this long counts as good, in ms. */
  steadyMs: number;
  /** Times in a row that the stream may jump over the same place before it is called broken. */
  losses: number;
  /** Connections in a row that may be greeted and then break before anything came, before the stream is called broken. */
  stuck: number;
};

export const STREAM_LIMITS: StreamLimits = {
  connectTimeoutMs: 10_000,
  silenceMs: STREAM_SILENCE_MS,
  retryBaseMs: 500,
  retryCapMs: 15_000,
  steadyMs: 10_000,
  losses: 3,
  stuck: 8,
};

/** The connection broke or could not be made; the stream goes on by itself. Show it when it lasts (I-16: after 3 s). */
export type Disconnected = { kind: "disconnected"; error: Error; attempt: number; retryInMs: number };

/** Thrown by a reader of frames to begin again from its cursor. */
export class StreamLoss extends Error {}

export type Reader<Item> = {
  /** Where to go on: the query and the last id taken. Asked before each connection. */
  resume(): { query: Query; lastEventId?: string | undefined };
  /**
   * What a frame means; it may have to read what the frame names. Rejects with StreamLoss to connect again. Its place is taken when it resolves, so that
   * what was not read comes again.
   */
  take(frame: Frame, signal: AbortSignal): Promise<Taken<Item>>;
};

export type Taken<Item> = { items: Item[]; progress: boolean; over?: boolean };

export async function* followStream<Item>(
  transport: Transport,
  path: string,
  reader: Reader<Item>,
  signal: AbortSignal,
  limits: StreamLimits,
): AsyncGenerator<Item | Disconnected> {
  let attempt = 0;
  let stuck = 0;
  while (!signal.aborted) {
    const began = performance.now();
    let trouble: Error = new HoldfastConnectionError("The server ended the stream.");
    try {
      for await (const frame of connect(transport, path, reader, signal, limits)) {
        if (frame.event === "hello") stuck += 1;
        const taken = await reader.take(frame, signal);
        if (taken.progress) attempt = 0;
        if (taken.progress || frame.event === "caught-up") stuck = 0;
        yield* taken.items;
        if (taken.over === true) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error) && !(error instanceof StreamLoss)) throw error;
      trouble = error as Error;
    }
    if (stuck >= limits.stuck)
      throw new HoldfastContractError(
        `The event stream broke ${stuck} times in a row at the same place: ${trouble.message}`,
        trouble,
      );
    if (signal.aborted) return;
    if (performance.now() - began >= limits.steadyMs) attempt = 0;
    const bounds = { baseMs: limits.retryBaseMs, capMs: limits.retryCapMs };
    const retryInMs = attempt === 0 ? 0 : backoffMs(attempt, bounds, Math.random());
    attempt += 1;
    yield { kind: "disconnected", error: trouble, attempt, retryInMs };
    await delay(retryInMs, signal);
  }
}

/** One connection's frames; ends when the server ends it, throws when it breaks or falls silent. */
async function* connect<Item>(
  transport: Transport,
  path: string,
  reader: Reader<Item>,
  signal: AbortSignal,
  limits: StreamLimits,
): AsyncGenerator<Frame> {
  const { query, lastEventId } = reader.resume();
  const dead = new AbortController();
  const watchdog = createWatchdog(dead);
  const stop = AbortSignal.any([signal, dead.signal]);
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    watchdog.expect(limits.connectTimeoutMs, "The server did not answer in time.");
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
    const response = await transport.open(path, { query, headers, signal: stop });
    body = response.body?.getReader();
    if (body === undefined) return;
    yield* readFrames(
      body,
      () => watchdog.expect(limits.silenceMs, "The stream fell silent."),
      () => watchdog.rest(),
    );
  } catch (error) {
    throw dead.signal.aborted ? dead.signal.reason : error;
  } finally {
    watchdog.rest();
    dead.abort();
    await body?.cancel().catch(() => undefined);
  }
}

/** The watchdog runs only while bytes are awaited: a slow consumer is not a dead server. */
async function* readFrames(
  body: ReadableStreamDefaultReader<Uint8Array>,
  expect: () => void,
  rest: () => void,
): AsyncGenerator<Frame> {
  const frames = new FrameReader();
  const decoder = new TextDecoder();
  for (;;) {
    expect();
    const { done, value } = await body.read().catch((error: unknown) => {
      throw new HoldfastConnectionError("The stream broke.", error);
    });
    rest();
    if (done) return;
    yield* frames.feed(decoder.decode(value, { stream: true }));
  }
}

function createWatchdog(dead: AbortController) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = () => clearTimeout(timer);
  return {
    rest,
    expect(ms: number, message: string): void {
      rest();
      timer = setTimeout(() => dead.abort(new HoldfastConnectionError(message)), ms);
    },
  };
}
