import { createClient } from "@holdfast/client";
import { newId } from "@holdfast/kernel";
import type { CreatedShare, CreateShare, SessionId } from "@holdfast/protocol";
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
  const ref = await client.createShareRef(share.id, { rights: ["comment"], label: "For Ada" });
  expect(ref.link.url).toMatch(/^https:\/\/share\.example\/l#hfs_/);
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
