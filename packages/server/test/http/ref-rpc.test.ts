/** Refs on a session over capnweb, with capnweb's own clients on a real server. */
import type {
  Admitted,
  CreatedRef,
  MessageList,
  RefAudit,
  Right,
  Session,
  SessionId,
} from "@holdfast/protocol";
import { newHttpBatchRpcSession, newWebSocketRpcSession, type RpcStub } from "capnweb";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

type Chunk = { id?: string; event: string; data: Record<string, unknown> };
type Stub = {
  rights: Right[];
  epoch: number;
  readSession(args: object): Session;
  readMessages(args: object): MessageList;
  prompt(args: object, more?: { opId: string }): Admitted;
  attenuate(args: object): CreatedRef;
  revoke(args: object): unknown;
  readAudit(args: object): RefAudit;
  subscribe(after?: number): ReadableStream<Chunk>;
};
type Main = { redeem(secret: string): Stub };

let server: ServerUnderTest;
let id: SessionId;
beforeAll(async () => {
  server = await ServerUnderTest.start();
});
beforeEach(async () => {
  id = await server.createSession();
});
afterAll(() => server[Symbol.asyncDispose]());

const make = async (rights: Right[], more: object = {}): Promise<CreatedRef & { secret: string }> => {
  const body = { target: { kind: "session", id }, rights, ...more };
  const made = await server.call<CreatedRef>("POST", "/api/refs", body, 201);
  return { ...made, secret: made.secret ?? "" };
};
const address = () => `${server.url}/api/rpc`;
const batch = () => newHttpBatchRpcSession<Main>(address());
const overSocket = () => newWebSocketRpcSession<Main>(address().replace("http", "ws"));
const over = (connection: RpcStub<Main>) =>
  new Promise<string>((resolve) => connection.onRpcBroken((error) => resolve(String(error))));

describe.each<[string, () => RpcStub<Main>]>([
  ["HTTP batch", batch],
  ["WebSocket", overSocket],
])("a ref on a session over %s", (_name, connect) => {
  test("[I-20, S-15] is redeemed and used in one message, and answers what REST answers", async () => {
    const { secret } = await make(["prompt"]);
    using main = connect();
    const stub = main.redeem(secret);
    const [rights, session, admitted] = await Promise.all([
      stub.rights,
      stub.readSession({ sessionId: id }),
      stub.prompt({ sessionId: id, parts: [{ type: "text", text: "hello" }] }),
    ]);
    expect(rights).toEqual(["read", "prompt"]);
    expect(session).toMatchObject({ id });
    expect(admitted.input.actor).toMatchObject({ kind: "ref" });
  });

  test("[S-27] the same operation id admits an input once", async () => {
    const { secret } = await make(["prompt"]);
    using main = connect();
    const stub = main.redeem(secret);
    const args = { sessionId: id, parts: [{ type: "text", text: "once" }] };
    const [first, second] = await Promise.all([
      stub.prompt(args, { opId: `op-${id}-${_name}` }),
      stub.prompt(args, { opId: `op-${id}-${_name}` }),
    ]);
    expect(second.input.id).toBe(first.input.id);
  });

  test("[S-14, S-15] a right that the ref lacks, another session and a secret that is none are refused with the codes of REST", async () => {
    const { secret } = await make(["read"]);
    const other = await server.createSession();
    using main = connect();
    const stub = main.redeem(secret);
    const outcomes = await Promise.allSettled([
      stub.prompt({ sessionId: id, parts: [{ type: "text", text: "no" }] }),
      stub.readSession({ sessionId: other }),
      stub.readSession({ sessionId: "nonsense" }),
      main.redeem("hfs_nonsense").readSession({ sessionId: id }),
    ]);
    expect(outcomes.map((outcome) => (outcome as { reason?: { code?: string } }).reason?.code)).toEqual([
      "FORBIDDEN",
      "NOT_FOUND",
      "INVALID_REQUEST",
      "REF_NOT_VALID",
    ]);
  });
});

describe("a live ref", () => {
  test("[S-11, S-15] follows its session, and a revoked parent ends a silent grandchild, its stub and its stream", async () => {
    const parent = await make(["read", "share"]);
    using top = overSocket();
    const child = await top
      .redeem(parent.secret)
      .attenuate({ parentId: parent.ref.id, rights: ["read", "share"] });
    const grandchild = await top
      .redeem(child.secret ?? "")
      .attenuate({ parentId: child.ref.id, rights: ["read"] });
    using main = overSocket();
    const stub = main.redeem(grandchild.secret ?? "");
    const reader = (await stub.subscribe(0)).getReader();
    expect((await reader.read()).value).toMatchObject({ event: "hello" });
    expect((await reader.read()).value).toMatchObject({
      id: "1",
      event: "session.created",
      data: { seq: 1, sessionId: id },
    });
    expect((await reader.read()).value).toMatchObject({ event: "caught-up" });
    await server.call("PATCH", `/api/sessions/${id}`, { title: "Seen" });
    expect((await reader.read()).value).toMatchObject({
      event: "session.updated",
      data: { data: { session: { title: "Seen" } } },
    });
    const [end, rest] = [over(main), reader.read()];
    await server.call("POST", `/api/refs/${parent.ref.id}/revoke`, {}, 200);
    await expect(rest).rejects.toBeInstanceOf(Error);
    expect(await end).toContain("does not work any more");
  });

  test("[S-15] ends with its time, when nobody asks it anything", async () => {
    const { secret } = await make(["read"], { expiresAt: Date.now() + 1_500 });
    using main = overSocket();
    await main.redeem(secret).readSession({ sessionId: id });
    expect(await over(main)).toContain("does not work any more");
  });

  test("[S-16] what it read is in the audit", async () => {
    const { ref, secret } = await make(["read"]);
    await batch().redeem(secret).readMessages({ sessionId: id });
    await vi.waitFor(async () => {
      const audit = await server.call<RefAudit>("GET", `/api/refs/${ref.id}/audit`);
      expect(audit.items).toContainEqual(expect.objectContaining({ refId: ref.id }));
    });
  });

  test("[S-11] a batch gives no live view", async () => {
    const { secret } = await make(["read"]);
    const [outcome] = await Promise.allSettled([batch().redeem(secret).subscribe()]);
    expect(outcome).toMatchObject({ reason: { code: "LIVE_NEEDS_STREAM" } });
  });

  test("[I-6] another origin's page and another host get no connection", async () => {
    const { WebSocket: Socket } = await import("ws");
    const tried = async (headers: Record<string, string>): Promise<number> => {
      const socket = new Socket(address().replace("http", "ws"), { headers });
      return new Promise((resolve) => {
        socket.once("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
        socket.once("open", () => resolve(101));
        socket.once("error", () => resolve(0));
      }).then((status) => (socket.terminate(), status as number));
    };
    expect(await tried({ origin: "http://evil.example" })).toBe(403);
    expect(await tried({ host: "evil.example" })).toBe(403);
    expect(await tried({})).toBe(101);
  });
});
