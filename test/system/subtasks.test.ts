/** Subtasks over HTTP, with the rehearsal agent as parent and as child. */
import { type AdmitInput, subtaskOf, type ToolPart } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { sampleOf } from "../harness/sample.ts";

const TURN_MS = 240_000;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;
beforeAll(async () => {
  directory = await temporaryDirectory("subtasks");
  server = await startHoldfast({ root: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const subtask = (prompt: string, more: { command?: string } = {}) =>
  ({ type: "subtask", agent: "rehearsal", description: "Look", prompt, ...more }) as const;
const text = (words: string) => ({ type: "text", text: words }) as const;

let places = 0;
const newSession = async (on = server): Promise<string> => {
  const place = await on.place(`p${(places += 1)}`);
  return (await on.client.createSession({ directory: place, agent: "rehearsal", approvalMode: "all" })).id;
};

async function ask(sessionId: string, parts: AdmitInput["parts"]) {
  const answer = await server.client.admitInputAndWait(sessionId, { parts }, { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  const calls = answer.messages.flatMap((message) => message.parts).filter((part) => part.type === "tool");
  return { ...answer, calls };
}

const linkOf = (call: ToolPart | undefined) => {
  const link = call === undefined ? undefined : subtaskOf(call);
  if (link === undefined) throw new Error("No call stands for a subtask.");
  return link;
};

test("[R-9.1, A-14] a child writes on its parent's lease, and the parent goes on from what it said", async () => {
  const sessionId = await newSession();
  const { turn, messages, calls } = await ask(sessionId, [
    subtask("WRITE seen.txt a heron\nSAY a heron"),
    text("READ seen.txt\nSAY done"),
  ]);
  expect(turn).toMatchObject({ state: "completed" });
  expect(calls[0]).toMatchObject({ tool: "task", state: { status: "completed", output: "a heron" } });
  expect(messages.flatMap(({ parts }) => parts)).toContainEqual(
    expect.objectContaining({ type: "text", text: expect.stringContaining("done") as string }),
  );
  const child = await server.client.getSession(linkOf(calls[0]).sessionId);
  expect(child).toMatchObject({ parentId: sessionId, title: "Look", status: "idle", attention: "none" });
  expect((await server.client.listSessions({ parentId: sessionId })).items).toHaveLength(1);
  const said = (await server.client.listMessages(child.id, { limit: 5 })).items;
  expect(said.map(({ info }) => info.role)).toEqual(["user", "assistant"]);
});

test("[R-9.1, A-7] a command runs where the child's agent offers it; one that it does not offer ends the turn by its field", async () => {
  const offered = await ask(await newSession(), [subtask("", { command: "help" }), text("SAY done")]);
  expect(offered.turn).toMatchObject({ state: "completed" });
  expect(offered.calls[0]).toMatchObject({ state: { status: "completed", input: { command: "help" } } });
  const { turn } = await ask(await newSession(), [text("SAY done"), subtask("x", { command: "none-such" })]);
  expect(turn).toMatchObject({
    state: "failed",
    error: {
      name: "AgentError",
      data: { message: "parts.1.command: rehearsal does not offer /none-such. It offers /help." },
    },
  });
});

test.each(sampleOf(["subtask.named", "subtask.admitted", "subtask.ended"], 1))(
  "[D-18, R-9.1] a crash at %s ends parent and child once, and nothing runs again",
  async (point) => {
    await using other = await temporaryDirectory("subtask-crash");
    const root = other.path;
    const dying = await startHoldfast({ root, environment: { HOLDFAST_FAULT: point } });
    const sessionId = await newSession(dying);
    const { turn } = await dying.client.admitInput(sessionId, {
      parts: [subtask("SAY a heron"), text("SAY done")],
    });
    await until(
      "its death",
      async () => ((await dying.client.getTurn(turn.id).catch(() => "gone")) === "gone" ? true : undefined),
      TURN_MS,
    );
    await using revived = await startHoldfast({ root });
    expect(await revived.client.getTurn(turn.id)).toMatchObject({ state: "aborted", reason: "interrupted" });
    const [child] = (await revived.client.listSessions({ parentId: sessionId })).items;
    if (child === undefined) throw new Error("There is no child.");
    const turns = (await revived.client.listTurns(child.id, { limit: 5 })).items;
    expect(turns.map(({ state }) => state)).toEqual(
      { "subtask.named": [], "subtask.admitted": ["aborted"], "subtask.ended": ["completed"] }[point],
    );
    const { items } = await revived.client.listMessages(sessionId, { limit: 10 });
    const calls = items.flatMap(({ parts }) => parts).filter((part) => part.type === "tool");
    expect(calls).toMatchObject([{ state: { status: "error", metadata: { interrupted: true } } }]);
    expect((await revived.client.listTurns(sessionId, { limit: 5 })).items).toHaveLength(1);
  },
);
