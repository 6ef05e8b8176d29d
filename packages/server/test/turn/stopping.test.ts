import type { ToolState, TurnId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AgentFailure, type PromptResult, type ToolUpdate } from "../../src/agents/index.ts";
import type { Store } from "../../src/store/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { agentError, endTurn, type Scene, untilCancelled } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

const MIN = 60_000;
const cancel = (turnId: TurnId) => room.turns.cancel({ turnId, actor: OWNER });
const running = (turnId: TurnId) => room.until(() => room.turn(turnId), { state: "running" });
const saidBy = (turnId: TurnId, text: string) => room.until(() => room.text(turnId), text);

describe("[A-15] cancel", () => {
  test("[D-10, R-17.12] a running turn: the intent is durable first, the agent is told, and its answer does not matter", async () => {
    const sessionId = await room.createSession();
    let intent: unknown;
    room.agent.next(async ({ sink, cancelled }) => {
      sink.emit({ type: "text", text: "working" });
      await cancelled;
      intent = (await room.turn(turnId)).stopping;
      sink.emit({ type: "text", text: ", stopped" });
      return endTurn;
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(turnId, "working");
    await Promise.all([cancel(turnId), cancel(turnId)]);
    const turn = await room.ended(turnId);
    expect(turn).toMatchObject({
      state: "aborted",
      reason: "cancelled",
      error: { name: "MessageAbortedError" },
    });
    expect(intent).toEqual(expect.any(Number));
    expect(await room.text(turnId)).toBe("working, stopped");
    expect(room.agent.opened[0]?.cancels).toBe(1);
    expect((await room.store.listAgentSessions(sessionId)).items[0]?.status).toBe("idle");
    await cancel(turnId);
    expect(await room.turn(turnId)).toEqual(turn);
  });

  test("[D-16, A-15, R-17.10] a call that the agent fails because of the stop was interrupted; one that it completes was not", async () => {
    const sessionId = await room.createSession();
    room.agent.next(async ({ sink, cancelled }) => {
      const tool = (update: ToolUpdate) => sink.emit({ type: "tool", update });
      tool({ callId: "failed before", status: "error", error: "broke" });
      for (const callId of ["cut", "done"]) tool({ callId, status: "running", output: "so far" });
      sink.emit({ type: "text", text: "working" });
      await cancelled;
      tool({ callId: "cut", status: "error", error: "cancelled" });
      tool({ callId: "done", status: "completed" });
      return endTurn;
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(turnId, "working");
    await cancel(turnId);
    await room.ended(turnId);
    const states: Record<string, ToolState> = {};
    const { parts } = await room.answer(turnId);
    for (const part of parts) if (part.type === "tool") states[part.callId] = part.state;
    expect(states).toMatchObject({
      cut: { status: "error", error: "cancelled", output: "so far", metadata: { interrupted: true } },
      done: { status: "completed", output: "so far", metadata: {} },
      "failed before": { status: "error", error: "broke" },
    });
    expect(states["failed before"]).not.toHaveProperty("metadata");
  });

  test("[D-6] stopping pauses what is queued until it is resumed; a queued turn that is cancelled ends at once", async () => {
    const sessionId = await room.createSession();
    room.agent.next(untilCancelled);
    const [one, two, three] = [
      await room.say(sessionId, "1"),
      await room.say(sessionId, "2"),
      await room.say(sessionId, "3"),
    ];
    await saidBy(one, "working");
    await cancel(two);
    expect(await room.turn(two)).toMatchObject({ state: "aborted", reason: "cancelled" });
    await cancel(one);
    await room.ended(one);
    await room.until(() => room.session(sessionId), { status: "idle", queue: { length: 1, paused: true } });
    await room.store.resumeQueue({ sessionId, actor: OWNER });
    room.turns.wake(sessionId);
    expect(await room.ended(three)).toMatchObject({ state: "completed" });
  });

  test("[A-15] an agent that ignores its cancel is ended after the ladder's time, and what it says then is late", async () => {
    const sessionId = await room.createSession();
    let deaf: Scene | undefined;
    room.agent.next((scene) => {
      deaf = scene;
      scene.sink.emit({ type: "text", text: "working" });
      return new Promise<PromptResult>(() => undefined);
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(turnId, "working");
    await cancel(turnId);
    room.clock.advance(24_999);
    expect((await room.turn(turnId)).state).toBe("running");
    room.clock.advance(1);
    expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect(room.agent.closed).toContain(sessionId);
    deaf?.sink.emit({ type: "text", text: "still here" });
    expect(await deaf?.sink.ask({ tool: "bash", title: "", kind: "execute", args: {}, patterns: [] })).toBe(
      "cancelled",
    );
    const next = await room.say(sessionId, "next");
    await room.ended(next);
    expect(await room.text(next)).toBe("You said: next");
    expect(await room.text(turnId)).toBe("working");
  });

  test("[A-15] while the agent is still opening: the opening is stopped and nothing is prompted", async () => {
    const sessionId = await room.createSession();
    room.agent.openings.push(new Promise<void>(() => undefined));
    const turnId = await room.say(sessionId, "hello");
    await running(turnId);
    await cancel(turnId);
    expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect(room.agent.prompts).toEqual([]);
  });

  test("[A-15] an agent that opens after all is not prompted either, and stays for the next turn", async () => {
    const sessionId = await room.createSession();
    const open = Promise.withResolvers<void>();
    room.agent.ignoresAbort = true;
    room.agent.openings.push(open.promise);
    const turnId = await room.say(sessionId, "hello");
    await running(turnId);
    await cancel(turnId);
    open.resolve();
    expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect(room.agent.prompts).toEqual([]);
    expect(await room.ended(await room.say(sessionId, "again"))).toMatchObject({ openedBy: "live" });
  });

  test("[A-15] an opening that does not obey is left behind after the ladder's time", async () => {
    const sessionId = await room.createSession();
    room.agent.acquire = () => new Promise(() => undefined);
    const turnId = await room.say(sessionId, "hello");
    await running(turnId);
    await cancel(turnId);
    room.clock.advance(25_000);
    expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
  });

  test("[D-10] a cancel that is committed right behind the claim still stops the turn", async () => {
    for (let count = 0; count < 20; count += 1) {
      const sessionId = await room.createSession();
      room.agent.next(untilCancelled);
      const turnId = await room.admit(sessionId, "hello");
      room.turns.wake(sessionId);
      await cancel(turnId);
      expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
      room.agent.scripts.length = 0;
    }
  });
});

test("[D-10] a cancel that is answered before the claim is stops the turn as well", async () => {
  const claim = Promise.withResolvers<void>();
  const wrap = (store: Store): Store => ({
    ...store,
    startTurn: async (command) => {
      const started = await store.startTurn(command);
      await claim.promise;
      return started;
    },
  });
  const held = await directory.start({ wrap });
  held.agent.next(untilCancelled);
  const turnId = await held.say(await held.createSession(), "hello");
  await held.until(() => held.turn(turnId), { state: "running" });
  await held.turns.cancel({ turnId, actor: OWNER });
  claim.resolve();
  expect(await held.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
});

describe("[A-18] a silent agent", () => {
  const silent = ({ sink, cancelled }: Scene) => {
    sink.emit({ type: "text", text: "working" });
    return cancelled.then(() => endTurn);
  };

  test("[A-18] is shown as stalled after 2 min, is not when it speaks again, and fails after 20 min without a cancel intent", async () => {
    const sessionId = await room.createSession();
    let scene: Scene | undefined;
    room.agent.next((given) => ((scene = given), silent(given)));
    const turnId = await room.say(sessionId, "hello");
    await saidBy(turnId, "working");
    room.clock.advance(2 * MIN);
    await room.until(() => room.turn(turnId), { stalled: expect.any(Number) as number });
    scene?.sink.emit({ type: "text", text: "!" });
    await room.until(async () => (await room.turn(turnId)).stalled, undefined);
    room.clock.advance(20 * MIN - 1);
    expect((await room.turn(turnId)).state).toBe("running");
    room.clock.advance(1);
    const turn = await room.ended(turnId);
    expect(turn).toMatchObject({ state: "failed", reason: "timeout", error: { name: "AgentError" } });
    expect(turn.stopping).toBeUndefined();
    expect(await room.session(sessionId)).toMatchObject({ queue: { paused: false } });
  });

  test("[A-18] has 60 min while a tool runs", async () => {
    const sessionId = await room.createSession();
    room.agent.next((scene) => {
      scene.sink.emit({ type: "tool", update: { callId: "c", status: "running" } });
      return silent(scene);
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(turnId, "working");
    room.clock.advance(60 * MIN - 1);
    expect((await room.turn(turnId)).state).toBe("running");
    room.clock.advance(1);
    // The tool may still end: the fence waits for it (durability 5).
    await room.until(() => (room.clock.advance(250), room.turn(turnId)), {
      state: "failed",
      reason: "timeout",
    });
  });

  test("[A-18] has all the time while a human is asked", async () => {
    const sessionId = await room.createSession();
    room.agent.next(async ({ sink }) => {
      await sink.ask({ tool: "bash", title: "ls", kind: "execute", args: {}, patterns: ["ls"] });
      return endTurn;
    });
    const turnId = await room.say(sessionId, "hello", { permissionTimeoutMs: 86_400_000 });
    const { id } = await room.pending();
    room.clock.advance(20 * 60 * MIN);
    expect((await room.turn(turnId)).stalled).toBeUndefined();
    await room.permissions.reply({ permissionId: id, reply: "once", actor: OWNER });
    expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  });
});

describe("[A-17] an agent that crashes again and again", () => {
  test("[A-17] three crashes in a minute open the circuit: the queued turn says so, and one is let through after it", async () => {
    const sessionId = await room.createSession();
    for (let count = 0; count < 3; count += 1)
      room.agent.openings.push(new AgentFailure("crashed", agentError("prompt")));
    const turns: TurnId[] = [];
    for (const text of ["1", "2", "3", "4"]) turns.push(await room.admit(sessionId, text));
    room.turns.wake(sessionId);
    const last = turns[3] as TurnId;
    await room.until(() => room.turn(last), {
      state: "queued",
      waitingFor: { kind: "circuit", holder: "rehearsal", until: room.clock.now() + MIN },
    });
    room.turns.wake(sessionId);
    room.clock.advance(MIN - 1);
    expect((await room.turn(last)).state).toBe("queued");
    room.clock.advance(1);
    expect(await room.ended(last)).toMatchObject({ state: "completed" });
    expect((await room.turn(last)).waitingFor).toBeUndefined();
  });

  test("[A-17] a crash between turns counts too", async () => {
    const sessionId = await room.createSession();
    await room.ended(await room.say(sessionId, "hello"));
    room.agent.opened[0]?.exit(false);
    for (let count = 0; count < 2; count += 1)
      room.agent.openings.push(new AgentFailure("crashed", agentError("prompt")));
    for (const text of ["1", "2"]) await room.ended(await room.say(sessionId, text));
    const blocked = await room.say(sessionId, "3");
    await room.until(async () => (await room.turn(blocked)).waitingFor?.kind, "circuit");
    expect((await room.turn(blocked)).state).toBe("queued");
  });

  test("[A-17] a person may try again before", async () => {
    const sessionId = await room.createSession();
    for (let count = 0; count < 3; count += 1)
      room.agent.openings.push(new AgentFailure("crashed", agentError("prompt")));
    const turns: TurnId[] = [];
    for (const text of ["1", "2", "3", "4"]) turns.push(await room.say(sessionId, text));
    const last = turns[3] as TurnId;
    await room.until(() => room.turn(last), { waitingFor: { kind: "circuit" } });
    room.turns.wake(sessionId, { byHand: true });
    expect(await room.ended(last)).toMatchObject({ state: "completed" });
  });

  test("[A-17] ends of an agent that is being stopped never count", async () => {
    const sessionId = await room.createSession();
    for (let count = 1; count <= 4; count += 1) {
      room.agent.next(({ handle, cancelled }) => cancelled.then(() => (handle.exit(false), endTurn)));
      const turnId = await room.say(sessionId, "hello");
      await room.until(() => room.agent.prompts.length, count);
      await cancel(turnId);
      expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
    }
    expect(await room.ended(await room.say(sessionId, "again"))).toMatchObject({ state: "completed" });
  });
});
