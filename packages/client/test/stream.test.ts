import {
  createClient,
  HoldfastApiError,
  HoldfastContractError,
  type SessionStreamItem,
} from "@holdfast/client";
import { describe, expect, onTestFinished, test } from "vitest";
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

/** Only what waits for a limit has a short one: on a busy machine an answer takes as long. */
const quick = {
  connectTimeoutMs: 30_000,
  silenceMs: 30_000,
  retryBaseMs: 5,
  retryCapMs: 20,
  steadyMs: 60_000,
};
const SHORT_MS = 1_500;

type Options = { after?: number; storeId?: string };
type Limits = Partial<typeof quick>;

function listen(url: string, options: Options = {}, own: Limits = {}) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const client = createClient({ url, token: "secret" });
  const limits = { ...quick, ...own };
  const stream = client.streamSession({ sessionId: "ses_1", signal: stop.signal, limits, ...options });
  return { stream, stop };
}

/** Reads until an item answers the question; the test's own time limit is the deadline. */
async function readUntil(
  stream: AsyncGenerator<SessionStreamItem>,
  isLast: (item: SessionStreamItem) => boolean,
) {
  const items: SessionStreamItem[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return items;
    items.push(next.value);
    if (isLast(next.value)) return items;
  }
}

const isEvent = (seq: number) => (item: SessionStreamItem) => item.kind === "event" && item.event.seq === seq;
const seqs = (items: SessionStreamItem[]) =>
  items.flatMap((item) => (item.kind === "event" ? [item.event.seq] : []));
const kinds = (items: SessionStreamItem[]) => items.map((item) => item.kind);
const askedFor = (exchange: Exchange | undefined) => ({
  last: exchange?.request.headers["last-event-id"],
  after: exchange?.url.searchParams.get("after"),
  store: exchange?.url.searchParams.get("store"),
});

describe("[D-22] a stream that is cut goes on where it was", () => {
  test("[D-22] a cut in the middle of a frame loses and doubles nothing", async () => {
    const whole = hello(3) + todo(1) + todo(2) + todo(3) + control("caught-up");
    const bytes = Buffer.from(whole);
    for (const cut of [5, 60, bytes.indexOf("\u{1f44b}") + 2, bytes.length - 45]) {
      const server = await scriptedServer(
        ({ response }) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write(bytes.subarray(0, cut), () => response.destroy());
        },
        (exchange) => {
          const after = Number(exchange.url.searchParams.get("after"));
          sendFrames(exchange, hello(3), ...[1, 2, 3].filter((seq) => seq > after).map((seq) => todo(seq)));
        },
      );
      const items = await readUntil(listen(server.url, { after: 0 }).stream, isEvent(3));
      expect(seqs(items)).toEqual([1, 2, 3]);
      expect(server.seen.length).toBe(2);
    }
  });

  test("[D-22] characters that a chunk cuts are whole", async () => {
    const bytes = Buffer.from(hello(0) + todo(1));
    const server = await scriptedServer(({ response }) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const middle = bytes.indexOf("\u{1f44b}") + 2;
      response.write(bytes.subarray(0, middle), () => response.write(bytes.subarray(middle)));
    });
    const items = await readUntil(listen(server.url, { after: 0 }).stream, isEvent(1));
    expect(items.at(-1)).toMatchObject({ event: { data: { todos: [{ content: "n1 \u{1f44b}" }] } } });
  });

  test("[D-22] it names the last event twice, as header and as query, and its store", async () => {
    const server = await scriptedServer(
      (exchange) => {
        sendFrames(exchange, hello(7), control("caught-up"), todo(8));
        exchange.response.end();
      },
      (exchange) => sendFrames(exchange, hello(9), todo(9)),
    );
    const items = await readUntil(listen(server.url).stream, isEvent(9));
    expect(askedFor(server.seen[0])).toEqual({ last: undefined, after: null, store: null });
    expect(askedFor(server.seen[1])).toEqual({ last: "8", after: "8", store: "store-1" });
    expect(server.seen[0]?.request.headers.authorization).toBe("Bearer secret");
    expect(kinds(items)).toEqual(["hello", "caught-up", "event", "disconnected", "hello", "event"]);
  });

  test("[D-22] from now means from the seq of the first hello, also when nothing came before the cut", async () => {
    const server = await scriptedServer(
      (exchange) => {
        sendFrames(exchange, hello(7), control("caught-up"));
        exchange.response.end();
      },
      (exchange) => sendFrames(exchange, hello(8), todo(8)),
    );
    expect(seqs(await readUntil(listen(server.url).stream, isEvent(8)))).toEqual([8]);
    expect(askedFor(server.seen[1]).after).toBe("7");
  });

  test("[I-5] 503, a refused connection and 429 are tried again; the first retry comes at once", async () => {
    const server = await scriptedServer(
      (exchange) => sendJson(exchange, 503, problem(503, "SHUTTING_DOWN")),
      (exchange) => exchange.response.destroy(),
      (exchange) => sendJson(exchange, 429, problem(429, "RATE_LIMITED")),
      (exchange) => sendFrames(exchange, hello(1), todo(1)),
    );
    const items = await readUntil(listen(server.url, { after: 0 }).stream, isEvent(1));
    const waits = items.flatMap((item) => (item.kind === "disconnected" ? [item] : []));
    expect(waits.map((item) => item.attempt)).toEqual([1, 2, 3]);
    expect(waits[0]?.retryInMs).toBe(0);
    expect(waits[1]?.retryInMs).toBeGreaterThan(0);
  });

  test.each([
    [400, "CURSOR_INVALID"],
    [401, "UNAUTHENTICATED"],
    [404, "NOT_FOUND"],
  ])("[I-5] %i %s is final", async (status, code) => {
    const server = await scriptedServer((exchange) => sendJson(exchange, status, problem(status, code)));
    const failure = await readUntil(listen(server.url).stream, () => false).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HoldfastApiError);
    expect((failure as HoldfastApiError).code).toBe(code);
    expect(server.seen.length).toBe(1);
  });
});

describe("[D-23] control frames", () => {
  test("[D-23] a reset is surfaced, and the stream goes on from its seq", async () => {
    const server = await scriptedServer(
      (exchange) => {
        const state = ["/api/sessions/ses_1"];
        sendFrames(
          exchange,
          hello(40),
          control("reset", { reason: "retention", lastSeq: 40, state }),
          todo(41, 40),
        );
        exchange.response.end();
      },
      (exchange) => sendFrames(exchange, hello(42), todo(42)),
    );
    const items = await readUntil(listen(server.url, { after: 3 }).stream, isEvent(42));
    expect(items[1]).toEqual({
      kind: "reset",
      reason: "retention",
      lastSeq: 40,
      state: ["/api/sessions/ses_1"],
    });
    expect(seqs(items)).toEqual([41, 42]);
    expect(askedFor(server.seen[1]).after).toBe("41");
  });

  test("[D-23] another store is believed only once its reset was seen", async () => {
    const server = await scriptedServer(
      (exchange) => {
        sendFrames(exchange, hello(2, "store-2"));
        exchange.response.end();
      },
      (exchange) => {
        sendFrames(
          exchange,
          hello(2, "store-2"),
          control("reset", { reason: "store", lastSeq: 2, state: [] }),
        );
        exchange.response.end();
      },
      (exchange) => sendFrames(exchange, hello(3, "store-2"), todo(3)),
    );
    const items = await readUntil(listen(server.url, { after: 9, storeId: "store-1" }).stream, isEvent(3));
    expect(server.seen.map((exchange) => askedFor(exchange).store)).toEqual([
      "store-1",
      "store-1",
      "store-2",
    ]);
    expect(kinds(items)).toContain("reset");
  });

  test("[D-23] silence longer than three heartbeats is a dead connection", async () => {
    const server = await scriptedServer(
      (exchange) => sendFrames(exchange, hello(0), control("heartbeat")),
      (exchange) => sendFrames(exchange, hello(1), todo(1)),
    );
    const { stream } = listen(server.url, { after: 0 }, { silenceMs: SHORT_MS });
    const items = await readUntil(stream, isEvent(1));
    expect(kinds(items)).toEqual(["hello", "heartbeat", "disconnected", "hello", "event"]);
    expect(items[2]).toMatchObject({ error: { message: "The stream fell silent." } });
  });

  test("[I-5] a server that does not answer is left after the connect timeout", async () => {
    const server = await scriptedServer(
      () => undefined,
      (exchange) => sendFrames(exchange, hello(1), todo(1)),
    );
    const { stream } = listen(server.url, { after: 0 }, { connectTimeoutMs: SHORT_MS });
    const items = await readUntil(stream, isEvent(1));
    expect(items[0]).toMatchObject({
      kind: "disconnected",
      error: { message: "The server did not answer in time." },
    });
  });
});

describe("[D-3] completeness by prev", () => {
  test("[D-3] a hole that prev accounts for is no loss, and an event that was seen is not repeated", async () => {
    const server = await scriptedServer((exchange) =>
      sendFrames(exchange, hello(9), todo(2), todo(2), todo(1), todo(7, 2), todo(9, 6)),
    );
    const items = await readUntil(listen(server.url, { after: 1 }).stream, isEvent(9));
    expect(seqs(items)).toEqual([2, 7, 9]);
  });

  test("[D-3] loss is noticed, and the stream begins again from the last complete event", async () => {
    const server = await scriptedServer(
      (exchange) => sendFrames(exchange, hello(5), todo(1), todo(5, 4)),
      (exchange) => sendFrames(exchange, hello(5), todo(2), todo(5, 2)),
    );
    const items = await readUntil(listen(server.url, { after: 0 }).stream, isEvent(5));
    expect(items).toContainEqual({ kind: "loss", seq: 1, prev: 4 });
    expect(seqs(items)).toEqual([1, 2, 5]);
    expect(askedFor(server.seen[1]).after).toBe("1");
  });

  test("[D-3] loss at the same place again and again is an error, not a loop", async () => {
    const server = await scriptedServer((exchange) => sendFrames(exchange, hello(5), todo(5, 4)));
    const failure = await readUntil(listen(server.url, { after: 0 }).stream, () => false).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(HoldfastContractError);
    expect(server.seen.length).toBe(3);
  });
});

describe("[D-25] what is not understood is skipped", () => {
  test.each<[string, Record<string, unknown>]>([
    ["an unknown type", { type: "weather.changed" }],
    ["a newer version", { version: 2 }],
    ["data of another shape", { data: { todos: "none" } }],
  ])("[D-25] %s", async (_name, more) => {
    const server = await scriptedServer((exchange) =>
      sendFrames(exchange, hello(2), todo(1, 0, more), todo(2)),
    );
    const items = await readUntil(listen(server.url, { after: 0 }).stream, isEvent(2));
    expect(kinds(items)).toEqual(["hello", "unknown", "event"]);
    expect(items[1]).toMatchObject({ seq: 1 });
  });
});

describe("[D-26] the end", () => {
  test("[D-26] a deleted session ends its stream", async () => {
    const sessionId = `ses_${"0".repeat(26)}`;
    const server = await scriptedServer((exchange) =>
      sendFrames(exchange, hello(0), todo(1, 0, { type: "session.deleted", data: { sessionId } })),
    );
    const items = await readUntil(listen(server.url, { after: 0 }).stream, () => false);
    expect(kinds(items)).toEqual(["hello", "event"]);
  });

  test("[I-5] aborting ends the stream without an error and closes the connection", async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const server = await scriptedServer((exchange) => {
      exchange.response.on("close", closed);
      sendFrames(exchange, hello(1), todo(1));
    });
    const { stream, stop } = listen(server.url, { after: 0 });
    await readUntil(stream, isEvent(1));
    const rest = readUntil(stream, () => false);
    stop.abort();
    expect(await rest).toEqual([]);
    await gone;
  });

  test("[I-5] leaving the loop closes the connection", async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const server = await scriptedServer((exchange) => {
      exchange.response.on("close", closed);
      sendFrames(exchange, hello(1), todo(1));
    });
    for await (const item of listen(server.url, { after: 0 }).stream) if (item.kind === "event") break;
    await gone;
    expect(server.seen.length).toBe(1);
  });
});

describe("feeds of a workspace and of everything", () => {
  test("[D-22] they resume by their opaque id", async () => {
    const feed = (id: string, seq: number) =>
      todo(seq)
        .replace(/^id: .*/, `id: ${id}`)
        .replace(/"prev":\d+,/, "");
    const server = await scriptedServer(
      (exchange) => {
        sendFrames(
          exchange,
          control("hello", { storeId: "s", lastId: "a0" }),
          control("caught-up"),
          feed("a1", 5),
        );
        exchange.response.end();
      },
      (exchange) => sendFrames(exchange, control("hello", { storeId: "s", lastId: "a2" }), feed("a2", 1)),
    );
    const stop = new AbortController();
    const stream = createClient({ url: server.url }).streamFeed({
      workspaceId: "wsp_1",
      messages: false,
      signal: stop.signal,
      limits: quick,
    });
    const ids: string[] = [];
    for await (const item of stream) {
      if (item.kind === "event") ids.push(item.id);
      if (ids.length === 2) break;
    }
    stop.abort();
    expect(ids).toEqual(["a1", "a2"]);
    expect(server.seen.map((exchange) => exchange.url.pathname)).toEqual(
      Array(2).fill("/api/workspaces/wsp_1/events"),
    );
    expect(askedFor(server.seen[1])).toEqual({ last: "a1", after: "a1", store: "s" });
    expect(server.seen.map((exchange) => exchange.url.searchParams.get("messages"))).toEqual([
      "false",
      "false",
    ]);
  });
});
