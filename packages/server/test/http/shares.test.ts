import { createClient } from "@holdfast/client";
import { newId, newRefSecret, secretHash } from "@holdfast/kernel";
import type { CreatedRef, CreatedShare, CreateShare, SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { ServerUnderTest, TOKEN } from "./server-under-test.ts";

async function previewed(
  server: ServerUnderTest,
): Promise<{ id: SessionId; previewId: CreateShare["previewId"] }> {
  const id = await server.createSession();
  const { previewId } = await createClient({ url: server.url, token: TOKEN }).previewShare(id);
  return { id, previewId };
}

test("[S-2, S-17] a share is made from a preview, with what it chose committed, and its secrets are in no answer but the link", async () => {
  await using server = await ServerUnderTest.start();
  const client = createClient({ url: server.url, token: TOKEN });
  const { id, previewId } = await previewed(server);
  const path = `/api/sessions/${id}/share`;
  expect(await server.call("POST", path, { previewId: newId("prv") }, 409)).toMatchObject({
    code: "PREVIEW_STALE",
  });
  for (const service of ["http://share.example", "https://user@share.example", "https://elsewhere.example"])
    expect(await server.call("POST", path, { previewId, service }, 422)).toMatchObject({
      code: "UNPROCESSABLE",
    });
  await server.call("POST", path, { previewId, anything: 1 }, 400);

  const title = `About ${TOKEN}`;
  const { share, link } = await client.createShare(id, { previewId, title });
  expect(share).toMatchObject({ sessionId: id, state: "creating", service: "https://share.example" });
  expect(share.title).not.toContain(TOKEN);
  expect(share.expiresAt).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  expect(link.url).toMatch(/^https:\/\/share\.example\/s\/hfs_[\w-]{49}$/);
  expect(link.isLocal).toBe(false);

  const stored = await server.store.storedShare(share.id);
  const secrets = [stored?.owner.secret, stored?.append.secret, stored?.link.secret];
  const shown = JSON.stringify([
    await client.listShares(),
    await client.getShare(share.id),
    await client.listShareBatches(share.id),
  ]);
  for (const secret of secrets) expect(shown).not.toContain(String(secret));
  expect((await server.store.listShareTasks(share.id)).map(({ task }) => task.kind)).toEqual([
    "create",
    "mint",
  ]);
  expect(await client.shareLink(share.id)).toEqual(link);
  expect((await client.listShares({ sessionId: newId("ses") })).items).toEqual([]);
});

test("[S-2] a repeated request makes no second share, also once its preview is old", async () => {
  await using server = await ServerUnderTest.start();
  const { id, previewId } = await previewed(server);
  const body = { previewId, expiresAt: null };
  const ask = async () => {
    const headers = { "idempotency-key": "once" };
    const response = await server.fetch(`/api/sessions/${id}/share`, { method: "POST", json: body, headers });
    return { status: response.status, made: (await response.json()) as CreatedShare };
  };
  const first = await ask();
  expect(first.status).toBe(201);
  expect(first.made.share).not.toHaveProperty("expiresAt");
  expect(await ask()).toEqual(first);
  expect(await server.store.listShares({ limit: 10 })).toHaveLength(1);
});

test("[S-2, S-13] pausing, resuming, renewing and taking back are changes of the row that its sender carries out", async () => {
  await using server = await ServerUnderTest.start();
  const client = createClient({ url: server.url, token: TOKEN });
  const { id, previewId } = await previewed(server);
  const { share, link } = await client.createShare(id, { previewId });
  expect(await client.pauseShare(share.id)).toMatchObject({ state: "paused" });
  await expect(client.pauseShare(share.id)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await client.resumeShare(share.id)).toMatchObject({ state: "creating" });
  await expect(client.adoptShare(share.id)).rejects.toMatchObject({ code: "CONFLICT" });
  // What a service is told is masked, whoever says it.
  const secret = { title: `My password: "plainwords", ${TOKEN}` };
  expect((await client.patchShare(share.id, secret)).title).toBe('My password: "[masked 1]", [masked 2]');

  const renewed = await client.renewShare(share.id);
  expect(renewed.link.url).not.toBe(link.url);
  const target = { kind: "share", id: share.id } as const;
  await client.createRef({ target, rights: ["comment"], label: "For Ada" });
  const tasks = (await server.store.listShareTasks(share.id)).map(({ task }) => task);
  expect(tasks.map(({ kind }) => kind)).toEqual(["create", "mint", "update", "bump", "mint", "mint"]);
  expect(tasks.at(-1)).toMatchObject({ rights: ["read", "comment"], label: "For Ada" });
  await expect(client.shareAudit(share.id)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });

  expect(await client.revokeShare(share.id)).toMatchObject({ state: "revoking", waiting: 0 });
  expect(await client.revokeShare(share.id)).toMatchObject({ state: "revoking" });
  await expect(client.resumeShare(share.id)).rejects.toMatchObject({ code: "CONFLICT" });
  await server.call("DELETE", `/api/shares/${newId("shr")}`, undefined, 404);
});

test("[S-2, S-32] with its session a share is taken back; one that is kept has to have sent all of it", async () => {
  await using server = await ServerUnderTest.start();
  const client = createClient({ url: server.url, token: TOKEN });
  const { id, previewId } = await previewed(server);
  const { share } = await client.createShare(id, { previewId });
  await client.pauseShare(share.id);
  await expect(client.deleteSession(id, { keepShares: true })).rejects.toMatchObject({ code: "CONFLICT" });
  await client.deleteSession(id);
  const gone = await client.getShare(share.id);
  expect(gone.state).toBe("revoking");
  expect(gone).not.toHaveProperty("sessionId");
});

test("[S-13, S-25] a further ref on a share is made below the publisher's, and its secret is kept nowhere", async () => {
  await using server = await ServerUnderTest.start();
  const client = createClient({ url: server.url, token: TOKEN });
  const { id, previewId } = await previewed(server);
  const { share, link } = await client.createShare(id, { previewId });
  const body = {
    target: { kind: "share", id: share.id },
    rights: ["comment"],
    expiresAt: Date.now() + 60_000,
  };
  const made = await server.call<CreatedRef>("POST", "/api/refs", { ...body, label: "Ada", maxUses: 3 }, 201);
  const stored = await server.store.storedShare(share.id);
  expect(made).toMatchObject({
    ref: {
      parentId: stored?.owner.refId,
      target: body.target,
      rights: ["read", "comment"],
      caveats: { expiresAt: body.expiresAt, maxUses: 3 },
      label: "Ada",
      createdBy: { kind: "owner" },
    },
    link: { base: "https://share.example/l#", local: false },
  });
  const tasks = await server.store.listShareTasks(share.id);
  expect(JSON.stringify(tasks)).not.toContain(made.secret);
  expect(tasks.at(-1)?.task).toMatchObject({ ref: { secretHash: secretHash(made.secret ?? "") } });

  const chosen = { refId: newId("ref"), secretHash: secretHash("once") };
  const ask = (secret: object = {}) =>
    server.call<CreatedRef>("POST", "/api/refs", { ...body, rights: ["read"], ...chosen, ...secret }, 201);
  const first = await ask();
  expect(first).toMatchObject({
    ref: { id: chosen.refId },
    link: { base: "https://share.example/s/", local: false },
  });
  expect(first.secret).toBeUndefined();
  expect(await ask()).toEqual(first);
  expect(await server.store.listShareTasks(share.id)).toHaveLength(tasks.length + 1);
  const other = { ...body, ...chosen, secretHash: secretHash("twice") };
  expect(await server.call("POST", "/api/refs", other, 409)).toMatchObject({ code: "CONFLICT" });
  for (const [wrong, code] of [
    [{ rights: ["prompt"] }, "UNPROCESSABLE"],
    [{ tools: ["shell"] }, "CAVEAT_UNENFORCEABLE"],
    [{ expiresAt: 1 }, "UNPROCESSABLE"],
  ] as const)
    expect(await server.call("POST", "/api/refs", { ...body, ...wrong }, 422)).toMatchObject({ code });
  // Not told to the service yet, and listed all the same.
  expect((await client.listShareRefs(share.id)).items.map((ref) => ref.id)).toEqual(
    expect.arrayContaining([made.ref.id, chosen.refId]),
  );

  expect(await client.revokeRef(made.ref.id, { reason: "left" })).toMatchObject({
    ended: "revoked",
    revoked: { reason: "left" },
  });
  expect(await server.store.listShareTasks(share.id)).toContainEqual(
    expect.objectContaining({ task: { kind: "revokeRef", refId: made.ref.id, reason: "left" } }),
  );
  await expect(client.attenuateRef(made.ref.id, { rights: ["read"] })).rejects.toMatchObject({
    code: "UNPROCESSABLE",
  });
  await expect(client.revokeRef(newId("ref"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  // The publisher's own ref is no link, and a link that is taken back makes room for another one.
  const own = { refId: stored?.owner.refId ?? "" };
  await expect(client.revokeShareRef(share.id, own)).rejects.toMatchObject({ code: "UNPROCESSABLE" });
  await client.revokeShareRef(share.id, { refId: stored?.link.refId ?? "" });
  expect((await client.shareLink(share.id)).url).not.toBe(link.url);
});

test("[S-32] keeping shares waits for those of the children too, before anything is deleted", async () => {
  await using server = await ServerUnderTest.start();
  const client = createClient({ url: server.url, token: TOKEN });
  const parentId = await server.createSession();
  const { directory, workspaceId, projectId } = await client.getSession(parentId);
  const child = newId("ses");
  const actor = { id: "owner", kind: "owner", label: "Owner" } as const;
  await server.store.createSession({
    actor,
    sessionId: child,
    parentId,
    directory,
    workspaceId,
    projectId,
    title: "A subtask",
    agent: "rehearsal",
    approvalMode: "ask",
    resumePolicy: "manual",
  });
  const held = () => ({ refId: newId("ref"), secret: newRefSecret() });
  const share = {
    id: newId("shr"),
    sessionId: child,
    title: "Of a child",
    service: "https://share.example",
    owner: held(),
    append: held(),
    link: held(),
    includes: { files: false, others: false },
  };
  await server.store.createShare({ actor, share, tasks: [] });
  const deleted = client.deleteSession(parentId, { keepShares: true });
  // Its sender: all is sent, while the deletion waits.
  const { claim } = await server.store.claimShare({ shareId: share.id, nonce: "n" });
  const of = { shareId: share.id, claim };
  await server.store.changeShare({ actor, shareId: share.id, change: { state: "live" } });
  await server.store.beginShareStream({ ...of, stream: newId("stm"), isResync: false });
  await server.store.pageShare({ ...of, limit: 50 });
  const { marks = [] } = (await server.store.shareSource({ shareId: share.id, limit: 100 })) ?? {};
  await server.store.freezeShareBatch({ ...of, marks, masks: [], blobs: [] });
  expect(await client.getSession(child)).toMatchObject({ id: child });
  await server.store.settleShare({ ...of, change: { begun: true, committed: true } });
  await deleted;
  expect(await client.getShare(share.id)).toMatchObject({ state: "detached" });
  await expect(client.getSession(child)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("[S-2] asking once more asks a service at once that has not confirmed", async () => {
  await using server = await ServerUnderTest.start();
  const client = createClient({ url: server.url, token: TOKEN });
  const { id, previewId } = await previewed(server);
  const { share } = await client.createShare(id, { previewId });
  await client.revokeShare(share.id);
  const { claim } = await server.store.claimShare({ shareId: share.id, nonce: "n" });
  const lastError = { code: "REVOKE_GIVEN_UP", message: "m", time: 2, since: 1 };
  const change = { attempts: 900, nextRetryAt: Date.now() + 80_000_000, lastError };
  await server.store.settleShare({ shareId: share.id, claim, change });
  expect(await client.getShare(share.id)).toMatchObject({ state: "revoking", attempts: 900, lastError });
  const again = await client.revokeShare(share.id);
  expect(again).toMatchObject({ state: "revoking", attempts: 0 });
  expect(again).not.toHaveProperty("lastError");
  expect(again).not.toHaveProperty("nextRetryAt");
});
