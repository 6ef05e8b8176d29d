/**
 * The server's side of JSON-RPC with one program that is not trusted: hooks of the user run in it.
 *
 *   stdout ─► frames ─► notification ─► listener.notified, awaited before the next frame
 *                    ├► request ──────► listener.asked, answered whenever it is done
 *                    └► response ─────► whoever asked; what it brings about first is awaited
 *
 * - One frame after another: nothing asynchronous stands between a frame and its listener, so what was said before an answer is known before it. While the
 *   listener is not ready nothing is read, and the program waits at its pipe.
 * - What breaks the protocol (a frame that is none, or too long; too many requests at once; parameters that do not fit) is a complaint, and the end: nothing
 *   is read afterwards.
 * - Requests that are open when it ends are rejected.
 */
import type { Readable, Writable } from "node:stream";
import { errorText } from "@holdfast/kernel";
import { MAX_OPEN_REQUESTS, MESSAGE_BYTES } from "@holdfast/native";
import { z } from "zod";
import { encodeFrame, FrameSplitter } from "./frames.ts";

export type PeerListener = {
  notified(method: string, params: unknown): Promise<void> | undefined;
  /** The signal aborts when the program cancels its request. What it rejects with is told to the program by its message. */
  asked(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
};

/** Called where a request turns out to break the protocol: the program is to be ended. */
export type Broken = (complaint: string) => void;

/** The program answered with an error. */
export class AnsweredError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AnsweredError";
  }
}

/** The protocol was broken; the message is a sentence about the program. */
export class Complaint extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Complaint";
  }
}

const id = z.union([z.int(), z.string().max(64)]);

const messageSchema = z.union([
  z.object({ method: z.string().max(64), id: id.optional(), params: z.unknown().optional() }),
  z.object({ id, error: z.object({ message: z.string() }) }),
  z.object({ id, result: z.unknown().optional() }),
]);
type Message = z.infer<typeof messageSchema>;

const CANCEL = "$/cancelRequest";
const cancelSchema = z.object({ id });

/** Code of an error that is ours to tell. */
const FAILED = -32_000;

type Pending = {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  /** Awaited before the next frame. */
  behind: ((result: unknown) => Promise<void> | undefined) | undefined;
};

export class Peer {
  /** Resolves when nothing more is read, with what the program did wrong if it did; never rejects. */
  readonly ended: Promise<string | undefined>;
  readonly #stdin: Writable;
  readonly #listener: PeerListener;
  readonly #broken: Broken;
  readonly #pending = new Map<string | number, Pending>();
  readonly #open = new Map<string | number, AbortController>();
  readonly #released = Promise.withResolvers<void>();
  #isHeld = false;
  #hasEnded = false;
  #lastId = 0;

  constructor(pipes: { stdin: Writable; stdout: Readable }, listener: PeerListener, broken: Broken) {
    this.#stdin = pipes.stdin;
    this.#listener = listener;
    this.#broken = broken;
    this.ended = this.#run(pipes.stdout);
  }

  /** Whether what the program wrote waits to be read. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * Rejects with an `AnsweredError`, or with another Error once nothing can be answered any more. `behind` is called with the result before anything that
   * follows it is read, which waits for what it answers.
   */
  request(method: string, params: object, behind?: Pending["behind"]): Promise<unknown> {
    if (this.#hasEnded) return Promise.reject(new Error("It has ended."));
    this.#lastId += 1;
    const request = this.#lastId;
    const answer = new Promise((resolve, reject) => {
      this.#pending.set(request, { resolve, reject, behind });
    });
    this.#write({ id: request, method, params });
    return answer;
  }

  notify(method: string, params: object = {}): void {
    this.#write({ method, params });
  }

  /** From now on nobody is waited for: the program is being given up, and the end of what it wrote must be reached. */
  release(): void {
    this.#released.resolve();
  }

  async #run(stdout: Readable): Promise<string | undefined> {
    const frames = new FrameSplitter(MESSAGE_BYTES);
    let complaint: string | undefined;
    try {
      for await (const chunk of stdout)
        for (const body of frames.push(chunk as Buffer)) {
          const ready = this.#pass(parse(body));
          if (ready !== undefined) await this.#hold(ready);
        }
    } catch (error) {
      // A pipe that breaks is one way for it to end.
      if (!isPipeError(error)) complaint = errorText(error);
    }
    this.#hasEnded = true;
    for (const { reject } of this.#pending.values()) reject(new Error("It has ended."));
    for (const open of this.#open.values()) open.abort();
    return complaint;
  }

  async #hold(ready: Promise<void>): Promise<void> {
    this.#isHeld = true;
    try {
      await Promise.race([ready, this.#released.promise]);
    } finally {
      this.#isHeld = false;
    }
  }

  #pass(message: Message): Promise<void> | undefined {
    if (!("method" in message)) return this.#answered(message);
    if (message.id !== undefined) return this.#ask(message.id, message.method, message.params) as undefined;
    if (message.method !== CANCEL) return this.#listener.notified(message.method, message.params);
    const cancelled = cancelSchema.safeParse(message.params);
    if (cancelled.success) this.#open.get(cancelled.data.id)?.abort();
    return undefined;
  }

  #answered(message: Exclude<Message, { method: string }>): Promise<void> | undefined {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) throw new Complaint("It answered what nobody had asked.");
    this.#pending.delete(message.id);
    if ("error" in message) return pending.reject(new AnsweredError(message.error.message)) as undefined;
    const ready = pending.behind?.(message.result);
    pending.resolve(message.result);
    return ready;
  }

  #ask(request: string | number, method: string, params: unknown): void {
    if (this.#open.has(request)) throw new Complaint("It gave two open requests the same id.");
    if (this.#open.size >= MAX_OPEN_REQUESTS)
      throw new Complaint(`It asked for more than ${MAX_OPEN_REQUESTS} things at once.`);
    const open = new AbortController();
    this.#open.set(request, open);
    void this.#listener
      .asked(method, params, open.signal)
      .then((result) => ({ result: result ?? null }))
      .catch((error: unknown) => {
        if (error instanceof Complaint) this.#broken(error.message);
        return { error: { code: FAILED, message: errorText(error) } };
      })
      // Open until the program has read the answer: what it does not read is bounded, too.
      .then((answer) => this.#write({ id: request, ...answer }, () => this.#open.delete(request)));
  }

  /** Nobody hears it where the program is gone; the end of its output says so. */
  #write(message: object, written?: () => void): void {
    if (this.#stdin.writable) this.#stdin.write(encodeFrame({ jsonrpc: "2.0", ...message }), written);
  }
}

function parse(body: Buffer): Message {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new Complaint("It wrote a message that is no JSON.");
  }
  const message = messageSchema.safeParse(value);
  if (message.success) return message.data;
  throw new Complaint("It wrote a message that is none of JSON-RPC.");
}

const isPipeError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && typeof error.code === "string";
