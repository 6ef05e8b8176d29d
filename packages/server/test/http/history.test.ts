import { createClient } from "@holdfast/client";
import { newId } from "@holdfast/kernel";
import type { HistoryPage, Message, MessageList, Problem } from "@holdfast/protocol";
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

test("[R-17.2] what is not there is named by its id; a session without messages is an empty page, and an answer may have no parts yet", async () => {
  await using server = await ServerUnderTest.start();
  const [nobody, nothing] = [newId("ses"), newId("msg")];
  for (const [path, id] of [
    [`/api/sessions/${nobody}/messages`, nobody],
    [`/api/messages/${nothing}`, nothing],
  ]) {
    const problem = await server.call<Problem>("GET", path ?? "", undefined, 404);
    expect(problem).toMatchObject({ detail: expect.stringContaining(id ?? "") as string });
  }
  const id = await server.createSession();
  const empty = await server.call<MessageList>("GET", `/api/sessions/${id}/messages?limit=200`);
  expect(empty).toEqual({ items: [], seq: empty.seq });
  const body = { parts: ["one", "two"].map((text) => ({ type: "text", text })) };
  await server.call("POST", `/api/sessions/${id}/inputs`, body, 202);
  const { assistantMessageId, turn } = await server.startTurn(id);
  const read = (messageId: string) => server.call<Message>("GET", `/api/messages/${messageId}`);
  expect(await read(assistantMessageId)).toMatchObject({ info: { parentId: turn.messageId }, parts: [] });
  const asked = await read(turn.messageId);
  expect(asked.parts).toMatchObject(
    ["one", "two"].map((text, ordinal) => ({ text, ordinal, messageId: turn.messageId, sessionId: id })),
  );
});
