/** What real opencode answers in JSON, what it asks a person, and what it does as the child of a subtask, on the scripted model. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryDirectory, until } from "../harness/index.ts";
import { matrixAgent } from "../matrix/agents.ts";
import { Bench, STEP_MS } from "../matrix/bench.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let bench: Bench;

beforeAll(async () => {
  directory = await temporaryDirectory("opencode-answers");
  bench = await Bench.open(matrixAgent("opencode"), directory.path);
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test("[R-2.1, A-7] an answer that does not fit is asked for again, and says which model gave it; an unknown one is refused", async () => {
  const { sessionId } = await bench.newPlace();
  const schema = { type: "object", properties: { bird: { type: "string" } }, required: ["bird"] };
  const answer = await bench.client.admitInputAndWait(
    sessionId,
    {
      ...bench.prompt("SAY a heron", 'LATER {"bird": "heron"}'),
      format: { type: "json_schema", schema, retryCount: 2 },
    },
    { timeoutMs: STEP_MS },
  );
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  expect(answer.turn.state).toBe("completed");
  const answers = answer.messages.flatMap(({ info }) => (info.role === "assistant" ? [info] : []));
  expect(answers.map(({ structured }) => structured)).toEqual([undefined, { bird: "heron" }]);
  expect(answers[0]?.metadata).toMatchObject({ validation: { try: 1 } });
  for (const { model: ran } of answers)
    expect(ran).toEqual({
      providerId: expect.any(String) as string,
      modelId: expect.any(String) as string,
    });
  const unknown = await bench.client.admitInputAndWait(
    (await bench.newPlace()).sessionId,
    { ...bench.prompt("SAY x"), model: { providerId: "none", modelId: "none-such" } },
    { timeoutMs: STEP_MS },
  );
  expect(unknown.turn).toMatchObject({
    state: "failed",
    error: {
      data: { phase: "open", message: expect.stringMatching(/^model: opencode does not offer/) as string },
    },
  });
});

test("[A-19] its question waits for a person, is answered once, and the model reads the answer", async () => {
  const place = await bench.newPlace();
  const { sessionId } = place;
  const questions = [
    { question: "Which colour?", header: "Colour", options: [{ label: "Red", description: "warm" }] },
    {
      question: "Which days?",
      header: "Days",
      multiple: true,
      options: ["Mon", "Tue", "Wed"].map((label) => ({ label, description: "a day" })),
    },
  ];
  const admitted = await bench.client.admitInput(
    sessionId,
    bench.prompt(`CALL question ${JSON.stringify({ questions })}`, "SAY done"),
  );
  const question = await until(
    "the question",
    async () => (await bench.client.listQuestions({ state: "pending", sessionId })).items[0],
    STEP_MS,
  );
  expect(question).toMatchObject({
    turnId: admitted.turn.id,
    agent: "opencode",
    message: "Colour, Days",
    call: { callId: expect.any(String) as string },
    fields: [
      { type: "one", description: "Which colour?", options: [{ value: "Red" }], custom: true },
      { type: "many", title: "Days", options: [{ value: "Mon" }, { value: "Tue" }, { value: "Wed" }] },
    ],
  });
  expect(await bench.client.getSession(sessionId)).toMatchObject({
    status: "waiting",
    attention: "question",
  });
  const content = { question_1: "mauve", question_2: ["Mon", "Wed"] };
  await bench.client.replyQuestion(question.id, { action: "accept", content });
  const turn = await bench.ended(admitted.turn);
  expect(turn).toMatchObject({ state: "completed" });
  const { items } = await bench.client.listMessages(sessionId);
  const told = items
    .flatMap(({ parts }) => parts)
    .flatMap((part) =>
      part.type === "tool" && part.state.status === "completed" ? [part.state.output] : [],
    );
  expect(told.join("")).toMatch(/mauve[^]*Mon, Wed/);
  expect(await bench.textOf(place, turn)).toBe("done");
  const rejected = await bench.client.admitInput(
    sessionId,
    bench.prompt(`CALL question ${JSON.stringify({ questions: questions.slice(0, 1) })}`, "SAY next"),
  );
  const again = await until(
    "the second question",
    async () => (await bench.client.listQuestions({ state: "pending", sessionId })).items[0],
    STEP_MS,
  );
  expect(again).toMatchObject({
    message: "Which colour?",
    fields: [{ name: "question_1", title: "Colour" }],
  });
  await bench.client.replyQuestion(again.id, { action: "decline" });
  await bench.ended(rejected.turn);
  expect((await bench.client.listQuestions({ sessionId })).items.map(({ state }) => state)).toEqual([
    "replied",
    "replied",
  ]);
  expect((await bench.ask(place, "SAY after")).text).toBe("after");
});

test("[R-9.1, R-9.2] subtasks run as its children, by words and by a command of its own, and the parent goes on", async () => {
  const { sessionId, directory: place } = await bench.newPlace();
  const commands = join(place, ".opencode", "command");
  await mkdir(commands, { recursive: true });
  await writeFile(join(commands, "greet.md"), "---\ndescription: greets\n---\nSAY Good day, $ARGUMENTS.\n");
  const [words] = bench.prompt("SAY a heron").parts;
  const prompt = words?.type === "text" ? words.text : "";
  const common = { type: "subtask", agent: "opencode" } as const;
  const parts = [
    { ...common, description: "Look", prompt },
    { ...common, description: "Greet", command: "greet", prompt: "heron" },
    ...bench.prompt("SAY done").parts,
  ];
  const answer = await bench.client.admitInputAndWait(sessionId, { parts }, { timeoutMs: STEP_MS });
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  expect(answer.turn).toMatchObject({ state: "completed" });
  const said = answer.messages.filter(({ info }) => info.role === "assistant").flatMap((each) => each.parts);
  const outputs = said.map((part) =>
    part.type === "tool" && part.state.status === "completed" ? part.state.output : undefined,
  );
  expect(outputs.filter((output) => output !== undefined)).toEqual(["a heron", "Good day, heron."]);
  expect(said.flatMap((part) => (part.type === "text" ? [part.text] : []))).toEqual(["done"]);
  const children = (await bench.client.listSessions({ parentId: sessionId })).items;
  expect(children.map(({ title, status }) => [title, status])).toEqual([
    ["Greet", "idle"],
    ["Look", "idle"],
  ]);
});

test("[R-9.5] what its own tool task does is shown as a child that takes nothing, with what it was asked and what it said", async () => {
  const place = await bench.newPlace("all");
  const { sessionId } = place;
  const [words] = bench.prompt("SAY a heron").parts;
  const prompt = words?.type === "text" ? words.text : "";
  const work = { description: "Look", prompt, subagent_type: "general" };
  const answer = await bench.client.admitInputAndWait(
    sessionId,
    bench.prompt(`CALL task ${JSON.stringify(work)}`, "SAY done"),
    { timeoutMs: STEP_MS },
  );
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  expect(answer.turn).toMatchObject({ state: "completed" });
  const [child] = (await bench.client.listSessions({ parentId: sessionId })).items;
  if (child === undefined) throw new Error("No child is shown.");
  expect(child).toMatchObject({
    parentId: sessionId,
    mirrors: expect.stringMatching(/^ses_/) as string,
    title: expect.stringContaining("Look") as string,
    agent: "opencode",
    status: "idle",
  });
  const { items } = await bench.client.listMessages(child.id);
  const said = items.map(({ info, parts }) => [
    info.role,
    parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("|"),
  ]);
  expect(said).toEqual([
    ["user", prompt],
    ["assistant", "a heron"],
  ]);
  const calls = answer.messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === "tool" ? [part] : [])),
  );
  expect(calls).toMatchObject([
    {
      tool: "task",
      state: { status: "completed" },
      metadata: { sessionId: child.id, turnId: items[0]?.info.turnId },
    },
  ]);
  const refused = bench.client.admitInput(child.id, bench.prompt("SAY x"));
  await expect(refused).rejects.toMatchObject({ status: 409 });
});
