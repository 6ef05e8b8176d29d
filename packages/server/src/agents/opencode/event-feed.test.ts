import { FakeClock, silentLogger } from "@holdfast/kernel";
import { afterEach, describe, expect, test } from "vitest";
import { EventFeed } from "./event-feed.ts";
import { HEALTH_LIMITS } from "./health.ts";

/** A stream that is written by hand and ends when its signal says so. */
class HandStream implements AsyncIterable<unknown> {
  readonly signal: AbortSignal;
  #values: unknown[] = [];
  #wake: () => void = () => undefined;
  #isOver = false;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener("abort", () => this.end());
  }

  push(...values: unknown[]): void {
    this.#values.push(...values);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator {
    while (!this.#isOver || this.#values.length > 0) {
      if (this.#values.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      while (this.#values.length > 0) yield this.#values.shift();
    }
  }
}

const CONNECTED = { type: "server.connected" };
let feeds: EventFeed[] = [];
afterEach(() => {
  for (const feed of feeds) feed.close();
  feeds = [];
});

function room(take: () => Promise<void> | undefined = () => undefined) {
  const clock = new FakeClock();
  const streams: HandStream[] = [];
  const events: string[] = [];
  let openings = 0;
  let refusals = 0;
  const feed = new EventFeed({
    clock,
    logger: silentLogger,
    limits: HEALTH_LIMITS,
    subscribe: async (signal) => {
      if ((refusals -= 1) >= 0) throw new Error("refused");
      const stream = new HandStream(signal);
      streams.push(stream);
      return stream;
    },
    take: (event) => {
      events.push(event.type);
      return take();
    },
    opened: () => (openings += 1),
  });
  feeds.push(feed);
  const pass = async (ms = 0) => {
    for (let turns = 0; turns < 8; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(ms);
    for (let turns = 0; turns < 8; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    feed,
    streams,
    events,
    pass,
    openings: () => openings,
    refuse: (times: number) => (refusals = times),
  };
}

describe("the event stream of a directory", () => {
  test("[A-23] it is open when the server says so on it, not before", async () => {
    const { feed, streams, events, pass, openings } = room();
    let isOpen = false;
    void feed.opened().then(() => (isOpen = true));
    await pass();
    streams[0]?.push({ type: "session.idle" }, "no event", null);
    await pass();
    expect(isOpen).toBe(false);
    streams[0]?.push(CONNECTED);
    await pass();
    expect([isOpen, openings(), events]).toEqual([true, 1, ["session.idle"]]);
  });

  test("[A-24] a stream that ends is opened again, with longer waits while that fails", async () => {
    const { streams, pass, openings, refuse } = room();
    await pass();
    streams[0]?.push(CONNECTED);
    await pass();
    refuse(2);
    streams[0]?.end();
    await pass();
    await pass(250);
    await pass(499);
    expect(streams).toHaveLength(1);
    await pass(1);
    await pass(1_000);
    expect(streams).toHaveLength(2);
    streams[1]?.push(CONNECTED);
    await pass();
    expect(openings()).toBe(2);
  });

  test("[A-24] a silent stream is replaced; a heartbeat keeps it, and so does a reader that is not ready", async () => {
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    const { streams, pass } = room(() => (isHeld ? gate.promise : undefined));
    await pass();
    streams[0]?.push(CONNECTED);
    for (let beats = 0; beats < 10; beats += 1) {
      await pass(10_000);
      streams[0]?.push({ type: "server.heartbeat" });
      await pass();
    }
    expect(streams[0]?.signal.aborted).toBe(false);
    isHeld = true;
    streams[0]?.push({ type: "session.idle" });
    await pass();
    await pass(10 * HEALTH_LIMITS.silenceMs);
    expect(streams[0]?.signal.aborted).toBe(false);
    gate.resolve();
    await pass();
    await pass(2 * HEALTH_LIMITS.silenceMs);
    expect(streams[0]?.signal.aborted).toBe(true);
    await pass(250);
    expect(streams).toHaveLength(2);
  });

  test("[A-23] closing ends the stream and whoever waits for it", async () => {
    const { feed, streams, pass } = room();
    await pass();
    const opened = feed.opened();
    feed.close();
    await opened;
    expect(streams[0]?.signal.aborted).toBe(true);
    await pass(60_000);
    expect(streams).toHaveLength(1);
  });
});
