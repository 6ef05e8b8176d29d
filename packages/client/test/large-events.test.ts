import { createClient, type FeedItem, HoldfastContractError, type SessionStreamItem } from "@holdfast/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { FrameReader } from "../src/frames.ts";
import {
  control,
  type Exchange,
  hello,
  problem,
  scriptedServer,
  sendFrames,
  sendJson,
  todo,
} from "./scripted-server.ts";

const quick = { connectTimeoutMs: 5_000, silenceMs: 5_000, retryBaseMs: 5, retryCapMs: 20, steadyMs: 60_000 };
const SESSION = `ses_${"0".repeat(26)}`;
/** More than a client keeps of one frame, in characters. */
const TOO_LONG = 3 * 1024 * 1024;

/** A server whose streams are scripted in their order, and which answers every other request by `row`. */
async function serve(
  row: (exchange: Exchange, asked: number) => void,
  ...streams: ((exchange: Exchange) => void)[]
) {
  let [opened, asked] = [0, 0];
  const server = await scriptedServer((exchange) => {
    if (!exchange.url.pathname.endsWith("/events")) return row(exchange, (asked += 1));
    opened += 1;
    streams[Math.min(opened, streams.length) - 1]?.(exchange);
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const client = createClient({ url: server.url, limits: { retries: 0 } });
  const options = { signal: stop.signal, limits: quick };
  return {
    server,
    session: (after = 0) => client.streamSession({ sessionId: SESSION, after, ...options }),
    feed: (reads?: (type: string) => boolean) =>
      client.streamFeed({ after: "a0", ...options, ...(reads === undefined ? {} : { reads }) }),
  };
}

async function readUntil<T extends SessionStreamItem | FeedItem>(
  stream: AsyncGenerator<T>,
  isLast: (item: T) => boolean,
): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) {
    items.push(item);
    if (isLast(item)) return items;
  }
  return items;
}

const seqOf = (item: SessionStreamItem) =>
  item.kind === "event" ? item.event.seq : item.kind === "unknown" ? item.seq : undefined;
const told = (items: SessionStreamItem[]) =>
  items.flatMap((item) =>
    item.kind === "event" || item.kind === "unknown" || item.kind === "reset"
      ? [`${item.kind} ${seqOf(item) ?? item.kind}`]
      : [],
  );

/** A todo event that only names its row. */
const named = (seq: number) => todo(seq, seq - 1, { data: { tooLarge: true } });
const todos = [{ content: "whole", status: "pending", priority: "low" }];
const row = (exchange: Exchange) => sendJson(exchange, 200, { items: todos, seq: 9 });
const long = (id: string, length = TOO_LONG) =>
  `id: ${id}\nevent: todo.updated\ndata: ${"x".repeat(length)}\n\n`;
const feedOf = (id: string, frame: string) =>
  frame.replace(/^id: .*/, `id: ${id}`).replace(/"prev":\d+,/, "");

describe("an event that only names its row", () => {
  test("[D-4] comes with the row, in its place", async () => {
    const on = await serve(row, (exchange) =>
      sendFrames(exchange, hello(3), todo(1), named(2), todo(3), control("caught-up")),
    );
    const items = await readUntil(on.session(), (item) => item.kind === "caught-up");
    expect(told(items)).toEqual(["event 1", "event 2", "event 3"]);
    expect(items.find((item) => seqOf(item) === 2)).toMatchObject({ event: { data: { todos } } });
    expect(on.server.seen.map(({ url }) => url.pathname)).toContain(`/api/sessions/${SESSION}/todos`);
  });

  test.each<[string, (exchange: Exchange) => void]>([
    ["is gone", (exchange) => sendJson(exchange, 404, problem(404, "NOT_FOUND"))],
    ["breaks the server", (exchange) => sendJson(exchange, 500, problem(500, "INTERNAL"))],
    ["is none of ours", (exchange) => sendJson(exchange, 200, { nonsense: true })],
  ])("[D-4] whose row %s keeps nobody from the events behind it", async (_name, refuse) => {
    const stream = (exchange: Exchange) =>
      sendFrames(exchange, hello(3), named(2), todo(3), control("caught-up"));
    const session = await serve(refuse, stream);
    const items = await readUntil(session.session(1), (item) => item.kind === "caught-up");
    expect(told(items)).toEqual(["unknown 2", "event 3"]);
    const feed = await serve(refuse, (exchange) =>
      sendFrames(
        exchange,
        control("hello", { storeId: "s", lastId: "a3" }),
        feedOf("a2", named(2)),
        feedOf("a3", todo(3)),
      ),
    );
    const heard = await readUntil(feed.feed(), (item) => item.kind === "event");
    expect(heard.at(-1)).toMatchObject({ kind: "event", id: "a3" });
  });

  test("[D-4, D-22] is read again when the server cannot now, and comes once", async () => {
    const on = await serve(
      (exchange, asked) =>
        asked === 1 ? sendJson(exchange, 503, problem(503, "STORAGE_UNAVAILABLE")) : row(exchange),
      (exchange) => sendFrames(exchange, hello(2), todo(1), named(2)),
      (exchange) => sendFrames(exchange, hello(2), named(2), control("caught-up")),
    );
    const items = await readUntil(on.session(), (item) => item.kind === "caught-up");
    expect(told(items)).toEqual(["event 1", "event 2"]);
    expect(on.server.seen.at(-2)?.url.searchParams.get("after")).toBe("1");
  });

  test("[D-4] of a type that the reader of a feed does not want is left as it is", async () => {
    const on = await serve(row, (exchange) =>
      sendFrames(
        exchange,
        control("hello", { storeId: "s", lastId: "a2" }),
        feedOf("a1", named(1)),
        feedOf("a2", todo(2)),
      ),
    );
    const items = await readUntil(
      on.feed(() => false),
      (item) => item.kind === "event" && item.id === "a2",
    );
    expect(items[1]).toMatchObject({ kind: "event", id: "a1", event: { data: { tooLarge: true } } });
    expect(on.server.seen.length).toBe(1);
  });
});

describe("a frame that is too long", () => {
  test("[D-4] is passed over: the reader is told to read again, and hears what follows", async () => {
    const session = await serve(row, (exchange) =>
      sendFrames(exchange, hello(3), todo(1), long("2"), todo(3)),
    );
    const items = await readUntil(session.session(), (item) => seqOf(item) === 3);
    expect(told(items)).toEqual(["event 1", "reset reset", "event 3"]);
    expect(items.find(({ kind }) => kind === "reset")).toMatchObject({ reason: "tooLong", lastSeq: 2 });
    expect(session.server.seen.length).toBe(1);
    const feed = await serve(row, (exchange) =>
      sendFrames(
        exchange,
        control("hello", { storeId: "s", lastId: "a3" }),
        long("a2"),
        feedOf("a3", todo(3)),
      ),
    );
    const heard = await readUntil(feed.feed(), (item) => item.kind === "event");
    expect(heard.map(({ kind }) => kind)).toEqual(["hello", "reset", "event"]);
  });

  test("[I-5] that names no place ends the stream, and is not asked for again", async () => {
    const on = await serve(row, (exchange) =>
      sendFrames(exchange, hello(3), `data: ${"x".repeat(TOO_LONG)}\n\n`),
    );
    await expect(readUntil(on.session(), () => false)).rejects.toThrow(HoldfastContractError);
    expect(on.server.seen.length).toBe(1);
  });

  test("[D-4] however it is cut into pieces, every frame comes once and in its place", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = [todo(1), long("2"), todo(3), long("4"), todo(5)].join("").replaceAll("\n", end);
      for (const size of [1_021, text.length]) {
        const frames = new FrameReader();
        const got = [];
        for (let at = 0; at < text.length; at += size) got.push(...frames.feed(text.slice(at, at + size)));
        expect(got.map(({ id, isTooLong }) => `${id}${isTooLong === true ? " too long" : ""}`)).toEqual([
          "1",
          "2 too long",
          "3",
          "4 too long",
          "5",
        ]);
      }
    }
  });

  test("[D-4] without an end is given up", () => {
    const frames = new FrameReader();
    frames.feed(long("2").trimEnd());
    const piece = "x".repeat(16 * 1024 * 1024);
    const feedFor = (pieces: number) => {
      for (let left = pieces; left > 0; left -= 1) frames.feed(piece);
    };
    expect(() => feedFor(100)).toThrow(HoldfastContractError);
  });
});

test("[I-5] a stream that breaks at the same place again and again is called broken", async () => {
  const on = await serve(row, (exchange) => {
    sendFrames(exchange, hello(3));
    exchange.response.end();
  });
  const items: SessionStreamItem[] = [];
  const reading = (async () => {
    for await (const item of on.session()) items.push(item);
  })();
  await expect(reading).rejects.toThrow(HoldfastContractError);
  expect(on.server.seen.length).toBe(8);
  expect(items.filter(({ kind }) => kind === "disconnected").length).toBe(7);
});
