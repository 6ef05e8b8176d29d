import type { FeedItem, HoldfastClient, SessionStreamItem } from "@holdfast/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Tabs, takeStreamSlot } from "../windows/index.ts";
import { SessionStreams } from "./session-streams.ts";

const SESSION = `ses_${"0".repeat(26)}`;
const OTHER = `ses_${"1".repeat(26)}`;

/** A server that streams: `log` is how far the session is, and what it brings live goes to every open feed. */
class ScriptedServer {
  log = 0;
  readonly caughtUp: number[] = [];
  readonly feeds = new Set<(item: FeedItem) => void>();
  readonly client = {
    streamSession: (options: { after: number; signal: AbortSignal }) => this.#session(options),
    streamFeed: (options: { signal: AbortSignal }) => this.#feed(options),
  } as unknown as HoldfastClient;

  /** Something happens in the session, and is told to whoever has a feed open. */
  happen(isHeard = true): void {
    this.log += 1;
    if (isHeard) this.tell(this.event(this.log));
  }

  tell(item: FeedItem): void {
    for (const feed of this.feeds) feed(item);
  }

  event(seq: number, sessionId = SESSION, type = "todo.updated"): FeedItem {
    const data = type === "todo.updated" ? { todos: [] } : { sessionId };
    return {
      kind: "event",
      id: String(seq),
      event: { type, version: 1, time: 0, seq, sessionId, data } as never,
    };
  }

  async *#session({
    after,
    signal,
  }: {
    after: number;
    signal: AbortSignal;
  }): AsyncGenerator<SessionStreamItem> {
    this.caughtUp.push(after);
    yield { kind: "hello", storeId: "s", lastSeq: this.log };
    for (let seq = after + 1; seq <= this.log; seq += 1)
      yield { kind: "event", event: { seq, type: "todo.updated" } as never };
    yield { kind: "caught-up" };
    await aborted(signal);
  }

  async *#feed({ signal }: { signal: AbortSignal }): AsyncGenerator<FeedItem> {
    const waiting: FeedItem[] = [{ kind: "hello", storeId: "s", lastId: "0" }];
    let wake = () => {};
    const feed = (item: FeedItem) => (waiting.push(item), wake());
    this.feeds.add(feed);
    signal.addEventListener("abort", () => wake());
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0);
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (waiting.length > 0 || signal.aborted) resolve();
        });
      }
    } finally {
      this.feeds.delete(feed);
    }
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

describe("the stream of a session, when all places for one's own are taken", () => {
  const tabs: Tabs = { locks: navigator.locks, channel: (name) => new BroadcastChannel(name) };
  const taken: (() => void)[] = [];
  let server: ScriptedServer;
  let stop: AbortController;
  const reading: Promise<void>[] = [];

  beforeEach(async () => {
    server = new ScriptedServer();
    stop = new AbortController();
    await vi.waitUntil(async () => {
      const giveBack = await takeStreamSlot(navigator.locks);
      if (giveBack !== undefined) taken.push(giveBack);
      return taken.length === 2;
    });
  });
  afterEach(async () => {
    stop.abort();
    for (const giveBack of taken.splice(0)) giveBack();
    await Promise.all(reading.splice(0));
  });

  /** A window; answers the events that it got, in order. */
  function open(after = 0): { seqs: number[]; kinds: string[] } {
    const got = { seqs: [] as number[], kinds: [] as string[] };
    const streams = new SessionStreams(server.client, tabs);
    const read = async () => {
      for await (const item of streams.follow({ sessionId: SESSION, after, signal: stop.signal })) {
        if (item.kind === "event") got.seqs.push(item.event.seq);
        got.kinds.push(item.kind);
      }
    };
    reading.push(read());
    return got;
  }
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
  const has = (got: { seqs: number[] }, last: number) =>
    vi.waitFor(() => expect(got.seqs).toEqual(upTo(last)));

  test("[D-4, I-16] a row that is too large for the stream of everything comes by one's own", async () => {
    server.log = 1;
    const windows = [open(), open()];
    await Promise.all(windows.map((got) => has(got, 1)));
    server.log = 2;
    const large = server.event(2) as Extract<FeedItem, { kind: "event" }>;
    server.tell({ ...large, event: { ...large.event, data: { tooLarge: true } } });
    server.happen();
    await Promise.all(windows.map((got) => has(got, 3)));
    for (const { kinds } of windows) expect(kinds).not.toContain("unknown");
  });

  test("[I-16, D-3] every window catches up by itself and goes on by the one stream of everything", async () => {
    server.log = 3;
    const windows = [open(), open(), open(2)];
    await has(windows[0] as never, 3);
    await vi.waitFor(() => expect(windows[2]?.seqs).toEqual([3]));
    await has(windows[1] as never, 3);
    for (let left = 5; left > 0; left -= 1) server.happen();
    for (const got of windows.slice(0, 2)) await has(got, 8);
    expect(windows[2]?.seqs).toEqual([3, 4, 5, 6, 7, 8]);
    expect([server.feeds.size, server.caughtUp]).toEqual([1, [0, 0, 2]]);
  });

  test("[I-16, D-3] what is missing, known, or of another session is caught up with, skipped, and passed over", async () => {
    const got = open();
    await vi.waitFor(() => expect(got.kinds).toContain("caught-up"));
    server.happen();
    await has(got, 1);
    server.tell(server.event(1));
    server.tell(server.event(7, OTHER));
    server.happen(false);
    server.happen(false);
    expect(got.seqs).toEqual([1]);
    server.happen();
    await has(got, 4);
    server.happen();
    await has(got, 5);
    expect(server.caughtUp).toEqual([0, 1]);
  });

  test("[I-16, D-3] after each connection of the leader there may be a gap: it is looked for at once", async () => {
    const got = open();
    await vi.waitFor(() => expect(got.kinds).toContain("caught-up"));
    server.tell({ kind: "disconnected", error: new Error("cut"), attempt: 1, retryInMs: 0 });
    server.happen(false);
    await vi.waitFor(() => expect(got.kinds.at(-1)).toBe("disconnected"));
    server.tell({ kind: "hello", storeId: "s", lastId: "1" });
    await has(got, 1);
    expect(server.caughtUp).toEqual([0, 0]);
  });

  test("[I-16, D-26] it ends with its session", async () => {
    const got = open();
    await vi.waitFor(() => expect(got.kinds).toContain("caught-up"));
    server.log += 1;
    server.tell(server.event(1, SESSION, "session.deleted"));
    await Promise.all(reading);
    expect(got.kinds.at(-1)).toBe("event");
    await vi.waitFor(() => expect(server.feeds.size).toBe(0));
  });

  test("[I-16] with a place of its own it has its own stream", async () => {
    taken.pop()?.();
    const got = open();
    await vi.waitFor(() => expect(got.kinds).toContain("caught-up"));
    server.happen(false);
    expect([server.feeds.size, server.caughtUp]).toEqual([0, [0]]);
  });
});
