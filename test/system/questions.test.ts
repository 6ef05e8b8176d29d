/** Questions of agents on the real server, with the rehearsal agent: asked, answered, and ended without an answer. */
import type { Question, Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type HarnessOptions,
  type HoldfastProcess,
  killIfThere,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";

const FORM = [
  "ASKFORM How do we build it?",
  "port!: integer 1..65535",
  "name: text 2..20",
  "sure: boolean",
  "colour: one red, green",
  "days: many 1..2 Mon, Tue, Wed",
].join(" | ");

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let options: HarnessOptions;
let server: HoldfastProcess;
let places = 0;

beforeAll(async () => {
  directory = await temporaryDirectory("questions");
  options = { root: directory.path };
  server = await startHoldfast(options);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** A session of its own place, whose agent was just told this. */
async function asking(text: string, more: { permissionTimeoutMs?: number } = {}) {
  const place = await server.place(`place-${(places += 1)}`);
  const session = await server.client.createSession({ directory: place, agent: "rehearsal" });
  const { turn } = await server.client.admitInput(session.id, { parts: [{ type: "text", text }], ...more });
  return { sessionId: session.id, turnId: turn.id };
}

const questionOf = (sessionId: string): Promise<Question> =>
  until("the question", async () => {
    const { items } = await server.client.listQuestions({ state: "pending", sessionId });
    return items[0];
  });

const ended = (turnId: string): Promise<Turn> =>
  until("the turn's end", async () => {
    const turn = await server.client.getTurn(turnId);
    return ["completed", "failed", "aborted"].includes(turn.state) ? turn : undefined;
  });

async function said(sessionId: string): Promise<string> {
  const { items } = await server.client.listMessages(sessionId);
  return items
    .filter(({ info }) => info.role === "assistant")
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === "text" ? [part.text] : [])))
    .join("");
}

test("[A-19, A-25] a form reaches the API with its fields, waits, takes one fitting answer, and gives it to the agent", async () => {
  const { sessionId, turnId } = await asking(FORM);
  const question = await questionOf(sessionId);
  expect(question).toMatchObject({
    turnId,
    agent: "rehearsal",
    message: "How do we build it?",
    state: "pending",
    fields: [
      { name: "port", type: "number", integer: true, minimum: 1, maximum: 65_535, required: true },
      { name: "name", type: "text", minLength: 2, maxLength: 20 },
      { name: "sure", type: "boolean" },
      { name: "colour", type: "one", options: [{ value: "red", label: "red" }, { value: "green" }] },
      { name: "days", type: "many", minItems: 1, maxItems: 2 },
    ],
  });
  // 24 h from the asking, which the store dates when it commits.
  expect(Math.round(((question.deadline ?? 0) - question.time.asked) / 3_600_000)).toBe(24);
  const { client } = server;
  expect(await client.getQuestion(question.id)).toEqual(question);
  expect(await client.getSession(sessionId)).toMatchObject({ status: "waiting", attention: "question" });

  const path = `/api/questions/${question.id}/reply`;
  const post = async (body: object) => {
    const headers = { "content-type": "application/json" };
    const answer = await server.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const wrong = await post({
    action: "accept",
    content: { name: "x", sure: "perhaps", colour: "blue", days: ["Mon", "Mon"], other: 1 },
  });
  expect(wrong).toMatchObject({ status: 422, body: { code: "UNPROCESSABLE" } });
  expect((wrong.body["issues"] as { path: string }[]).map((issue) => issue.path)).toEqual([
    "other",
    "port",
    "name",
    "sure",
    "colour",
    "days",
  ]);
  expect((await post({ action: "perhaps" })).status).toBe(400);
  expect((await client.getQuestion(question.id)).state).toBe("pending");

  const content = { port: 8080, sure: true, colour: "green", days: ["Mon", "Wed"] };
  const answers = await Promise.all(
    [content, { port: 1 }, { port: 2 }].map((each) => post({ action: "accept", content: each })),
  );
  const won = answers.filter(({ status }) => status === 200);
  expect(won).toHaveLength(1);
  expect(
    answers.filter(({ status, body }) => status === 409 && body["code"] === "ALREADY_REPLIED"),
  ).toHaveLength(2);
  expect(await ended(turnId)).toMatchObject({ state: "completed" });
  const stored = await client.getQuestion(question.id);
  expect(stored).toMatchObject({ state: "replied", actor: { kind: "owner" } });
  const given = stored.answer?.action === "accept" ? stored.answer.content : undefined;
  expect(await said(sessionId)).toBe(`Answered accept: ${JSON.stringify(given)}\n`);
  expect(await client.getSession(sessionId)).toMatchObject({ status: "idle", attention: "none" });
});

test.each(["decline", "cancel"] as const)("[A-19] the agent hears %s and goes on", async (action) => {
  const { sessionId, turnId } = await asking(`${FORM}\nSAY on`);
  await server.client.replyQuestion((await questionOf(sessionId)).id, { action });
  expect(await ended(turnId)).toMatchObject({ state: "completed" });
  expect(await said(sessionId)).toBe(`Answered ${action}.\non\n`);
});

test("[A-19] a page to visit is named whole and never opened; what the agent calls done is asked no more", async () => {
  const { sessionId, turnId } = await asking("ASKURL https://example.org/login?to=x Log in there.");
  const question = await questionOf(sessionId);
  expect(question).toMatchObject({
    message: "Log in there.",
    url: "https://example.org/login?to=x",
    fields: [],
  });
  await server.client.replyQuestion(question.id, { action: "accept" });
  expect(await ended(turnId)).toMatchObject({ state: "completed" });
  expect(await said(sessionId)).toBe("Answered accept: {}\n");

  const done = await asking("ASKURL https://example.org DONE");
  expect(await ended(done.turnId)).toMatchObject({ state: "completed" });
  expect(await said(done.sessionId)).toBe("Answered cancel.\n");
  const { items } = await server.client.listQuestions({ sessionId: done.sessionId });
  expect(items).toMatchObject([{ state: "expired", expiry: "withdrawn" }]);
});

test("[A-19, R-14.2] where nobody will answer it is declined at once, with a row that says so", async () => {
  const { sessionId, turnId } = await asking(FORM, { permissionTimeoutMs: 0 });
  expect(await ended(turnId)).toMatchObject({ state: "completed" });
  expect(await said(sessionId)).toBe("Answered decline.\n");
  const { items, total } = await server.client.listQuestions({ sessionId });
  expect({ items, total }).toMatchObject({ items: [{ state: "expired", expiry: "deadline" }], total: 1 });
});

test("[A-15, A-19] a cancel ends it, and its row takes no answer any more", async () => {
  const { sessionId, turnId } = await asking(FORM);
  const { id } = await questionOf(sessionId);
  await server.client.cancelTurn(turnId);
  expect(await ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect(await server.client.getQuestion(id)).toMatchObject({ state: "expired" });
  await expect(
    server.client.replyQuestion(id, { action: "accept", content: { port: 1 } }),
  ).rejects.toMatchObject({ code: "ALREADY_REPLIED", status: 409 });
});

test("[A-17, A-19] when the agent dies its question expires", async () => {
  const { sessionId, turnId } = await asking(FORM);
  const { id } = await questionOf(sessionId);
  const children = processesWith(`${directory.path}/rehearsal`).filter((pid) => pid !== server.pid);
  expect(children.length).toBeGreaterThan(0);
  for (const pid of children) killIfThere(pid);
  expect(await ended(turnId)).toMatchObject({ state: "failed", reason: "crashed" });
  expect(await server.client.getQuestion(id)).toMatchObject({ state: "expired" });
});

test("[D-18, A-19] killed while a question is open: after the restart it is expired, told to whoever follows, and never asked again", async () => {
  const { sessionId, turnId } = await asking(FORM);
  const { id } = await questionOf(sessionId);
  const { lastSeq } = await server.client.getSession(sessionId);
  await server.kill();
  server = await startHoldfast(options);
  expect(await ended(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
  expect(await server.client.getQuestion(id)).toMatchObject({ state: "expired" });
  expect(await server.client.getSession(sessionId)).toMatchObject({
    status: "idle",
    attention: "interrupted",
  });
  const signal = AbortSignal.timeout(60_000);
  const states: string[] = [];
  for await (const item of server.client.streamSession({ sessionId, after: lastSeq, signal })) {
    if (item.kind === "caught-up") break;
    if (item.kind === "event" && "question" in item.event.data)
      states.push(`${item.event.type} ${item.event.data.question.state}`);
  }
  expect(states).toEqual(["question.expired expired"]);
  // The next turn is about something else.
  const { turn } = await server.client.admitInput(sessionId, { parts: [{ type: "text", text: "SAY next" }] });
  await server.client.resumeQueue(sessionId);
  expect(await ended(turn.id)).toMatchObject({ state: "completed" });
  expect((await server.client.listQuestions({ sessionId })).total).toBe(1);
  expect((await server.client.diagnostics()).drift).toEqual([]);
});
