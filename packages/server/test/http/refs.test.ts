import { FakeClock, newId, newRefSecret, secretHash } from "@holdfast/kernel";
import type {
  Admitted,
  CreatedRef,
  Grant,
  RedeemedRef,
  RefAudit,
  RefList,
  Session,
  SessionId,
} from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Answer, RefHolders, text } from "./ref-holder.ts";
import { ServerUnderTest } from "./server-under-test.ts";
import { StreamReader } from "./stream-reader.ts";

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

  const { make, as, inputs, revoke } = new RefHolders(
    () => server,
    () => id,
  );

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
