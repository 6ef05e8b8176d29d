import { FakeClock, newId, newRefSecret, secretHash } from "@holdfast/kernel";
import type {
  Admitted,
  CreatedRef,
  CreateRef,
  Grant,
  Message,
  Permission,
  RedeemedRef,
  RefAudit,
  RefList,
  Right,
  Session,
  SessionComment,
  SessionId,
} from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";
import { StreamReader } from "./stream-reader.ts";

type Answer<T = Record<string, unknown>> = { status: number; body: T; headers: Headers };
type Body = Omit<CreateRef, "target">;

describe("refs over HTTP", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
  });
  beforeEach(async () => {
    id = await server.createSession();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const make = async (
    rights: Right[],
    more: Partial<Body> = {},
  ): Promise<CreatedRef & { secret: string }> => {
    const body = { target: { kind: "session", id }, rights, ...more };
    const made = await server.call<CreatedRef>("POST", "/api/refs", body, 201);
    if (made.secret === undefined) throw new Error("No secret was shown.");
    return { ...made, secret: made.secret };
  };

  async function as<T = Record<string, unknown>>(
    secret: string,
    method: string,
    path: string,
    json?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await server.fetch(path, {
      method,
      headers: { authorization: `Bearer ${secret}`, ...headers },
      ...(json === undefined ? {} : { json }),
    });
    const text = await response.text();
    const body = (text === "" ? undefined : JSON.parse(text)) as T;
    return { status: response.status, body, headers: response.headers };
  }

  const text = (words: string) => ({ parts: [{ type: "text", text: words }] });
  const inputs = () => `/api/sessions/${id}/inputs`;
  const revoke = (ref: Grant, body: object = {}) =>
    server.call("POST", `/api/refs/${ref.id}/revoke`, body, 200);

  test("[S-13] a secret is shown once, is redeemed for what it stands for, and is in no other answer", async () => {
    const { ref, secret, link } = await make(["prompt", "comment"], { label: "Ada" });
    expect(secret).toMatch(/^hfs_/);
    expect(link).toEqual({ base: `${server.url}/l#`, local: true });
    expect(ref.caveats.expiresAt).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    const redeemed = await as<RedeemedRef>(secret, "POST", "/api/refs/redeem", {});
    expect(redeemed).toMatchObject({
      status: 200,
      body: {
        ref,
        target: { kind: "session", id },
        rights: ["read", "comment", "prompt"],
        epoch: 1,
        cursor: 1,
      },
    });
    const list = await server.call<RefList>("GET", "/api/refs");
    expect(list.items).toContainEqual(expect.objectContaining({ id: ref.id, label: "Ada" }));
    expect(JSON.stringify([list, redeemed.body])).not.toContain(secret);
    expect(JSON.stringify(list)).not.toContain(secretHash(secret));
    const never = await make(["prompt"], { expiresAt: null });
    expect(never.ref.caveats).toEqual({});
    expect((await server.fetch("/api/refs/redeem", { method: "POST", json: {} })).status).toBe(403);
  });

  test("[S-25] a secret that the caller chose is never told to the server, and a repetition answers the same ref", async () => {
    const secret = newRefSecret();
    const body = {
      target: { kind: "session", id },
      rights: ["read"],
      refId: newId("ref"),
      secretHash: secretHash(secret),
    };
    const first = await server.call<CreatedRef>("POST", "/api/refs", body, 201);
    expect(first).not.toHaveProperty("secret");
    expect(await server.call("POST", "/api/refs", body, 201)).toEqual(first);
    expect((await as(secret, "POST", "/api/refs/redeem", {})).status).toBe(200);
    await server.call("POST", "/api/refs", { ...body, secretHash: secretHash("x") }, 409);
    await server.call("POST", "/api/refs", { ...body, refId: undefined }, 400);
    const key = { "idempotency-key": newId("act") };
    const asked = { target: body.target, rights: ["read"] };
    const one = await server.fetch("/api/refs", { method: "POST", json: asked, headers: key });
    const two = await server.fetch("/api/refs", { method: "POST", json: asked, headers: key });
    const [made, again] = [(await one.json()) as CreatedRef, (await two.json()) as CreatedRef];
    expect([again.ref.id, again.secret]).toEqual([made.ref.id, undefined]);
  });

  test("[S-15] unknown, revoked, expired and exhausted secrets, and those of an older epoch or a session that is gone, get one answer", async () => {
    const answers: Answer[] = [];
    const probe = async (secret: string) => {
      answers.push(await as(secret, "GET", `/api/sessions/${id}`));
    };
    await probe(newRefSecret());
    const revoked = await make(["read"]);
    await revoke(revoked.ref);
    await probe(revoked.secret);
    const used = await make(["comment"], { maxUses: 1 });
    await as(used.secret, "POST", inputs(), {});
    const message = await server.call<Admitted>("POST", inputs(), text("hi"), 202);
    const comment = { on: message.message.info.id, text: "one" };
    expect((await as(used.secret, "POST", `/api/sessions/${id}/comments`, comment)).status).toBe(201);
    await probe(used.secret);
    const old = await make(["read"]);
    await server.call("POST", `/api/sessions/${id}/refs/renew`, { from: 1 }, 201);
    await probe(old.secret);
    const gone = await make(["read"]);
    await server.call("DELETE", `/api/sessions/${id}?discard=true`, undefined, 204);
    await probe(gone.secret);
    const problems = answers.map(({ body: { requestId: _requestId, ...body } }) => body);
    for (const { status } of answers) expect(status).toBe(404);
    for (const problem of problems) expect(problem).toEqual(problems[0]);
    expect(problems[0]).toMatchObject({ code: "REF_NOT_VALID" });
    await server.refs.stop();
    const { items } = await server.call<RefAudit>("GET", `/api/refs/${revoked.ref.id}/audit`);
    expect(items).toMatchObject([{ action: "refused", detail: "revoked", count: 1 }]);
    expect((await server.call<RefList>("GET", "/api/refs")).guesses?.count).toBeGreaterThan(0);
  });

  test("[I-21] a ref sees its session and nothing else: other ids are not found, lists and the feed are of it alone", async () => {
    const other = await server.createSession();
    const asked = await server.call<Admitted>("POST", `/api/sessions/${other}/inputs`, text("theirs"), 202);
    const { secret } = await make(["comment", "prompt", "approve", "share", "admin"]);
    const paths = [
      `/api/sessions/${other}`,
      `/api/sessions/${other}/messages`,
      `/api/sessions/${other}/events`,
      `/api/inputs/${asked.input.id}`,
      `/api/turns/${asked.turn.id}`,
      `/api/messages/${asked.message.info.id}`,
      `/api/messages/${newId("msg")}`,
      `/api/permissions/${newId("per")}`,
    ];
    for (const path of paths) expect([path, (await as(secret, "GET", path)).status]).toEqual([path, 404]);
    const cancel = await as(secret, "POST", `/api/turns/${asked.turn.id}/cancel`, {});
    expect(cancel.status).toBe(404);
    const { secret: second } = await make(["share"]);
    const sessions = await as<{ items: Session[]; total: number }>(second, "GET", "/api/sessions?limit=5");
    expect(sessions.body).toMatchObject({ items: [{ id }], total: 1 });
    const listed = await as(second, "GET", `/api/permissions?sessionId=${other}`);
    expect(listed.body).toEqual({ items: [], total: 0 });
    const { workspaceId } = await server.sessions.get(id);
    for (const path of [
      `/api/workspaces/${workspaceId}`,
      `/api/workspaces/${workspaceId}/changes`,
      "/api/agents",
    ])
      expect([path, (await as(second, "GET", path)).status]).toEqual([path, 403]);
    const feed = await StreamReader.open(server, "/api/events?after=0", {
      authorization: `Bearer ${second}`,
    });
    await feed.until("caught-up");
    await server.call("PATCH", `/api/sessions/${other}`, { title: "theirs" });
    await server.call("PATCH", `/api/sessions/${id}`, { title: "mine" });
    await feed.until("session.updated");
    expect(
      new Set(
        feed.frames.flatMap(({ id: cursor, data }) => (cursor === undefined ? [] : [data["sessionId"]])),
      ),
    ).toEqual(new Set([id]));
    feed.leave();
  });

  test("[S-14] a ref with prompt gives the session's agent text, as itself, and nothing that is more than text", async () => {
    const { ref, secret } = await make(["prompt"], { label: "Ada" });
    const admitted = await as<Admitted>(secret, "POST", inputs(), text("please"));
    expect(admitted.status).toBe(202);
    const actor = { id: ref.id, kind: "ref", label: "Ada" };
    expect(admitted.body).toMatchObject({ input: { actor, delivery: "queue" }, turn: { actor } });
    const { secret: next } = await make(["prompt"]);
    const png = { type: "file", mime: "image/png", url: "data:image/png;base64,AAAA", filename: "a.png" };
    const withFile = await as<Admitted>(next, "POST", inputs(), { parts: [png] });
    expect(withFile.body.input.parts).toMatchObject([{ type: "file", url: expect.stringMatching(/^blob:/) }]);
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
    const { ref, secret } = await make(["approve"], { tools: ["edit"], paths: ["src"] });
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
    for (const path of beyond) expect((await reply(path, { reply: "once" })).status).toBe(403);
    const pending = await server.sessions.permissions({ state: "pending", sessionId: id });
    expect(pending.items).toHaveLength(beyond.length);
    await server.endTurn(run, { state: "completed", finish: "stop" });
  });

  test("[S-15] a ref makes and sees narrower ones below it, ends those, and may always end itself", async () => {
    const { ref: parent, secret } = await make(["comment", "share"]);
    const { ref: sibling } = await make(["read"]);
    const child = await as<CreatedRef>(secret, "POST", `/api/refs/${parent.id}/attenuate`, {
      rights: ["read"],
    });
    expect(child).toMatchObject({
      status: 201,
      body: { ref: { parentId: parent.id, createdBy: { id: parent.id } } },
    });
    const wider = await as(secret, "POST", `/api/refs/${parent.id}/attenuate`, { rights: ["prompt"] });
    expect(wider).toMatchObject({ status: 422, body: { code: "REF_WIDENS", widens: "prompt" } });
    expect((await as(secret, "POST", `/api/refs/${sibling.id}/attenuate`, { rights: ["read"] })).status).toBe(
      404,
    );
    expect((await as(secret, "POST", `/api/refs/${sibling.id}/revoke`, {})).status).toBe(404);
    const listed = await as<RefList>(secret, "GET", "/api/refs");
    expect(listed.body.items.map((ref) => ref.id)).toEqual([child.body.ref.id, parent.id]);
    expect(listed.body).not.toHaveProperty("guesses");
    const below = child.body.secret ?? "";
    expect((await as(below, "POST", `/api/refs/${parent.id}/revoke`, {})).status).toBe(404);
    expect((await as(below, "GET", "/api/refs")).status).toBe(403);
    const dropped = await as<{ ref: Grant }>(below, "POST", `/api/refs/${child.body.ref.id}/revoke`, {});
    expect(dropped.body.ref).toMatchObject({ ended: "revoked", revoked: { by: { id: child.body.ref.id } } });
    expect((await as(below, "GET", `/api/sessions/${id}`)).status).toBe(404);
    const { secret: admin } = await make(["admin"]);
    expect((await as(admin, "POST", `/api/refs/${sibling.id}/revoke`, {})).status).toBe(200);
    expect((await as(admin, "GET", `/api/refs/${parent.id}/audit`)).status).toBe(200);
    const settings = await as(admin, "PATCH", `/api/sessions/${id}`, { approvalMode: "all" });
    expect(settings.status).toBe(403);
    expect((await as(admin, "PATCH", `/api/sessions/${id}`, { title: "theirs" })).status).toBe(200);
    expect((await as(admin, "DELETE", `/api/sessions/${id}?discard=true`)).status).toBe(403);
  });

  test("[S-15] ending a ref ends the silent streams of those below it, and the answers that are still waited for", async () => {
    const { ref: root, secret } = await make(["prompt", "share"]);
    const child = await as<CreatedRef>(secret, "POST", `/api/refs/${root.id}/attenuate`, {
      rights: ["prompt", "share"],
    });
    const path = `/api/refs/${child.body.ref.id}/attenuate`;
    const grandchild = await as<CreatedRef>(child.body.secret ?? "", "POST", path, { rights: ["prompt"] });
    const authorization = `Bearer ${grandchild.body.secret}`;
    const stream = await StreamReader.open(server, `/api/sessions/${id}/events`, { authorization });
    await stream.until("caught-up");
    const { turn } = (await as<Admitted>(grandchild.body.secret ?? "", "POST", inputs(), text("wait"))).body;
    await server.startTurn(id);
    const waiting = as(grandchild.body.secret ?? "", "GET", `/api/turns/${turn.id}?wait=true&timeout=600000`);
    await revoke(root);
    await vi.waitFor(() => expect(stream.isOver).toBe(true));
    expect((await waiting).status).toBe(404);
    expect((await server.sessions.getTurn(turn.id)).stopping).toBeDefined();
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

/** A server whose time is moved by hand; its end takes time too. */
async function onFakeTime(run: (server: ServerUnderTest, clock: FakeClock) => Promise<void>): Promise<void> {
  const clock = new FakeClock(Date.now());
  const server = await ServerUnderTest.start({ clock });
  try {
    await run(server, clock);
  } finally {
    const ticking = setInterval(() => clock.advance(100), 1);
    await server[Symbol.asyncDispose]().finally(() => clearInterval(ticking));
  }
}

test("[S-15] a ref ends at its time, and its silent streams with it", () =>
  onFakeTime(async (server, clock) => {
    const id = await server.createSession();
    const body = { target: { kind: "session", id }, rights: ["read"], expiresAt: clock.now() + 60_000 };
    const { secret } = await server.call<CreatedRef>("POST", "/api/refs", body, 201);
    const headers = { authorization: `Bearer ${secret}` };
    const stream = await StreamReader.open(server, `/api/sessions/${id}/events`, headers);
    await stream.until("caught-up");
    clock.advance(59_999);
    expect((await server.fetch(`/api/sessions/${id}`, { headers })).status).toBe(200);
    expect(stream.isOver).toBe(false);
    clock.advance(1);
    await vi.waitFor(() => expect(stream.isOver).toBe(true));
    expect((await server.fetch(`/api/sessions/${id}`, { headers })).status).toBe(404);
  }));

test("[I-6] a ref may send 10 requests per second and 6 inputs per minute, and a wrong secret is a failed credential", () =>
  onFakeTime(async (server, clock) => {
    const id = await server.createSession();
    const body = { target: { kind: "session", id }, rights: ["prompt"] };
    const { secret } = await server.call<CreatedRef>("POST", "/api/refs", body, 201);
    const headers = { authorization: `Bearer ${secret}` };
    const status = async (path: string, init: object = {}) =>
      (await server.fetch(path, { headers, ...init })).status;
    const read = `/api/sessions/${id}`;
    for (let count = 0; count < 10; count += 1) expect(await status(read)).toBe(200);
    expect(await status(read)).toBe(429);
    const input = { method: "POST", json: { parts: [{ type: "text", text: "x" }] } };
    for (let count = 0; count < 6; count += 1) {
      clock.advance(1_000);
      expect(await status(`${read}/inputs`, input)).toBe(202);
    }
    clock.advance(1_000);
    expect(await status(`${read}/inputs`, input)).toBe(429);
    const wrong = { headers: { authorization: `Bearer ${newRefSecret()}` } };
    for (let count = 0; count < 10; count += 1) expect(await status(read, wrong)).toBe(404);
    expect(await status(read, wrong)).toBe(429);
  }));
