/** The events of a share over a WebSocket and over capnweb, beside those over SSE. */
import { newWebSocketRpcSession } from "capnweb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { DistantPublisher, serve, type Served, WAYS } from "./served.ts";
import { session, world } from "./share-fixture.ts";

type Frame = { id?: string; event: string; data: Record<string, unknown> };

let served: Served;
let publisher: DistantPublisher;
beforeEach(async () => {
  const here = world();
  served = await serve(here);
  const [, connect] = WAYS[0] ?? [];
  if (connect === undefined) throw new Error("There is no way.");
  publisher = new DistantPublisher(here, connect(served.origin));
  await publisher.started(session());
});
afterEach(() => served[Symbol.asyncDispose]());

/** What a socket says, one after the other, and with which code it ends. */
function listen(first: object | string) {
  const url = `${served.origin.replace("http", "ws")}/api/shares/${publisher.shareId}/events`;
  const socket = new WebSocket(url);
  const frames: Frame[] = [];
  socket.on("open", () => socket.send(typeof first === "string" ? first : JSON.stringify(first)));
  socket.on("message", (data) => frames.push(JSON.parse((data as Buffer).toString()) as Frame));
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  return { frames, closed, socket };
}

describe("events over a WebSocket", () => {
  test("[S-11, I-5] are the frames of SSE, from a cursor on, and end with the ref", async () => {
    const reader = await publisher.link();
    const { frames, closed } = listen({ token: reader.secret, after: 0 });
    await expect.poll(() => frames.map(({ event }) => event)).toContain("caught-up");
    expect(frames[0]).toMatchObject({ event: "hello", data: { lastSeq: 1 } });
    expect(frames[1]).toMatchObject({
      id: "1",
      event: "session.updated",
      data: { seq: 1, type: "session.updated" },
    });
    await publisher.publish(session("Renamed"));
    await expect
      .poll(() => frames.at(-1))
      .toMatchObject({
        id: "2",
        data: { seq: 2, prev: 1, data: { session: { title: "Renamed" } } },
      });
    await publisher.call("revokeCapability", { refId: reader.refId }, publisher.owner.secret);
    expect(await closed).toBe(1008);
    expect(frames.at(-1)).toMatchObject({ event: "error", data: { code: "REF_NOT_VALID" } });
  });

  test.each<[string, object | string, string]>([
    ["a secret that is none", { token: "hfs_none" }, "REF_NOT_VALID"],
    ["no words", "nonsense", "INVALID_REQUEST"],
    ["other words", { hello: 1 }, "INVALID_REQUEST"],
    ["a cursor that is none", { token: "owner", after: "x" }, "CURSOR_INVALID"],
  ])("[S-11, I-6] %s is refused", async (_name, first, code) => {
    const words =
      typeof first === "object" && "after" in first ? { ...first, token: publisher.owner.secret } : first;
    const { frames, closed } = listen(words);
    expect(await closed).toBe(1008);
    expect(frames).toEqual([{ event: "error", data: expect.objectContaining({ code }) as unknown }]);
  });
});

describe("events over capnweb", () => {
  type Main = { redeem(secret: string): { subscribe(after: number): ReadableStream<Frame>; title: string } };

  test("[S-11, S-15] come as a stream of the same frames, and a revoked parent ends a silent grandchild's stream and stub", async () => {
    const parent = await publisher.link({ rights: ["read", "share"] });
    const child = await publisher.link({ rights: ["read"] }, parent);
    using main = newWebSocketRpcSession<Main>(`${served.origin.replace("http", "ws")}/api/rpc`);
    const broken = new Promise<string>((resolve) => main.onRpcBroken((error) => resolve(String(error))));
    const stub = main.redeem(child.secret);
    expect(await stub.title).toBe("A session");
    const stream = (await stub.subscribe(0)).getReader();
    const next = async () => (await stream.read()).value;
    expect(await next()).toMatchObject({ event: "hello" });
    expect(await next()).toMatchObject({ id: "1", event: "session.updated" });
    expect(await next()).toMatchObject({ event: "caught-up" });
    const rest = stream.read();
    await publisher.call("revokeCapability", { refId: parent.refId }, publisher.owner.secret);
    await expect(rest).rejects.toMatchObject({ code: "REF_NOT_VALID" });
    expect(await broken).toContain("does not work any more");
  });
});
