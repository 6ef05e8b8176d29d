import { connect, type Socket } from "node:net";
import type { SessionId } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { QUEUE_BYTES } from "../../src/events/index.ts";
import type { Frame } from "../events/recording-sink.ts";
import { ServerUnderTest, TOKEN } from "./server-under-test.ts";
import { StreamReader } from "./stream-reader.ts";

describe("event streams over HTTP", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  beforeEach(async () => {
    server = await ServerUnderTest.start();
    id = await server.createSession();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const rename = (title: string) => server.call("PATCH", `/api/sessions/${id}`, { title });

  test("[D-22] a stream replays from its cursor and goes on live, and Last-Event-ID wins over after", async () => {
    await rename("one");
    const reader = await StreamReader.open(server, `/api/sessions/${id}/events?after=0`, {
      "last-event-id": "1",
    });
    expect(reader.response.headers.get("content-type")).toContain("text/event-stream");
    expect(reader.response.headers.get("x-content-type-options")).toBe("nosniff");
    await reader.until("caught-up");
    await rename("two");
    await vi.waitFor(() => expect(reader.seqs).toEqual([2, 3]));
    expect(reader.frames[0]).toEqual({ event: "hello", data: { storeId: server.store.storeId, lastSeq: 2 } });
    expect(reader.frames.at(-1)?.data).toMatchObject({ prev: 2, type: "session.updated", sessionId: id });
    reader.leave();
    await vi.waitFor(() => expect(server.events.count()).toBe(0));
  });

  test("[D-23] the store of another server's cursor resets, a malformed one is 400, an unknown session 404", async () => {
    const reader = await StreamReader.open(server, `/api/sessions/${id}/events?after=1&store=other`);
    await reader.until("reset");
    expect(reader.frames[1]?.data).toMatchObject({ reason: "store", lastSeq: 1 });
    const bad = await server.fetch(`/api/sessions/${id}/events?after=abc`);
    expect([bad.status, (await bad.json()) as object]).toMatchObject([400, { code: "CURSOR_INVALID" }]);
    const unknown = await server.fetch(`/api/sessions/${id.slice(0, -3)}000/events`);
    expect([unknown.status, (await unknown.json()) as object]).toMatchObject([404, { code: "NOT_FOUND" }]);
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
  });

  test("[D-22] the feed of everything and of a workspace go on by an opaque id", async () => {
    const all = await StreamReader.open(server, "/api/events?after=0");
    await all.until("caught-up");
    const created = all.frames.find((frame) => frame.event === "session.created");
    // Readers keep cursors over releases.
    const plain = Buffer.from(created?.id ?? "", "base64url").toString();
    expect(plain.replace(server.store.storeId.slice(0, 8), "store")).toMatch(/^store\.\d+$/);
    const { workspaceId } = await server.sessions.get(id);
    const path = `/api/workspaces/${workspaceId}/events?after=${created?.id ?? ""}`;
    const workspace = await StreamReader.open(server, path);
    await rename("again");
    await workspace.until("session.updated");
    expect(workspace.seqs).toEqual([2]);
    expect(workspace.frames[0]?.data).toHaveProperty("lastId");
  });

  test("[D-22, D-24] a feed without messages tells the rest, with cursors that hold for the whole feed", async () => {
    const { workspaceId } = await server.sessions.get(id);
    const paths = ["/api/events", `/api/workspaces/${workspaceId}/events`];
    const quiet = await Promise.all(
      paths.map((path) => StreamReader.open(server, `${path}?messages=false&after=0`)),
    );
    const whole = await StreamReader.open(server, "/api/events?after=0");
    for (const reader of [...quiet, whole]) await reader.until("caught-up");
    await server.call("POST", `/api/sessions/${id}/inputs`, { parts: [{ type: "text", text: "go" }] });
    await server.startTurn(id);
    await rename("the end");
    const isQuiet = ({ event }: Frame): boolean => !/^(message|step)\./.test(event);
    const isEnd = ({ data }: Frame): boolean => JSON.stringify(data).includes("the end");
    const told = ({ frames }: StreamReader): Frame[] => frames.filter((frame) => frame.id !== undefined);
    for (const reader of [...quiet, whole]) await vi.waitUntil(() => reader.frames.some(isEnd));
    for (const reader of quiet) expect(told(reader)).toEqual(told(whole).filter(isQuiet));
    expect(told(whole).every(isQuiet)).toBe(false);

    const started = told(whole).find(({ event }) => event === "turn.started");
    const again = `/api/events?after=${started?.id ?? ""}`;
    const replays = await Promise.all(
      ["", "&messages=true", "&messages=false"].map((filter) => StreamReader.open(server, again + filter)),
    );
    for (const reader of replays) await reader.until("caught-up");
    const [all, alike, few] = replays.map(told);
    expect(alike).toEqual(all);
    expect(few).toEqual(all?.filter(isQuiet));
    const refused = await server.fetch("/api/events?messages=some");
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "INVALID_REQUEST" }]);
  });

  test("[D-22] deleting a session is the last frame of its stream", async () => {
    const reader = await StreamReader.open(server, `/api/sessions/${id}/events`);
    await reader.until("caught-up");
    await server.call("DELETE", `/api/sessions/${id}`);
    await vi.waitFor(() => expect(reader.isOver).toBe(true));
    expect(reader.frames.at(-1)?.event).toBe("session.deleted");
  });

  test("[I-6] revoking a browser token ends what it has open", async () => {
    const { code } = await server.call<{ code: string }>("POST", "/api/auth/codes");
    const exchange = await fetch(`${server.url}/api/auth/browser`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    const { token } = (await exchange.json()) as { token: string };
    const reader = await StreamReader.open(server, "/api/events", { authorization: `Bearer ${token}` });
    await reader.until("caught-up");
    const { items } = await server.call<{ items: { id: string }[] }>("GET", "/api/auth/tokens");
    await server.call("DELETE", `/api/auth/tokens/${items[0]?.id}`);
    await vi.waitFor(() => expect(reader.isOver).toBe(true));
  });

  test("[D-21] closing the server ends every stream and leaves nothing open", async () => {
    const readers = await Promise.all([1, 2, 3].map(() => StreamReader.open(server, "/api/events")));
    await Promise.all(readers.map((reader) => reader.until("caught-up")));
    await server.close();
    await vi.waitFor(() => expect(readers.every((reader) => reader.isOver)).toBe(true));
    expect(server.events.count()).toBe(0);
    await expect(fetch(`${server.url}/api/health`)).rejects.toThrow("fetch failed");
  });

  test("[D-21] closing the server answers who waits for a turn, and does not wait for the turn", async () => {
    const waiting = server.fetch(`/api/sessions/${id}/inputs?wait=true`, {
      method: "POST",
      json: { parts: [{ type: "text", text: "go" }] },
    });
    await vi.waitUntil(() => server.turns.woken.includes(id));
    // The turn never ends.
    await server.close();
    const response = await waiting;
    expect([response.status, (await response.json()) as object]).toMatchObject([
      202,
      { turn: { state: "queued" } },
    ]);
  });

  test("[D-24] a reader that never reads is cut, and neither the writer nor another reader waits for it", async () => {
    const stalled = await openStalled(server.port, `/api/sessions/${id}/events`);
    const reader = await StreamReader.open(server, `/api/sessions/${id}/events`);
    await reader.until("caught-up");
    await server.call("POST", `/api/sessions/${id}/inputs`, { parts: [{ type: "text", text: "go" }] });
    const started = await server.startTurn(id);
    const todo = { content: "x".repeat(200_000), status: "pending", priority: "low" } as const;
    let sent = 0;
    const limit = QUEUE_BYTES * 8;
    while (server.events.count() === 2 && sent < limit) {
      await server.store.appendProgress({
        sessionId: id,
        turnId: started.turn.id,
        epoch: started.epoch,
        ops: [{ op: "todos", todos: [todo] }],
      });
      sent += todo.content.length;
    }
    expect(server.events.count()).toBe(1);
    const last = await server.store.lastSeq(id);
    await vi.waitFor(() => expect(reader.seqs.at(-1)).toBe(last));
    stalled.destroy();
  });
});

/** A connection that asks for a stream and then reads nothing of it. */
function openStalled(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`,
      );
      socket.once("readable", () => resolve(socket));
    });
    socket.on("error", reject);
  });
}
