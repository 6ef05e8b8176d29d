/** The doors with capnweb's own clients, the real thread and a real server. */
import { newHttpBatchRpcSession, newWebSocketRpcSession, type RpcStub } from "capnweb";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket as Socket } from "ws";
import { type CounterServer, startCounter } from "./counter.ts";

type Stub = {
  name: string;
  tags: unknown[];
  add(by: number): number;
  echo(value: unknown): unknown;
  fail(how?: string): string;
  hang(): void;
  watch(): ReadableStream<{ n: number }>;
};
type Main = { redeem(name: string): Stub };

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const batch = () => newHttpBatchRpcSession<Main>(server.url);
const overSocket = () => newWebSocketRpcSession<Main>(server.url.replace("http", "ws"));

describe.each<[string, () => RpcStub<Main>]>([
  ["HTTP batch", batch],
  ["WebSocket", overSocket],
])("capnweb over %s", (_name, connect) => {
  test("[S-12, I-20] calls on a redeemed stub go out with the redemption, in one message each", async () => {
    using main = connect();
    const stub = main.redeem("one");
    const [first, second, name, tags] = await Promise.all([stub.add(1), stub.add(2), stub.name, stub.tags]);
    expect(second - first).toBe(2);
    expect(name).toBe("one");
    expect(tags).toEqual(["a", ["b"]]);
  });

  test("[S-12] values come through as they are", async () => {
    using main = connect();
    const value = { a: [1, [2, []], { b: null }], t: ["promise", 1], s: "\u0000\n\u{1F600}" };
    expect(await main.redeem("one").echo(value)).toEqual(value);
  });

  test("[S-12] the result of a call is an argument of another", async () => {
    using main = connect();
    const stub = main.redeem("one");
    expect(await stub.echo(stub.echo({ x: 3 }))).toEqual({ x: 3 });
  });

  test("[S-12, I-3] an error has its code and its problem document, and shows nothing of what broke", async () => {
    using main = connect();
    const stub = main.redeem("one");
    const [refused, broken, notThere, stranger] = await Promise.allSettled([
      stub.fail(),
      stub.fail("bug"),
      main.redeem("reader").add(1),
      main.redeem("nobody").add(1),
    ]);
    expect(refused).toMatchObject({ reason: { code: "SEQ_GAP", problem: { status: 409, expected: 7 } } });
    expect(broken).toMatchObject({ reason: { code: "INTERNAL", problem: { status: 500 } } });
    expect(JSON.stringify(broken)).not.toContain("secret");
    expect(String((broken as PromiseRejectedResult).reason)).not.toContain("secret");
    expect(notThere).toMatchObject({ reason: { code: "FORBIDDEN" } });
    expect(stranger).toMatchObject({ reason: { code: "REF_NOT_VALID" } });
  });

  test("[S-12] arguments are plain JSON", async () => {
    using main = connect();
    const outcome = await Promise.allSettled([main.redeem("one").echo(new Date())]);
    expect(outcome[0]).toMatchObject({ reason: { code: "INVALID_REQUEST" } });
  });
});

describe("a batch", () => {
  test("[S-29] drops what it held when it is answered", async () => {
    await batch().redeem("of a batch").add(1);
    await vi.waitFor(() => expect(server.dropped).toContain("of a batch"));
  });

  test("[S-11] gives no live view", async () => {
    // The promise stands for a stub, which `expect` would read.
    const [outcome] = await Promise.allSettled([batch().redeem("one").watch()]);
    expect(outcome).toMatchObject({ reason: { code: "LIVE_NEEDS_STREAM" } });
  });

  test.each<[string, number, string, RequestInit]>([
    ["no post", 404, "NOT_FOUND", { method: "GET" }],
    ["another type", 415, "UNSUPPORTED_TYPE", { headers: { "content-type": "application/xml" }, body: "" }],
    ["no JSON", 400, "INVALID_REQUEST", { body: "hello" }],
    [
      "a map",
      400,
      "INVALID_REQUEST",
      { body: '["push",["remap",0,[],[],[["pipeline",0,["redeem"],["one"]]]]]' },
    ],
    [
      "a method that is not here",
      400,
      "INVALID_REQUEST",
      { body: '["push",["pipeline",0,["constructor"],[]]]' },
    ],
    ["too many messages", 400, "INVALID_REQUEST", { body: '["push",["pipeline",0,["a"]]]\n'.repeat(300) }],
    [
      "too many calls",
      400,
      "INVALID_REQUEST",
      { body: Array.from({ length: 65 }, () => '["push",["pipeline",0,["redeem"],["one"]]]').join("\n") },
    ],
    ["too many bytes", 413, "TOO_LARGE", { body: "x".repeat(4 * 1024 * 1024 + 1) }],
    ["an end", 400, "INVALID_REQUEST", { body: '["abort",["error","Error","x"]]' }],
  ])("[S-12] %s is refused with %i", async (_name, status, code, init) => {
    const before = server.calls.length;
    const response = await fetch(server.url, { method: "POST", ...init });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(server.calls).toHaveLength(before);
  });

  test("[S-12] no messages are answered by none", async () => {
    const response = await fetch(server.url, { method: "POST", body: "" });
    expect(await response.text()).toBe("");
  });
});

describe("a connection", () => {
  test("[S-11] a live view comes as a stream, goes on, and ends", async () => {
    using main = overSocket();
    const reader = (await main.redeem("one").watch()).getReader();
    expect(await reader.read()).toMatchObject({ value: { n: 1 } });
    expect(await reader.read()).toMatchObject({ value: { n: 2 } });
    const live = server.live.at(-1);
    live?.push(['{"n":3}']);
    expect(await reader.read()).toMatchObject({ value: { n: 3 } });
    await vi.waitFor(() => expect(live?.backlog()).toBe(0));
    live?.end();
    expect(await reader.read()).toMatchObject({ done: true });
  });

  test("[S-11, S-15] a view whose ref ended fails with its code", async () => {
    using main = overSocket();
    const reader = (await main.redeem("one").watch()).getReader();
    await reader.read();
    await reader.read();
    const { HoldfastError } = await import("@holdfast/kernel");
    server.live.at(-1)?.end(new HoldfastError("REF_NOT_VALID", "This ref does not work."));
    await expect(reader.read()).rejects.toMatchObject({ code: "REF_NOT_VALID" });
  });

  test("[S-29] what a connection held is dropped when it is gone, its streams too", async () => {
    const main = overSocket();
    await main.redeem("first held").add(1);
    const other = main.redeem("other held");
    await (await other.watch()).getReader().read();
    const live = server.live.at(-1);
    let hasLeft = false;
    live?.onLeave(() => (hasLeft = true));
    main[Symbol.dispose]();
    await vi.waitFor(() => expect(hasLeft).toBe(true));
    await vi.waitFor(() =>
      expect(server.dropped).toEqual(expect.arrayContaining(["first held", "other held"])),
    );
  });

  test("[S-15] a silent connection ends once all that it held has ended", async () => {
    const main = overSocket();
    await main.redeem("one").add(1);
    const broken = new Promise((resolve) => main.onRpcBroken(resolve));
    server.end();
    expect(String(await broken)).toContain("does not work any more");
  });

  const raw = async (...texts: (string | Buffer)[]): Promise<number> => {
    const socket = new Socket(server.url.replace("http", "ws"));
    await new Promise((resolve) => socket.once("open", resolve));
    for (const text of texts) socket.send(text);
    return new Promise((resolve) => socket.once("close", resolve));
  };

  test("[S-12] what may not be said ends the connection", async () => {
    expect(await raw('["push",["remap",0,[],[],[]]]')).toBe(1008);
    expect(await raw("nonsense")).toBe(1008);
    expect(await raw(Buffer.from([1, 2, 3]))).toBe(1003);
    expect(await raw("x".repeat(1024 * 1024 + 1))).toBe(1009);
    expect(await raw('["release",-5,1]')).toBe(1011);
  });

  test("[S-12] more calls than may run at once end the connection", async () => {
    const redeem = '["push",["pipeline",0,["redeem"],["one"]]]';
    const hang = '["push",["pipeline",1,["hang"],[]]]';
    expect(await raw(redeem, ...Array.from({ length: 65 }, () => hang))).toBe(1008);
  });

  test("[S-12] so many results are held at once and no more", async () => {
    const read = '["push",["pipeline",0,["name"]]]';
    expect(await raw(...Array.from({ length: 257 }, () => read))).toBe(1008);
  });
});
