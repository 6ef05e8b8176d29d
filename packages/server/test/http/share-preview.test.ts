import { createClient } from "@holdfast/client";
import { newId } from "@holdfast/kernel";
import type { SharePreview } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { ServerUnderTest, TOKEN } from "./server-under-test.ts";

test("[S-17] a preview of a session shows what sharing it would publish, without a secret of it, and changes nothing", async () => {
  await using server = await ServerUnderTest.start();
  const id = await server.createSession();
  const text = `The token of this server is ${TOKEN}, the file ${server.project}/a.txt, password: "open sesame"`;
  await server.call("POST", `/api/sessions/${id}/inputs`, { parts: [{ type: "text", text }] }, 202);
  const path = `/api/sessions/${id}/share/preview`;
  const waiting = await server.call<SharePreview>("POST", path, {}, 200);
  expect(waiting.counts).toMatchObject({ messages: 0, parts: 0 });
  await server.endTurn(await server.startTurn(id), { state: "completed" });
  const before = await server.store.lastSeq(id);

  const client = createClient({ url: server.url, token: TOKEN });
  const preview = await client.previewShare(id, { includes: { files: true } });
  expect(preview).toMatchObject({
    includes: { files: true, others: false },
    counts: { messages: 2, masked: 2 },
  });
  expect(preview.masked.map(({ kind }) => kind).toSorted()).toEqual(["known", "password"]);
  expect(JSON.stringify(preview)).not.toMatch(/sesame|tttt/);
  expect(server.previews.includesOf(preview.previewId, id)).toEqual(preview.includes);
  expect(await server.store.lastSeq(id)).toBe(before);

  await server.call("POST", `/api/sessions/${newId("ses")}/share/preview`, {}, 404);
  await server.call("POST", path, { includes: { everything: true } }, 400);
});
