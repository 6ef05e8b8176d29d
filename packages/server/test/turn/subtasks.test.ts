import {
  type InputId,
  isSubtasksPart,
  type Session,
  type SessionId,
  subtaskOf,
  type ToolPart,
  type TurnId,
} from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PromptResult } from "../../src/agents/index.ts";
import type { Death } from "./mortal-store.ts";
import { DataDirectory, OWNER, type Room, type Subtask } from "./room.ts";
import { agentError, endTurn, type Script, untilCancelled } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterEach(() => room.crash());
afterAll(() => directory.remove());

const look: Subtask = { agent: "helper", description: "Look around", prompt: "what is there?" };
const count: Subtask = {
  agent: "other",
  description: "Count",
  prompt: "how many?",
  model: { modelId: "small" },
};
const never = () => new Promise<PromptResult>(() => undefined);
const says =
  (text: string): Script =>
  ({ sink }) => {
    sink.emit({ type: "text", text });
    return Promise.resolve(endTurn);
  };

async function childrenOf(parentId: SessionId): Promise<Session[]> {
  const { items } = await room.store.listSessions({ filter: { parentId }, limit: 10 });
  return items.toReversed();
}

async function calls(turnId: TurnId): Promise<ToolPart[]> {
  return (await room.answer(turnId)).parts.filter((part) => part.type === "tool");
}

/** The turn of the child that the only call stands for, once there is one. */
async function childTurn(turnId: TurnId): Promise<TurnId> {
  let found: TurnId | undefined;
  await room.until(async () => {
    const [call] = await calls(turnId);
    const link = call && subtaskOf(call);
    found = link && (await room.store.getTurn(link.turnId))?.id;
    return found !== undefined;
  }, true);
  return found as TurnId;
}

test("[R-9.1, A-14, A-8] subtasks run one after another, each in a child session with its own agent and model and on the parent's lease, before the rest", async () => {
  room.agent.places = 1;
  const sessionId = await room.createSession({ approvalMode: "edits" });
  room.agent.next(says("a tree"), says("seven"));
  const turnId = await room.say(sessionId, "plant more", { subtasks: [look, count] });
  expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  const parent = await room.session(sessionId);
  const { workspaceId, directory: place } = parent;
  const common = {
    parentId: sessionId,
    workspaceId,
    directory: place,
    approvalMode: "edits",
    resumePolicy: "never",
  };
  const children = await childrenOf(sessionId);
  expect(children).toMatchObject([
    { ...common, title: "Look around", agent: "helper" },
    { ...common, title: "Count", agent: "other", model: { modelId: "small" } },
  ]);
  expect(room.agent.opened.map(({ agent }) => agent)).toEqual(["helper", "other", "rehearsal"]);
  expect(room.agent.prompts.slice(0, 2)).toEqual(["what is there?", "how many?"]);
  const made = await calls(turnId);
  expect(made).toMatchObject([
    { tool: "task", state: { status: "completed", title: "Look around", output: "a tree" } },
    {
      tool: "task",
      state: { status: "completed", title: "Count", output: "seven", input: { agent: "other" } },
    },
  ]);
  expect(made.map((call) => subtaskOf(call)?.sessionId)).toEqual(children.map(({ id }) => id));
  const { turnId: first } = subtaskOf(made[0] as ToolPart) ?? {};
  expect(await room.turn(first as TurnId)).toMatchObject({
    state: "completed",
    actor: OWNER,
  });
});

test("[R-9.2] what they came to goes out once in front of the user's words, and stands on the user's message", async () => {
  const sessionId = await room.createSession();
  room.agent.next(says("a tree"));
  const turnId = await room.say(sessionId, "plant more", { subtasks: [look] });
  await room.ended(turnId);
  const [, told] = room.agent.prompts;
  expect(told).toMatch(/^<holdfast-subtasks>\n[^]*a tree[^]*<\/holdfast-subtasks>plant more$/);
  expect(told).not.toContain("said nothing");
  const [message] = await room.store.messagesOfTurn(turnId);
  expect(message?.parts.filter(isSubtasksPart)).toHaveLength(1);
  expect((await room.store.getInput((await room.turn(turnId)).inputId as InputId))?.parts).toHaveLength(2);
  await room.ended(await room.say(sessionId, "and now?"));
  expect(room.agent.prompts[2]).toBe("and now?");
});

test("[R-9.2] an input of subtasks alone asks its agent to go on from what they came to", async () => {
  const sessionId = await room.createSession();
  room.agent.next(says("a tree"));
  await room.ended(await room.say(sessionId, "", { subtasks: [look] }));
  expect(room.agent.prompts[1]).toMatch(/<\/holdfast-subtasks>\nThe user said nothing beside the subtasks/);
});

test("[R-9.1, A-7] a child has the MCP servers of its parent's session, and not those that it leaves out", async () => {
  const docs = { type: "http", url: "https://docs.example/mcp", headers: { Authorization: "hush" } } as const;
  const mcpServers = { docs, old: { type: "off" } } as const;
  const sessionId = await room.createSession({ mcpServers });
  await room.ended(await room.say(sessionId, "", { subtasks: [look] }));
  const [child] = await childrenOf(sessionId);
  expect(child?.mcpServers).toEqual((await room.session(sessionId)).mcpServers);
  expect(Object.keys(child?.mcpServers ?? {})).toEqual(["docs", "old"]);
});

test("[R-9.1] one that fails is a failed call with why, the next one runs, and the agent is told", async () => {
  const sessionId = await room.createSession();
  room.agent.next(({ sink }) => {
    sink.emit({ type: "text", text: "so far" });
    return Promise.resolve({ outcome: "failed", error: agentError("prompt", "No more tokens.") });
  }, says("seven"));
  const turnId = await room.say(sessionId, "go on", { subtasks: [look, count] });
  expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  expect(await calls(turnId)).toMatchObject([
    { state: { status: "error", error: "failed: error (No more tokens.)", output: "so far" } },
    { state: { status: "completed", output: "seven" } },
  ]);
  expect(room.agent.prompts[2]).toContain("not completed: failed: error (No more tokens.)");
});

describe("[R-9.1, A-7] a command", () => {
  const command: Subtask = { ...look, command: "review" };

  test("[R-9.1] is run by its name where the child's agent offers it", async () => {
    room.agent.offers = ["help", "review"];
    const turnId = await room.say(await room.createSession(), "go on", { subtasks: [command] });
    expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
    expect(room.agent.prompts[0]).toBe("/review what is there?");
  });

  test.each([
    ["that the agent does not offer", ["help"], "It offers /help."],
    ["of an agent that tells of none", undefined, "It offers none."],
  ])("[A-7] %s ends both turns by its field, before any prompt", async (_name, offers, why) => {
    room.agent.offers = offers;
    const turnId = await room.say(await room.createSession(), "go on", { subtasks: [command] });
    await room.until(async () => (room.clock.advance(1_000), (await room.turn(turnId)).state), "failed");
    const message = `command: helper does not offer /review. ${why}`;
    const error = { name: "AgentError", data: { agent: "helper", phase: "open" } };
    expect(await room.turn(turnId)).toMatchObject({
      error: { ...error, data: { message: `parts.0.${message}` } },
    });
    const [call] = await calls(turnId);
    const { turnId: child } = (call && subtaskOf(call)) ?? {};
    expect(await room.turn(child as TurnId)).toMatchObject({ state: "failed", error: { data: { message } } });
    expect(room.agent.prompts).toEqual([]);
  });
});

describe("[R-9.1, A-15] a stop of the parent", () => {
  test("[R-9.1, R-17.17] reaches its child, and both are cancelled; what is left is not run", async () => {
    room.agent.next(untilCancelled);
    const turnId = await room.say(await room.createSession(), "go on", { subtasks: [look, count] });
    const child = await childTurn(turnId);
    await room.until(() => room.text(child), "working");
    await room.turns.cancel({ turnId, actor: OWNER });
    expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect(await room.turn(child)).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect(await calls(turnId)).toMatchObject([
      { metadata: { turnId: child }, state: { status: "error", output: "working" } },
    ]);
    expect(room.agent.prompts).toEqual(["what is there?"]);
  });

  test("[D-21] the shutdown ends both as what it is", async () => {
    room.agent.next(untilCancelled);
    const turnId = await room.say(await room.createSession(), "go on", { subtasks: [look] });
    const child = await childTurn(turnId);
    await room.until(() => room.text(child), "working");
    let isStopped = false;
    const stopped = room.turns.stop(1_000).then(() => (isStopped = true));
    await room.until(() => (room.clock.advance(500), isStopped), true);
    await stopped;
    for (const id of [turnId, child])
      expect(await room.turn(id)).toMatchObject({ state: "aborted", reason: "shutdown" });
  });
});

test("[R-9.1, A-18] no time of a child counts for its parent", async () => {
  const { promise, resolve: end } = Promise.withResolvers<PromptResult>();
  let say: (output: string) => void = () => undefined;
  room.agent.next(({ sink }) => {
    say = (output) =>
      sink.emit({ type: "tool", update: { callId: "c", tool: "bash", status: "running", output } });
    say("one");
    return promise;
  });
  const turnId = await room.say(await room.createSession(), "go on", { subtasks: [look] });
  const child = await childTurn(turnId);
  const isStalled = async () => "stalled" in (await room.turn(child));
  await room.until(async () => (await calls(child)).length, 1);
  for (const output of ["two", "three"]) {
    room.clock.advance(55 * 60_000);
    await room.until(isStalled, true);
    say(output);
    await room.until(isStalled, false);
  }
  expect(await room.turn(turnId)).toMatchObject({ state: "running" });
  expect(await room.turn(turnId)).not.toHaveProperty("stalled");
  end(endTurn);
  await room.until(async () => (room.clock.advance(250), (await room.turn(turnId)).state), "completed");
});

test("[R-9.4, D-10] what a child asks of a person shows on every session above it, and is gone with its answer", async () => {
  const sessionId = await room.createSession();
  room.agent.next(async ({ sink }) => {
    await sink.ask({ tool: "bash", title: "ls", kind: "execute", args: {}, patterns: ["ls"] });
    await sink.askQuestion({ message: "Which?", fields: [] }, new AbortController().signal);
    return endTurn;
  });
  const turnId = await room.say(sessionId, "go on", { subtasks: [look] });
  const state = async () => {
    const { status, attention } = await room.session(sessionId);
    return `${status} ${attention}`;
  };
  const { id } = await room.pending();
  expect(await state()).toBe("waiting permission");
  await room.permissions.reply({ permissionId: id, reply: "once", actor: OWNER });
  const question = await room.pendingQuestion();
  expect(await state()).toBe("waiting question");
  await room.questions.reply({ questionId: question.id, answer: { action: "decline" }, actor: OWNER });
  expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  expect(await state()).toBe("idle none");
  const shown = room.events.filter(
    (event) => event.sessionId === sessionId && event.type === "session.status",
  );
  expect(shown.map(({ data }) => (JSON.parse(data) as { status: string }).status)).toEqual([
    "busy",
    "waiting",
    "busy",
    "waiting",
    "busy",
    "idle",
  ]);
});

describe("[D-18, R-9.1] a crash", () => {
  const deaths: [name: string, death: Death][] = [
    ["before the child session is made", { command: "createSession", side: "before" }],
    ["behind it", { command: "createSession", side: "after" }],
    ["before the child is asked", { command: "admitInput", side: "before" }],
    ["before the child's turn starts", { command: "admitInput", side: "after" }],
    ["while the child's turn ends", { command: "beginFinalize", side: "after" }],
    ["when the child's turn has ended", { command: "finalizeTurn", side: "after" }],
  ];

  test.each(deaths)(
    "[D-18] %s: parent and child are ended once, and nothing runs again",
    async (_name, death) => {
      const sessionId = await room.createSession();
      const turnId = await room.admit(sessionId, "go on", { subtasks: [look, count] });
      room.crash();
      room = await directory.start({ death });
      await room.turns.recover();
      await room.until(() => room.dead, true);
      expect(room.agent.prompts.length).toBeLessThan(2);
      await expectSettled(sessionId, turnId);
    },
  );

  test("[D-18, R-17.17] while the child works", async () => {
    const sessionId = await room.createSession();
    room.agent.next(({ sink }) => {
      sink.emit({ type: "text", text: "half" });
      return never();
    });
    const turnId = await room.say(sessionId, "go on", { subtasks: [look, count] });
    const child = await childTurn(turnId);
    await room.until(() => room.text(child), "half");
    await expectSettled(sessionId, turnId);
    expect(await room.turn(child)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect(await calls(turnId)).toMatchObject([
      { metadata: { turnId: child }, state: { status: "error", metadata: { interrupted: true } } },
    ]);
  });

  async function expectSettled(sessionId: SessionId, turnId: TurnId): Promise<void> {
    room.crash();
    room = await directory.start();
    await room.turns.recover();
    expect(await room.turn(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    const [child, ...others] = await childrenOf(sessionId);
    expect(others).toEqual([]);
    const turns =
      child === undefined ? [] : (await room.store.listTurns({ sessionId: child.id, limit: 5 })).items;
    expect(turns.filter(({ state }) => !["completed", "aborted"].includes(state))).toEqual([]);
    expect(turns.length).toBeLessThanOrEqual(1);
    expect(await room.store.liveTurns()).toEqual([]);
    expect(await room.store.startableSessions()).toEqual([]);
    expect(room.agent.prompts).toEqual([]);
  }
});
