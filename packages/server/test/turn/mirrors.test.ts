/** Sessions that an agent makes by itself for a part of its work, as read-only children. */
import { type Session, type SessionId, subtaskOf, type TurnId } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ChildTold, PromptResult, ToolUpdate, TurnSink } from "../../src/agents/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { agentError, endTurn, type Script, untilCancelled } from "./scripted-agent.ts";
import { ScriptedWatch } from "./scripted-watch.ts";

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

const never = () => new Promise<PromptResult>(() => undefined);
const tell = (sink: TurnSink, childId: string, ...told: ChildTold[]) => {
  for (const each of told) sink.emit({ type: "child", childId, told: each });
};
const began = (prompt: string, more: { callId?: string; parentId?: string } = {}): ChildTold => ({
  type: "began",
  title: "Look (@explore subagent)",
  prompt,
  ...more,
});
const says = (text: string, streamId: string): ChildTold => ({
  type: "said",
  event: { type: "text", text, streamId },
});
const call = (callId: string, status: "running" | "completed") =>
  ({
    type: "tool",
    update: { callId, status, tool: "task", ...(status === "completed" ? { output: "a tree" } : {}) },
  }) as const;

async function childrenOf(parentId: SessionId): Promise<Session[]> {
  const { items } = await room.store.listSessions({ filter: { parentId }, limit: 10 });
  return items.toReversed();
}

async function turnsOf(sessionId: SessionId) {
  return (await room.store.listTurns({ sessionId, limit: 10 })).items;
}

async function textsOf(turnId: TurnId): Promise<string[]> {
  const messages = await room.store.messagesOfTurn(turnId);
  return messages.map(
    ({ info, parts }) =>
      `${info.role}: ${parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("|")}`,
  );
}

/** Works, and hands two pieces of it to sessions of its own, one of which does so too. */
const delegates: Script = async ({ sink }) => {
  sink.emit(call("c1", "running"));
  tell(sink, "child_1", began("what is there?", { callId: "c1" }), says("a ", "p1"));
  tell(sink, "child_1", { type: "said", event: call("c2", "running") });
  tell(sink, "child_2", began("count it", { parentId: "child_1", callId: "c2" }), says("seven", "p2"));
  // As a backend does before each update.
  for (let wait = sink.drained(); wait !== undefined; wait = sink.drained()) await wait;
  const usage = { tokens: { output: 7 }, scope: "turn" as const };
  tell(sink, "child_2", { type: "ended", finish: "stop", usage });
  tell(sink, "child_1", { type: "said", event: call("c2", "completed") }, says("tree", "p1"));
  tell(sink, "child_1", { type: "ended", finish: "stop" }, says("late", "p3"));
  // Asked again, it goes on in the same session.
  tell(sink, "child_1", began("and now?"), says("nothing", "p4"), { type: "ended" });
  sink.emit(call("c1", "completed"));
  sink.emit({ type: "text", text: "done" });
  return endTurn;
};
test("[R-9.5, R-9.1] what an agent hands to sessions of its own is shown as turns of children, which its calls name, and ends before its own turn", async () => {
  const parent = await room.createSession({ approvalMode: "edits" });
  room.agent.next(delegates);
  const turnId = await room.say(parent, "look around");
  expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  const [child] = await childrenOf(parent);
  if (child === undefined) throw new Error("No child is shown.");
  const { workspaceId } = await room.session(parent);
  expect(child).toMatchObject({
    mirrors: "child_1",
    title: "Look (@explore subagent)",
    agent: "rehearsal",
    approvalMode: "edits",
    resumePolicy: "never",
    workspaceId,
    status: "idle",
    attention: "none",
  });
  const [second, first] = await turnsOf(child.id);
  expect([first, second]).toMatchObject([{ state: "completed", finish: "stop" }, { state: "completed" }]);
  expect(await textsOf(first?.id as TurnId)).toEqual(["user: what is there?", "assistant: a |tree"]);
  expect(await textsOf(second?.id as TurnId)).toEqual(["user: and now?", "assistant: nothing"]);
  const [grandchild] = await childrenOf(child.id);
  const [counted] = await turnsOf(grandchild?.id as SessionId);
  expect(counted).toMatchObject({ state: "completed", usage: { tokens: { output: 7 } } });
  expect(await textsOf(counted?.id as TurnId)).toEqual(["user: count it", "assistant: seven"]);
  const linkOf = async (of: TurnId) => (await room.answer(of)).parts.flatMap((part) => subtaskOf(part) ?? []);
  expect(await linkOf(turnId)).toMatchObject([{ sessionId: child.id, turnId: first?.id }]);
  expect(await linkOf(first?.id as TurnId)).toMatchObject([
    { sessionId: grandchild?.id, turnId: counted?.id },
  ]);
  expect(await room.text(turnId)).toBe("done");
  const ends = room.events.filter(({ type }) => type === "turn.completed").map((event) => event.turnId);
  expect(ends.at(-1)).toBe(turnId);
  // The next turn of the parent finds the same child again.
  room.agent.next(({ sink }) => {
    tell(sink, "child_1", began("once more"), says("still", "p9"), { type: "ended" });
    return Promise.resolve(endTurn);
  });
  await room.ended(await room.say(parent, "again"));
  expect((await childrenOf(parent)).map(({ id }) => id)).toEqual([child.id]);
  expect(await turnsOf(child.id)).toHaveLength(3);
});

test("[R-9.5] while it runs its session is busy and takes nothing, and recovery lets it be; a stop of the parent ends both", async () => {
  await room.turns.recover();
  const sessionId = await room.createSession();
  room.agent.next(async (scene) => {
    tell(scene.sink, "child_1", began("work"), says("working", "p1"));
    return untilCancelled(scene);
  });
  const turnId = await room.say(sessionId, "go");
  await room.until(async () => (await childrenOf(sessionId))[0]?.status, "busy");
  const [child] = await childrenOf(sessionId);
  const childId = child?.id as SessionId;
  const [running] = await turnsOf(childId);
  await expect(room.admit(childId, "hello")).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(room.turns.cancel({ turnId: running?.id as TurnId, actor: OWNER })).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining(sessionId) as string,
  });
  const looks = room.answered("liveTurns");
  await room.until(() => (room.clock.advance(10_000), room.answered("liveTurns") > looks + 2), true);
  expect((await turnsOf(childId))[0]).toMatchObject({ state: "running" });
  await room.turns.cancel({ turnId, actor: OWNER });
  expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect((await turnsOf(childId))[0]).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect(await room.session(childId)).toMatchObject({ status: "idle" });
});

test("[R-9.5, R-9.4] how a child fails stays with it, and one that its agent leaves open ends as its parent", async () => {
  const sessionId = await room.createSession();
  room.agent.next(({ sink }) => {
    const error = {
      name: "APIError",
      data: { message: "limit", isRetryable: false, resetAt: 9e12 },
    } as const;
    tell(sink, "failed", began("fail"), { type: "ended", error });
    tell(sink, "open", began("go on"), says("half", "p1"));
    return Promise.resolve({ outcome: "crashed", error: agentError("prompt") });
  });
  const turnId = await room.say(sessionId, "go");
  expect(await room.ended(turnId)).toMatchObject({ state: "failed", reason: "crashed" });
  const children = await childrenOf(sessionId);
  const turns = await Promise.all(children.map(async ({ id }) => (await turnsOf(id))[0]));
  expect(turns).toMatchObject([
    { state: "failed", reason: "error", error: { name: "APIError" } },
    { state: "failed", reason: "error", error: { name: "AgentError" } },
  ]);
  expect(children[0]).not.toHaveProperty("suspended");
});

test("[R-9.5, D-18] after a crash it is ended as interrupted, once, and its words are kept", async () => {
  const sessionId = await room.createSession();
  room.agent.next(({ sink }) => {
    tell(sink, "child_1", began("work"), says("half a word", "p1"));
    return never();
  });
  await room.say(sessionId, "go");
  await room.until(async () => {
    const [child] = await childrenOf(sessionId);
    const [turn] = child === undefined ? [] : await turnsOf(child.id);
    return turn === undefined ? [] : await textsOf(turn.id);
  }, ["user: work", "assistant: half a word"]);
  room.crash();
  room = await directory.start();
  await room.turns.recover();
  const [child] = await childrenOf(sessionId);
  const childId = child?.id as SessionId;
  expect(await turnsOf(childId)).toMatchObject([{ state: "aborted", reason: "interrupted" }]);
  expect(await textsOf((await turnsOf(childId))[0]?.id as TurnId)).toEqual([
    "user: work",
    "assistant: half a word",
  ]);
  expect(await room.session(childId)).toMatchObject({ status: "idle", queue: { length: 0, paused: false } });
});

test("[R-9.5, W-5] what a child changes of the files is evidence of the turn above it", async () => {
  room.crash();
  const watch = new ScriptedWatch();
  room = await directory.start({ watch });
  const sessionId = await room.createSession();
  room.agent.next(({ sink }) => {
    const update: ToolUpdate = {
      callId: "c1",
      status: "completed",
      kind: "edit",
      locations: [{ path: "/p/a.ts" }],
    };
    tell(
      sink,
      "child_1",
      began("edit"),
      { type: "said", event: { type: "tool", update } },
      { type: "ended" },
    );
    return Promise.resolve(endTurn);
  });
  await room.ended(await room.say(sessionId, "go"));
  expect(watch.calls.at(-1)).toBe("after /p/a.ts");
});
