import { newId } from "@holdfast/kernel";
import type { SessionId, TurnId } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PromptResult } from "../../src/agents/index.ts";
import type { Death } from "./mortal-store.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { endTurn } from "./scripted-agent.ts";

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

/** A turn that has said "half", runs a tool, asks for a permission, and will never end. */
async function midTurn(sessionId: SessionId): Promise<TurnId> {
  room.agent.next(({ sink }) => {
    sink.emit({ type: "text", text: "half" });
    sink.emit({ type: "tool", update: { callId: "c", tool: "bash", status: "running", output: "so far" } });
    void sink.ask({ tool: "bash", title: "ls", kind: "execute", args: {}, patterns: ["ls"] });
    return never();
  });
  const turnId = await room.say(sessionId, "hello");
  await room.until(() => room.text(turnId), "half");
  await room.until(async () => (await room.store.listPermissions({ state: "pending", sessionId })).length, 1);
  return turnId;
}

async function restart(death?: Death): Promise<void> {
  room.crash();
  room = await directory.start(death === undefined ? {} : { death });
}

describe("[D-18] after the start", () => {
  test("[D-18] a turn of the dead server is interrupted with everything it had, and nothing of it stays open", async () => {
    const sessionId = await room.createSession();
    const turnId = await midTurn(sessionId);
    const queued = await room.admit(sessionId, "next");
    await restart();
    await room.turns.recover();
    expect(await room.turn(turnId)).toMatchObject({
      state: "aborted",
      reason: "interrupted",
      error: { name: "MessageAbortedError" },
      time: { ended: expect.any(Number) as number },
    });
    const { parts, info } = await room.answer(turnId);
    expect(await room.text(turnId)).toBe("half");
    expect(parts.find(({ type }) => type === "tool")).toMatchObject({
      state: { status: "error", output: "so far", metadata: { interrupted: true } },
    });
    expect(info).toMatchObject({
      error: { name: "MessageAbortedError" },
      time: { completed: expect.any(Number) as number },
    });
    expect(await room.store.listPermissions({ sessionId })).toMatchObject([{ state: "expired" }]);
    expect((await room.store.listAgentSessions(sessionId)).items).toMatchObject([
      { status: "crashed", backendSessionId: "backend-1" },
    ]);
    expect(room.reaps).toBe(1);
    expect(await room.session(sessionId)).toMatchObject({
      status: "idle",
      attention: "interrupted",
      queue: { length: 1, paused: true },
    });
    expect((await room.turn(queued)).state).toBe("queued");
    expect(room.agent.prompts).toEqual([]);
    expect(await room.store.liveTurns()).toEqual([]);
  });

  test("[D-18] agents of the dead server are ended behind the new epoch and before the turn", async () => {
    const sessionId = await room.createSession();
    const turnId = await midTurn(sessionId);
    await restart();
    const seen: unknown[] = [];
    room.whileReaping = async () => {
      const [live] = await room.store.liveTurns();
      seen.push(live?.instanceId === room.instanceId, (await room.turn(turnId)).state);
    };
    await room.turns.recover();
    expect(seen).toEqual([true, "running"]);
    expect((await room.turn(turnId)).state).toBe("aborted");
  });

  test("[D-10] a turn with a recorded cancel is cancelled, whoever ends it", async () => {
    const sessionId = await room.createSession({ resumePolicy: "auto" });
    const turnId = await midTurn(sessionId);
    await room.store.cancelTurn({ turnId, actor: OWNER });
    await restart();
    await room.turns.recover();
    expect(await room.turn(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect(room.agent.prompts).toEqual([]);
  });

  test("[D-7] a turn that was finalizing keeps the record it had, and nothing follows from an interruption that was none", async () => {
    room = await directory.start({ death: { command: "finalizeTurn", side: "before" } });
    const sessionId = await room.createSession({ resumePolicy: "auto" });
    const turnId = await room.say(sessionId, "hello");
    await room.until(() => room.dead, true);
    await restart();
    const queued = await room.admit(sessionId, "next");
    await room.turns.recover();
    expect(await room.turn(turnId)).toMatchObject({ state: "completed", finish: "end_turn" });
    expect(await room.text(turnId)).toBe("You said: hello");
    await room.ended(queued);
    expect(room.agent.prompts).toEqual(["next"]);
  });

  test("[D-6] a queued turn behind no interrupted one starts by itself", async () => {
    const sessionId = await room.createSession();
    const turnId = await room.admit(sessionId, "hello");
    await restart();
    await room.turns.recover();
    expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  });

  test("[D-18] an idle agent of the dead server is no crash: its backend session is resumed", async () => {
    const sessionId = await room.createSession();
    await room.ended(await room.say(sessionId, "hello"));
    await restart();
    await room.turns.recover();
    expect((await room.store.listAgentSessions(sessionId)).items).toMatchObject([{ status: "resumable" }]);
    expect(await room.ended(await room.say(sessionId, "again"))).toMatchObject({
      opened: "resumed",
      openedBy: "resume",
    });
  });

  test("[D-17] what the dead owner still writes is refused", async () => {
    const sessionId = await room.createSession();
    const turnId = await midTurn(sessionId);
    const epoch = (await room.store.epochOf(sessionId)) ?? 0;
    await restart();
    await room.turns.recover();
    const late = room.store.appendProgress({ sessionId, turnId, epoch, ops: [{ op: "title", title: "x" }] });
    await expect(late).rejects.toMatchObject({ code: "CLAIM_LOST" });
  });
});

describe("[D-18] a recovery that dies itself is run again", () => {
  const ALWAYS = [
    "takeOver",
    "beginFinalize",
    "getSession",
    "finalizeTurn",
    "closeDeadAgentSessions",
  ] as const;
  const COMMANDS = {
    manual: [...ALWAYS, "pauseQueue"],
    auto: [...ALWAYS, "admitInput"],
    never: ALWAYS,
  } as const;
  const cells = (["manual", "auto", "never"] as const).flatMap((policy) =>
    COMMANDS[policy].flatMap((command) =>
      (["before", "after"] as const).map((side) => ({ policy, command, side })),
    ),
  );

  test.each(cells)("[D-18] under $policy, dead $side $command", async ({ policy, command, side }) => {
    const sessionId = await room.createSession({ resumePolicy: policy });
    const turnId = await midTurn(sessionId);
    await restart({ command, side });
    void room.turns.recover();
    await room.until(() => room.dead, true);
    await restart();
    await room.turns.recover();
    expect(await room.turn(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    const { items } = await room.store.listTurns({ sessionId, limit: 10 });
    const resumed = items.filter(({ resumes }) => resumes === turnId);
    expect(resumed).toHaveLength(policy === "auto" ? 1 : 0);
    for (const { id } of resumed)
      expect(await room.ended(id)).toMatchObject({ state: "completed", attempts: 2 });
    expect((await room.session(sessionId)).queue.paused).toBe(policy === "manual");
    expect((await room.store.listAgentSessions(sessionId)).items[0]?.status).toBe(
      policy === "auto" ? "idle" : "crashed",
    );
    expect((await room.store.inspect()).drift).toEqual([]);
  });
});

describe("[D-19] going on by itself", () => {
  test("[D-19] under auto a new turn goes on before the queue, with a prompt of its own, and the old prompt is never sent again", async () => {
    const sessionId = await room.createSession({ resumePolicy: "auto" });
    const turnId = await midTurn(sessionId);
    const queued = await room.admit(sessionId, "next");
    await restart();
    await room.turns.recover();
    await room.ended(queued);
    expect(room.agent.prompts).toEqual([expect.stringContaining("The server restarted"), "next"]);
    const { items } = await room.store.listTurns({ sessionId, limit: 10 });
    const resumed = items.find(({ resumes }) => resumes === turnId);
    expect(resumed).toMatchObject({
      state: "completed",
      attempts: 2,
      opened: "resumed",
      actor: { kind: "system" },
    });
    const [user] = await room.store.messagesOfTurn(resumed?.id as TurnId);
    expect(user?.parts).toMatchObject([{ type: "text", synthetic: true }]);
    expect((await room.turn(turnId)).reason).toBe("interrupted");
  });

  test("[D-19, D-20] at most three times, counted durably; then it waits for a person", async () => {
    const sessionId = await room.createSession({ resumePolicy: "auto" });
    await midTurn(sessionId);
    for (let attempt = 2; attempt <= 4; attempt += 1) {
      await restart();
      room.agent.next(never);
      await room.turns.recover();
      await room.until(async () => (await room.store.listTurns({ sessionId, limit: 1 })).items[0], {
        state: "running",
        attempts: attempt,
      });
      await room.until(() => room.agent.prompts.length, 1);
    }
    await restart();
    await room.turns.recover();
    const { items } = await room.store.listTurns({ sessionId, limit: 10 });
    expect(items.map(({ state, attempts }) => [state, attempts])).toEqual(
      [4, 3, 2, 1].map((attempt) => ["aborted", attempt]),
    );
    expect(await room.session(sessionId)).toMatchObject({
      queue: { length: 0, paused: true },
      attention: "interrupted",
    });
  });

  test("[D-19, R-17.16] under never it stays as it is and the queue goes on", async () => {
    const sessionId = await room.createSession({ resumePolicy: "never" });
    await midTurn(sessionId);
    const queued = await room.admit(sessionId, "next");
    await restart();
    await room.turns.recover();
    expect(await room.ended(queued)).toMatchObject({ state: "completed" });
    expect(room.agent.prompts).toEqual(["next"]);
  });
});

describe("[D-18] at run time", () => {
  test("[D-18] a turn of this process that nobody runs is ended at the second look, one that runs never", async () => {
    await room.turns.recover();
    const [kept, lost] = [await room.createSession(), await room.createSession()];
    const release = Promise.withResolvers<PromptResult>();
    room.agent.next(() => release.promise);
    const running = await room.say(kept, "hello");
    await room.until(() => room.turn(running), { state: "running" });
    const stray = await room.admit(lost, "stray");
    const ids = { assistantMessageId: newId("msg"), agentSessionId: newId("ags") };
    await room.store.startTurn({ sessionId: lost, instanceId: room.instanceId, actor: OWNER, ...ids });
    const looks = () => room.answered("liveTurns");
    const [before, woken] = [looks(), room.answered("startableSessions")];
    room.clock.advance(5_000);
    await room.until(looks, before + 1);
    // The look ends with waking what may start.
    await room.until(() => room.answered("startableSessions"), woken + 1);
    expect((await room.turn(stray)).state).toBe("running");
    await room.until(() => (room.clock.advance(5_000), room.turn(stray)), {
      state: "aborted",
      reason: "interrupted",
    });
    expect(room.agent.closed).toEqual([lost]);
    expect(room.reaps).toBe(1);
    expect((await room.turn(running)).state).toBe("running");
    release.resolve(endTurn);
    await room.ended(running);
    await room.turns.stop(0);
  });

  test("[D-17, D-18] a turn of another instance is left alone while that lives, and ended at once when it is dead", async () => {
    await room.turns.recover();
    const sessionId = await room.createSession();
    const turnId = await room.admit(sessionId, "stray");
    const other = newId("ins");
    await room.store.registerInstance({ id: other, pid: 1, host: "test", startTime: 0, isAlone: false });
    const ids = { assistantMessageId: newId("msg"), agentSessionId: newId("ags") };
    await room.store.startTurn({ sessionId, instanceId: other, actor: OWNER, ...ids });
    for (let looks = 1; looks <= 3; looks += 1) {
      const woken = room.answered("startableSessions");
      room.clock.advance(5_000);
      await room.until(() => room.answered("startableSessions"), woken + 1);
    }
    expect((await room.turn(turnId)).state).toBe("running");
    await room.store.endInstance({ instanceId: other });
    room.clock.advance(5_000);
    expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    await room.turns.stop(0);
  });

  test("[D-6] a wake that got lost is made up for", async () => {
    await room.turns.recover();
    const sessionId = await room.createSession();
    const turnId = await room.admit(sessionId, "nobody woke me");
    room.clock.advance(5_000);
    expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
    await room.turns.stop(0);
  });

  test("[D-17] one heartbeat every 5 s, until the room stops", async () => {
    const beats = () => room.answered("heartbeat");
    await room.turns.recover();
    for (let count = 1; count <= 3; count += 1) {
      await room.until(() => (room.clock.advance(5_000), beats() >= count), true);
    }
    await room.turns.stop(0);
    const before = beats();
    room.clock.advance(60_000);
    expect(beats()).toBe(before);
  });
});
