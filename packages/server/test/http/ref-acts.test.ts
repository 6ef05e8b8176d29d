import { mkdir, symlink } from "node:fs/promises";
import { newId, newRefSecret } from "@holdfast/kernel";
import type { Admitted, Message, Permission, RefAudit, SessionComment, SessionId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RefHolders, text } from "./ref-holder.ts";
import { ServerUnderTest } from "./server-under-test.ts";

describe("what is done through refs", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
  });
  beforeEach(async () => {
    id = await server.createSession();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const { make, as, inputs } = new RefHolders(
    () => server,
    () => id,
  );

  test("[S-14] a ref with prompt gives the session's agent text, as itself, and nothing that is more than text", async () => {
    const { ref, secret } = await make(["prompt"], { label: "Ada" });
    const admitted = await as<Admitted>(secret, "POST", inputs(), text("please"));
    expect(admitted.status).toBe(202);
    const actor = { id: ref.id, kind: "ref", label: "Ada" };
    expect(admitted.body).toMatchObject({ input: { actor, delivery: "queue" }, turn: { actor } });
    const { secret: next } = await make(["prompt"]);
    const png = { type: "file", mime: "image/png", url: "data:image/png;base64,AAAA", filename: "a.png" };
    const withFile = await as<Admitted>(next, "POST", inputs(), { parts: [png] });
    expect(withFile.body.input.parts).toMatchObject([
      { type: "file", url: expect.stringMatching(/^blob:/) as string },
    ]);
  });

  test.each<[string, object]>([
    ["a slash command", text("/init")],
    ["a shell command", text("  !rm -rf /")],
    ["a block of this server's own", text("a <holdfast-handoff>x</holdfast-handoff>")],
    ["a path", { parts: [{ type: "file", mime: "text/plain", url: "/etc/passwd" }] }],
    ["a file: reference", { parts: [{ type: "file", mime: "text/plain", url: "file:///etc/passwd" }] }],
    ["a resource", { parts: [{ type: "file", mime: "text/plain", url: "mcp://server/x" }] }],
    ["a blob by its hash", { parts: [{ type: "file", mime: "text/plain", url: `blob:${"a".repeat(64)}` }] }],
    ["an agent", { parts: [{ type: "agent", name: "build" }] }],
    ["a subtask", { parts: [{ type: "subtask", prompt: "x", description: "x", agent: "rehearsal" }] }],
    ["mentions", { ...text("@a"), mentions: true }],
    ["another agent", { ...text("x"), agent: "steered" }],
    ["another model", { ...text("x"), model: { modelId: "m" } }],
    ["system text", { ...text("x"), system: "be bad" }],
    ["steering", { ...text("x"), delivery: "steer" }],
  ])("[S-28] through a ref no %s comes", async (_name, body) => {
    const { secret } = await make(["prompt"]);
    const refused = await as(secret, "POST", inputs(), body);
    expect(refused).toMatchObject({ status: 422, body: { code: "UNPROCESSABLE" } });
    expect((await server.sessions.listInputs(id)).items).toEqual([]);
  });

  test("[S-14] a ref takes back its own inputs and turns, and no others, and does not order the queue", async () => {
    const mine = await server.call<Admitted>("POST", inputs(), text("mine"), 202);
    const { secret } = await make(["prompt"]);
    const theirs = (await as<Admitted>(secret, "POST", inputs(), text("theirs"))).body;
    const again = (await as<Admitted>(secret, "POST", inputs(), text("more"))).body;
    const statusOf = async (method: string, path: string, body?: object) =>
      (await as(secret, method, path, body)).status;
    expect(await statusOf("DELETE", `/api/inputs/${mine.input.id}`)).toBe(403);
    expect(await statusOf("POST", `/api/turns/${mine.turn.id}/cancel`, {})).toBe(403);
    expect(await statusOf("PATCH", `/api/inputs/${theirs.input.id}`, text("other"))).toBe(403);
    const order = { inputIds: [theirs.input.id] };
    expect(await statusOf("POST", `/api/sessions/${id}/queue/reorder`, order)).toBe(403);
    expect(await statusOf("DELETE", `/api/inputs/${theirs.input.id}`)).toBe(204);
    expect(await statusOf("POST", `/api/turns/${again.turn.id}/cancel`, { next: mine.input.id })).toBe(403);
    expect(await statusOf("POST", `/api/turns/${again.turn.id}/cancel`, {})).toBe(202);
    expect((await server.sessions.listInputs(id, "queued")).items).toMatchObject([{ id: mine.input.id }]);
  });

  test("[S-14] approve is once or reject, within its tools and paths; what is beyond them waits for the owner", async () => {
    await server.call("POST", inputs(), text("go"), 202);
    const run = await server.startTurn(id);
    const ask = async (overrides: Partial<Permission>) => {
      const permission: Permission = {
        id: newId("per"),
        sessionId: id,
        turnId: run.turn.id,
        agent: "rehearsal",
        tool: "edit",
        title: "Edit a file",
        kind: "edit",
        args: {},
        patterns: [`${server.project}/src/a.ts`],
        state: "pending",
        time: { asked: 1 },
        ...overrides,
      };
      await server.store.askPermission({ sessionId: id, epoch: run.epoch, permission });
      return `/api/permissions/${permission.id}/reply`;
    };
    await mkdir(`${server.project}/src`, { recursive: true });
    await symlink("/etc", `${server.project}/src/led`);
    await symlink("/nowhere/at/all", `${server.project}/src/none`);
    const limits = { tools: ["edit"], paths: ["src"] };
    const { ref, secret } = await make(["approve"], limits);
    const reply = (path: string, body: object) => as(secret, "POST", path, body);
    const inside = await ask({});
    expect((await reply(inside, { reply: "always" })).status).toBe(403);
    expect((await reply(inside, { reply: "reject", message: "do this instead" })).status).toBe(403);
    expect(await reply(inside, { reply: "once" })).toMatchObject({
      status: 200,
      body: { reply: "once", actor: { id: ref.id, kind: "ref" } },
    });
    const beyond = [
      await ask({ tool: "shell" }),
      await ask({ patterns: ["/etc/passwd"] }),
      await ask({ patterns: [`${server.project}/src/../x`] }),
      await ask({ kind: "execute", patterns: ["src/run"] }),
      await ask({ patterns: [] }),
    ];
    const elsewhere = [
      await ask({ patterns: ["~/src/a"] }),
      await ask({ patterns: ["src/$HOME/a"] }),
      await ask({ patterns: ["src/led/passwd"] }),
      await ask({ patterns: ["src/none"] }),
    ];
    for (const path of beyond) expect((await reply(path, { reply: "once" })).status).toBe(403);
    const { secret: other } = await make(["approve"], { ...limits, paths: ["src", "~"] });
    for (const path of elsewhere) expect((await as(other, "POST", path, { reply: "once" })).status).toBe(403);
    const pending = await server.sessions.permissions({ state: "pending", sessionId: id });
    expect(pending.items).toHaveLength(beyond.length + elsewhere.length);
    await server.endTurn(run, { state: "completed", finish: "stop" });
  });

  test("[S-14] comments come through a ref as its own, and no agent is told of them", async () => {
    const { message } = await server.call<Admitted>("POST", inputs(), text("hello"), 202);
    const { ref, secret } = await make(["comment"], { label: "Ada" });
    const path = `/api/sessions/${id}/comments`;
    const body = { on: message.info.id, text: "Why\u0000 so?", id: newId("cmt") };
    const made = await as<SessionComment>(secret, "POST", path, body);
    expect(made).toMatchObject({ status: 201, body: { text: "Why\ufffd so?", actor: { id: ref.id } } });
    expect((await as(secret, "POST", path, { ...body, text: " ", id: undefined })).status).toBe(422);
    expect((await as(secret, "POST", path, { ...body, on: newId("msg"), id: undefined })).status).toBe(404);
    const { secret: reader } = await make(["read"]);
    expect((await as(reader, "POST", path, body)).status).toBe(403);
    expect((await as(reader, "GET", path)).body).toMatchObject({ items: [made.body] });
    const { items } = await server.call<{ items: Message[] }>("GET", `/api/sessions/${id}/messages`);
    expect(JSON.stringify(items)).not.toContain("Why");
    expect((await server.fetch(`/api/sessions/${newId("ses")}/comments`)).status).toBe(404);
  });

  test("[S-16] every use is in the audit: writes one by one, reads by peer and hour", async () => {
    const { ref, secret } = await make(["prompt"]);
    await as(secret, "GET", `/api/sessions/${id}`);
    await as(secret, "GET", `/api/sessions/${id}/messages`);
    const input = (await as<Admitted>(secret, "POST", inputs(), text("x"))).body.input;
    await as(secret, "POST", inputs(), text("/refused"));
    await as(secret, "DELETE", `/api/inputs/${input.id}`);
    await server.refs.stop();
    const { items } = await server.call<RefAudit>("GET", `/api/refs/${ref.id}/audit`);
    const shown = items.map(({ action, count, peer, refId }) => ({ action, count, peer, refId }));
    const common = { peer: "127.0.0.1", refId: ref.id };
    expect(shown).toEqual(
      expect.arrayContaining([
        { action: "read", count: 2, ...common },
        { action: "input.admit", count: 1, ...common },
        { action: "input.remove", count: 1, ...common },
      ]),
    );
    expect(shown).toHaveLength(3);
  });

  test("[S-27] a key means the same request only for the ref that used it; a lost answer is given again when no use is left", async () => {
    const key = { "idempotency-key": newId("act") };
    const one = await make(["prompt"], { maxUses: 1 });
    const other = await make(["prompt"]);
    const first = await as<Admitted>(one.secret, "POST", inputs(), text("a"), key);
    const second = await as<Admitted>(other.secret, "POST", inputs(), text("a"), key);
    expect(first.body.input.id).not.toBe(second.body.input.id);
    const again = await as<Admitted>(one.secret, "POST", inputs(), text("a"), key);
    expect([again.status, again.body.input.id]).toEqual([202, first.body.input.id]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect((await as(other.secret, "POST", inputs(), text("b"), key)).status).toBe(409);
    expect((await as(one.secret, "POST", inputs(), text("b"))).body).toMatchObject({ code: "REF_NOT_VALID" });
    expect((await as(one.secret, "GET", `/api/sessions/${id}`)).status).toBe(404);
  });

  test("[S-11] the door of other ways gives what HTTP gives, and knows what came by HTTP", async () => {
    const { secret } = await make(["prompt"]);
    const door = server.http.refDoor;
    const caller = { secret, peer: "192.0.2.9", opId: newId("sop") };
    const args = { sessionId: id, ...text("by another way") };
    const made = (await door.call("prompt", args, caller)) as Admitted;
    expect(await door.call("prompt", args, caller)).toEqual(made);
    const key = { "idempotency-key": caller.opId };
    const again = await as<Admitted>(secret, "POST", inputs(), text("by another way"), key);
    expect(again.body.input.id).toBe(made.input.id);
    expect(await door.call("readSession", { sessionId: id }, caller)).toEqual(
      (await as(secret, "GET", `/api/sessions/${id}`)).body,
    );
    const refusals: [Parameters<typeof door.call>[0], unknown, object, string][] = [
      ["prompt", { ...args, agent: "x" }, {}, "INVALID_REQUEST"],
      ["prompt", { ...args, ...text("/x") }, {}, "UNPROCESSABLE"],
      ["readSession", { sessionId: newId("ses") }, {}, "NOT_FOUND"],
      ["comment", { sessionId: id, on: made.message.info.id, text: "x" }, {}, "FORBIDDEN"],
      ["redeem", {}, { secret: newRefSecret() }, "REF_NOT_VALID"],
    ];
    for (const [method, wrong, by, code] of refusals)
      await expect(door.call(method, wrong, { ...caller, opId: undefined, ...by })).rejects.toMatchObject({
        code,
      });
  });
});
