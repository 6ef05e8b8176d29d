import { createClient } from "@holdfast/client";
import { newId } from "@holdfast/kernel";
import type { HistoryPage, Message, MessageList } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { ServerUnderTest, TOKEN } from "./server-under-test.ts";

test("[D-29] the whole history is read backwards, the newest message first, by pages and through the client", async () => {
  await using server = await ServerUnderTest.start();
  const id = await server.createSession();
  for (const text of ["one", "two", "three"]) {
    await server.call("POST", `/api/sessions/${id}/inputs`, { parts: [{ type: "text", text }] }, 202);
    await server.endTurn(await server.startTurn(id), { state: "completed" });
  }
  const { items, seq } = await server.call<MessageList>("GET", `/api/sessions/${id}/messages`);
  expect(items).toHaveLength(6);
  const newestFirst = items.toReversed();
  const path = `/api/sessions/${id}/history`;

  const page = await server.fetch(`${path}?limit=4`);
  const { next, ...shown } = (await page.json()) as HistoryPage;
  expect(shown).toEqual({ items: newestFirst.slice(0, 4), seq });
  expect(page.headers.get("link")).toBe(`<${path}?limit=4&before=${next}>; rel="next"`);
  const rest = await server.fetch(`${path}?limit=4&before=${next}`);
  expect(await rest.json()).toEqual({ items: newestFirst.slice(4), seq });
  expect(rest.headers.get("link")).toBeNull();

  const read: Message[] = [];
  const client = createClient({ url: server.url, token: TOKEN });
  for await (const message of client.readBackwards(id)) read.push(message);
  expect(read).toEqual(newestFirst);
  await server.call("GET", `/api/sessions/${newId("ses")}/history`, undefined, 404);
  await server.call("GET", `${path}?before=x`, undefined, 400);
});
