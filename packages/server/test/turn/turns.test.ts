import { newId } from "@holdfast/kernel";
import type { TurnId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AgentFailure, type PromptResult } from "../../src/agents/index.ts";
import type { Store } from "../../src/store/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { agentError, endTurn, untilCancelled } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

const cancel = (turnId: TurnId) => room.turns.cancel({ turnId, actor: OWNER });
const running = (turnId: TurnId) => room.until(() => room.turn(turnId), { state: "running" });
const saidBy = (turnId: TurnId, text: string) => room.until(() => room.text(turnId), text);

describe("[A-14] turns of a session", () => {
  test("[D-11] a turn is claimed, its answer recorded and ended, and its terminal event is the last", async () => {
    const sessionId = await room.createSession();
    const turnId = await room.say(sessionId, "hello");
    const turn = await room.ended(turnId);
    expect(turn).toMatchObject({ state: "completed", finish: "end_turn", opened: "new", openedBy: "create" });
    expect(await room.text(turnId)).toBe("You said: hello");
    const { parts, info } = await room.answer(turnId);
    expect(parts.map(({ type }) => type)).toEqual(["step-start", "text", "step-finish"]);
    expect(info).toMatchObject({ role: "assistant", finish: "end_turn", parentId: turn.messageId });
    expect(room.turnEvents(turnId).at(-1)).toBe("turn.completed");
    expect(await room.session(sessionId)).toMatchObject({
      status: "idle",
      queue: { length: 0, paused: false },
    });
  });

  test("[R-1.6, A-19] an agent's steps are the turn's answers in order, and a call is asked about where it stands", async () => {
    const sessionId = await room.createSession();
    const tokens = { input: 2 };
    room.agent.next(async ({ sink }) => {
      sink.emit({ type: "step", stepId: "1" });
      sink.emit({ type: "text", text: "looking" });
      sink.emit({ type: "step", stepId: "1", finish: "tool-calls", tokens });
      sink.emit({ type: "step", stepId: "2" });
      sink.emit({ type: "tool", update: { callId: "c", tool: "bash", status: "running" } });
      const request = { tool: "bash", title: "ls", kind: "execute", args: {}, patterns: ["ls"] };
      await sink.ask({ ...request, callId: "c" });
      sink.emit({ type: "tool", update: { callId: "c", status: "completed", output: "a" } });
      sink.emit({ type: "step", stepId: "3" });
      sink.emit({ type: "text", text: "found" });
      return { ...endTurn, usage: { tokens: { input: 5 } } };
    });
    const turnId = await room.say(sessionId, "hello");
    const { id, call } = await room.pending();
    await room.permissions.reply({ permissionId: id, reply: "once", actor: OWNER });
    const turn = await room.ended(turnId);
    const [asked, ...answers] = await room.store.messagesOfTurn(turnId);
    expect(answers.map(({ info }) => info.id)).toEqual(turn.assistantMessageIds);
    expect(call).toEqual({ callId: "c", messageId: turn.assistantMessageIds[1] });
    for (const { info } of answers) expect(info).toMatchObject({ parentId: asked?.info.id });
    expect(answers.map(({ parts }) => parts.map(({ type }) => type))).toEqual([
      ["step-start", "text", "step-finish"],
      ["step-start", "tool", "step-finish"],
      ["step-start", "text", "step-finish"],
    ]);
    expect(answers.map(({ info }) => "tokens" in info && info.tokens)).toEqual([tokens, false, false]);
    expect(turn).toMatchObject({ state: "completed", usage: { tokens: { input: 5 } } });
    expect(room.turnEvents(turnId).at(-1)).toBe("turn.completed");
    // Another agent is told the whole turn.
    await room.ended(await room.say(sessionId, "and you?", { agent: "b" }));
    const handoff = room.agent.handoffs.at(-1) ?? "";
    expect(handoff).toContain("bash (completed)");
    expect(handoff).toContain("found");
  });

  test("[A-14] run one after another in the queue's order, on one agent", async () => {
    const sessionId = await room.createSession();
    const release = Promise.withResolvers<PromptResult>();
    room.agent.next(() => release.promise);
    const turns = [];
    for (const text of ["one", "two", "three"]) turns.push(await room.say(sessionId, text));
    const [one, two, three] = turns as [TurnId, TurnId, TurnId];
    await running(one);
    expect((await room.turn(two)).state).toBe("queued");
    release.resolve(endTurn);
    await room.ended(three);
    expect(room.agent.prompts).toEqual(["one", "two", "three"]);
    expect(room.agent.opened).toHaveLength(1);
    expect(await room.turn(two)).toMatchObject({ opened: "resumed", openedBy: "live" });
  });

  test("[D-8] what is for people only calls no agent, keeps its place in the queue and waits for nobody", async () => {
    const sessionId = await room.createSession();
    const release = Promise.withResolvers<PromptResult>();
    room.agent.next(() => release.promise);
    const one = await room.say(sessionId, "one");
    const note = await room.say(sessionId, "a note", { ignored: true });
    const two = await room.say(sessionId, "two");
    await running(one);
    expect((await room.turn(note)).state).toBe("queued");
    release.resolve(endTurn);
    await room.ended(two);
    expect(await room.turn(note)).toMatchObject({ state: "completed", reason: "noted" });
    expect(room.agent.prompts).toEqual(["one", "two"]);

    const elsewhere = await room.createSession();
    const alone = await room.ended(await room.say(elsewhere, "only this", { ignored: true }));
    expect(alone).toMatchObject({ state: "completed", reason: "noted", assistantMessageIds: [] });
    expect(room.agent.opened).toHaveLength(1);
    expect(await room.session(elsewhere)).toMatchObject({ status: "idle", queue: { length: 0 } });
  });

  test("[A-14] sessions run beside each other and start in the order they were woken", async () => {
    const release = Promise.withResolvers<PromptResult>();
    const sessions = [];
    for (let count = 0; count < 5; count += 1) {
      sessions.push(await room.createSession());
      room.agent.next(() => release.promise);
    }
    const turns = [];
    for (const [index, sessionId] of sessions.entries()) turns.push(await room.admit(sessionId, `${index}`));
    for (const sessionId of sessions) room.turns.wake(sessionId);
    await Promise.all(turns.map(running));
    await room.until(() => room.agent.prompts.length, 5);
    expect(room.agent.prompts).toEqual(["0", "1", "2", "3", "4"]);
    release.resolve(endTurn);
    await Promise.all(turns.map((turnId) => room.ended(turnId)));
  });

  test("[A-5] the next turn tries the stored backend session; another one in its place is said to be replayed", async () => {
    const sessionId = await room.createSession();
    await room.ended(await room.say(sessionId, "one"));
    room.agent.opened[0]?.exit(true);
    await room.until(async () => (await room.store.listAgentSessions(sessionId)).items[0], {
      status: "resumable",
    });
    expect(await room.ended(await room.say(sessionId, "two"))).toMatchObject({
      opened: "resumed",
      openedBy: "resume",
    });
    room.agent.opened[1]?.exit(false);
    await room.until(async () => (await room.store.listAgentSessions(sessionId)).items[0], {
      status: "crashed",
    });
    room.agent.remembers = false;
    expect(await room.ended(await room.say(sessionId, "three"))).toMatchObject({
      opened: "replayed",
      openedBy: "create",
    });
    const { items } = await room.store.listAgentSessions(sessionId);
    expect(items[0]).toMatchObject({ status: "idle", backendSessionId: "backend-3", version: "1.0.0" });
  });

  test("[A-5] a new backend session is durable before the agent is prompted", async () => {
    const sessionId = await room.createSession();
    let stored: string | undefined;
    room.agent.next(async () => {
      stored = (await room.store.listAgentSessions(sessionId)).items[0]?.backendSessionId;
      return endTurn;
    });
    await room.ended(await room.say(sessionId, "hello"));
    expect(stored).toBe("backend-1");
  });

  test("[D-16] a tool that ends right behind the agent's answer still ends completed", async () => {
    const sessionId = await room.createSession();
    room.agent.next(({ sink }) => {
      sink.emit({ type: "tool", update: { callId: "c", tool: "bash", status: "running" } });
      const end = () =>
        sink.emit({ type: "tool", update: { callId: "c", status: "completed", output: "done" } });
      void room.until(() => room.answer(turnId), { parts: { length: 2 } }).then(end);
      return Promise.resolve(endTurn);
    });
    const turnId = await room.say(sessionId, "hello");
    await room.ended(turnId);
    const { parts } = await room.answer(turnId);
    expect(parts.find(({ type }) => type === "tool")).toMatchObject({
      state: { status: "completed", output: "done" },
    });
  });

  test("[A-19] what an agent still asks when its turn has ended is answered cancelled", async () => {
    const sessionId = await room.createSession();
    let answer: Promise<unknown> | undefined;
    room.agent.next(async ({ sink }) => {
      answer = sink.ask({ tool: "bash", title: "ls", kind: "execute", args: {}, patterns: ["ls"] });
      await room.pending();
      return endTurn;
    });
    const turn = await room.ended(await room.say(sessionId, "hello"));
    expect(await answer).toBe("cancelled");
    expect(turn.state).toBe("completed");
    expect(await room.store.listPermissions({ sessionId })).toMatchObject([{ state: "expired" }]);
  });

  test("[A-21] usage of the turn is what was reported last, on the way or at the end", async () => {
    const sessionId = await room.createSession();
    room.agent.next(({ sink }) => {
      sink.emit({ type: "usage", usage: { context: { used: 10, size: 100 }, tokens: { input: 1 } } });
      return Promise.resolve({ ...endTurn, usage: { tokens: { input: 5, output: 2 }, cost: 0.25 } });
    });
    const turn = await room.ended(await room.say(sessionId, "hello"));
    expect(turn.usage).toMatchObject({
      tokens: { input: 5, output: 2 },
      cost: 0.25,
      context: { used: 10, size: 100 },
    });
  });
});

describe("[D-8] how turns end", () => {
  test.each([
    [{ outcome: "ended", stopReason: "refusal" }, "failed", "refused"],
    [{ outcome: "ended", stopReason: "max_turn_requests" }, "failed", "exhausted"],
    [{ outcome: "failed", error: agentError("prompt") }, "failed", "error"],
  ] as const)("[A-25] %j", async (result, state, reason) => {
    const sessionId = await room.createSession();
    room.agent.next(() => Promise.resolve(result));
    const turnId = await room.say(sessionId, "hello");
    expect(await room.ended(turnId)).toMatchObject({ state, reason });
    const { info } = await room.answer(turnId);
    expect(info).toMatchObject({
      error: { name: expect.any(String) as string },
      time: { completed: expect.any(Number) as number },
    });
  });

  test("[A-17] an agent that dies fails its turn with what it had said, is crashed, and the queue goes on", async () => {
    const sessionId = await room.createSession();
    room.agent.next(async ({ sink, handle }) => {
      sink.emit({ type: "text", text: "half" });
      sink.emit({ type: "tool", update: { callId: "c", tool: "bash", status: "running", output: "so far" } });
      handle.exit(false);
      return new Promise<PromptResult>(() => undefined);
    });
    const [one, two] = [await room.say(sessionId, "one"), await room.say(sessionId, "two")];
    expect(await room.ended(one)).toMatchObject({
      state: "failed",
      reason: "crashed",
      error: { name: "AgentError" },
    });
    const { parts } = await room.answer(one);
    expect(parts.find(({ type }) => type === "tool")).toMatchObject({
      state: { status: "error", output: "so far", metadata: { interrupted: true } },
    });
    expect(await room.text(one)).toBe("half");
    expect(await room.ended(two)).toMatchObject({ state: "completed", openedBy: "resume" });
  });

  test.each([
    [new AgentFailure("unavailable", agentError("spawn", "not installed")), "failed", "error"],
    [new AgentFailure("crashed", agentError("initialize")), "failed", "crashed"],
  ] as const)("[A-25] an opening that fails ends the turn: %s", async (failure, state, reason) => {
    const sessionId = await room.createSession();
    room.agent.openings.push(failure);
    expect(await room.ended(await room.say(sessionId, "hello"))).toMatchObject({
      state,
      reason,
      error: { name: "AgentError" },
    });
  });

  test("[A-1] a fault of a backend fails the turn without telling its text", async () => {
    const sessionId = await room.createSession();
    room.agent.next(() => Promise.reject(new Error("secret path")));
    const turn = await room.ended(await room.say(sessionId, "hello"));
    expect(turn).toMatchObject({ state: "failed", reason: "error", error: { name: "UnknownError" } });
    expect(JSON.stringify(turn)).not.toContain("secret path");
    expect(
      room.logs.some(
        ({ level, fields }) => level === "error" && String(fields.error).includes("secret path"),
      ),
    ).toBe(true);
  });
});

describe("[A-16] between turns", () => {
  test("[A-16] state of an idle agent applies to its agent session, and its title to a session without one", async () => {
    const sessionId = await room.createSession();
    await room.ended(await room.say(sessionId, "hello"));
    const handle = room.agent.opened[0];
    handle?.idle.emit({ type: "modes", modes: { current: "auto", available: [] } });
    handle?.idle.emit({ type: "info", title: "Greeting" });
    await room.until(async () => (await room.store.listAgentSessions(sessionId)).items[0], {
      modes: { current: "auto", available: [] },
    });
    await room.until(async () => (await room.session(sessionId)).title, "Greeting");
    handle?.idle.emit({ type: "info", title: "Another" });
    await room.ended(await room.say(sessionId, "again"));
    expect((await room.session(sessionId)).title).toBe("Greeting");
  });

  test("[A-16] what an agent says to nobody while a turn runs is noted under that turn and enters no message", async () => {
    const sessionId = await room.createSession();
    room.agent.next(({ handle }) => {
      handle.idle.emit({ type: "late", kind: "text", bytes: 4, tail: "late" });
      return Promise.resolve(endTurn);
    });
    const turnId = await room.say(sessionId, "hello");
    await room.ended(turnId);
    expect(room.turnEvents(turnId)).toContain("agent.late");
    expect(await room.text(turnId)).toBe("");
  });
});

describe("[D-6] waiting for the end of a turn", () => {
  test("[D-5] a waiter that leaves or runs out of time cancels nothing", async () => {
    const sessionId = await room.createSession();
    const release = Promise.withResolvers<PromptResult>();
    room.agent.next(() => release.promise);
    const turnId = await room.say(sessionId, "hello");
    const left = new AbortController();
    const waits = [
      room.turns.finished(turnId, 1_000_000, left.signal),
      room.turns.finished(turnId, 1_000),
      room.turns.finished(turnId, 1_000_000),
    ];
    await running(turnId);
    left.abort();
    expect(await waits[0]).toBeUndefined();
    room.clock.advance(1_000);
    expect(await waits[1]).toBeUndefined();
    expect((await room.turn(turnId)).state).toBe("running");
    release.resolve(endTurn);
    expect(await waits[2]).toMatchObject({ id: turnId, state: "completed" });
    expect(await room.turns.finished(turnId, 0)).toMatchObject({ state: "completed" });
  });

  test("[D-6] an end that is committed while a waiter is looking is not missed", async () => {
    const looked = Promise.withResolvers<void>();
    let looks = 0;
    const wrap = (store: Store): Store => ({
      ...store,
      getTurn: async (id) => {
        const turn = await store.getTurn(id);
        looks += 1;
        if (looks === 1) await looked.promise;
        return turn;
      },
    });
    const held = await directory.start({ wrap });
    const turnId = await held.say(await held.createSession(), "hello");
    const waiting = held.turns.finished(turnId, 1_000_000);
    await held.until(async () => (await room.turn(turnId)).state, "completed");
    looked.resolve();
    expect(await waiting).toMatchObject({ state: "completed" });
  });

  test("[D-6] an unknown turn, and one whose session is deleted meanwhile, are not found", async () => {
    await expect(room.turns.finished(newId("trn"), 1_000)).rejects.toMatchObject({ code: "NOT_FOUND" });
    const sessionId = await room.createSession();
    const turnId = await room.admit(sessionId, "never woken");
    const waiting = room.turns.finished(turnId, 1_000_000);
    const outcome = waiting.catch((error: unknown) => error);
    await room.turn(turnId);
    await room.store.deleteSession({ sessionId, actor: OWNER });
    expect(await outcome).toMatchObject({ code: "NOT_FOUND" });
  });

  test("[A-14] a session is let go when nothing runs, and is busy while something does", async () => {
    const sessionId = await room.createSession();
    room.agent.next(untilCancelled);
    const turnId = await room.say(sessionId, "hello");
    await saidBy(turnId, "working");
    const busy = room.turns.release(sessionId).catch((error: unknown) => error);
    room.clock.advance(5_000);
    expect(await busy).toMatchObject({ code: "SESSION_BUSY" });
    await cancel(turnId);
    await room.turns.release(sessionId);
    expect(room.agent.find(sessionId, "rehearsal")).toBeUndefined();
    expect((await room.turn(turnId)).state).toBe("aborted");
  });
});
