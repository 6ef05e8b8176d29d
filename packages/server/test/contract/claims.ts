import { newId } from "@holdfast/kernel";
import { expect, test } from "vitest";
import { refusalsOf } from "./refusal.ts";
import { delta, placeOf, SYSTEM, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

export const claimsTopic = topic("claims", (rig) => {
  test("[D-17] each start raises the epoch, and the claim goes with the turn's end", async () => {
    const sessionId = await rig().session();
    const epochs: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      await rig().admit(sessionId);
      const run = await rig().start(sessionId);
      epochs.push(run.epoch);
      expect(await rig().store.epochOf(sessionId)).toBe(run.epoch);
      expect(await rig().store.liveTurns()).toContainEqual({
        turnId: run.turn.id,
        sessionId,
        agent: "rehearsal",
        state: "running",
        instanceId: rig().instanceId,
        isOwnerAlive: true,
        cancelled: false,
      });
      await rig().finish(run);
    }
    expect(epochs).toEqual([1, 2, 3]);
    expect((await rig().store.liveTurns()).filter((turn) => turn.sessionId === sessionId)).toEqual([]);
  });

  test("[D-3, A-16] an append sees what another command of the session did since the last one", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(part, 0, "one"));
    await rig().admit(run.session.id);
    await rig().append(run, delta(part, 3, " two"));
    await rig().begin(run);
    expect(await refusalsOf([rig().append(run, delta(part, 7, " three"))])).toEqual(["CONFLICT"]);
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "one two" });
  });

  test("[D-34] an append that is refused half-way leaves nothing behind, in memory or stored", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    const seq = await rig().store.lastSeq(run.session.id);
    const other = textPart(placeOf(run), "never", { start: 2 });
    const broken = rig().append(
      run,
      delta(part, 0, "lost"),
      { op: "part", part: other },
      delta(part, 9, "hole"),
    );
    expect(await refusalsOf([broken])).toEqual(["CONFLICT"]);
    expect(await rig().store.lastSeq(run.session.id)).toBe(seq);
    await rig().append(run, delta(part, 0, "kept"), { op: "part", part: { ...other, text: "second" } });
    const parts = (await rig().history(run.session.id)).at(-1)?.parts ?? [];
    expect(parts.map((each) => ("text" in each ? each.text : each.type))).toEqual(["kept", "second"]);
  });

  test("[D-17] a stale epoch writes nothing: progress, request, record and finalization are refused", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    const instanceId = await rig().successor();
    const epoch = await rig().takeOver(run.session.id, instanceId);
    expect(epoch).toBe(run.epoch + 1);
    const seq = await rig().store.lastSeq(run.session.id);
    const before = await rig().history(run.session.id);
    const late = [
      rig().append(run, delta(part, 0, "late")),
      rig().append(run, { op: "checkpoint", partId: part.id }),
      rig().append(run, { op: "title", title: "late" }),
      rig().ask(run),
      rig().begin(run),
      rig().finalize(run),
    ];
    expect(new Set(await refusalsOf(late))).toEqual(new Set(["CLAIM_LOST"]));
    expect(await rig().store.lastSeq(run.session.id)).toBe(seq);
    expect(await rig().history(run.session.id)).toEqual(before);
    expect((await rig().turn(run)).state).toBe("running");
    const owned = { ...run, epoch };
    await rig().append(owned, delta(part, 0, "mine"));
    expect((await rig().finish(owned)).state).toBe("completed");
  });

  test("[D-17, D-18] a session is not taken from an owner that lives", async () => {
    const run = await rig().running();
    const sessionId = run.session.id;
    const owner = await rig().successor();
    const instanceId = newId("ins");
    await rig().store.registerInstance({
      id: instanceId,
      pid: 3,
      host: "test",
      startTime: 3,
      isAlone: false,
    });
    const epoch = await rig().takeOver(sessionId, owner);
    expect(await rig().store.takeOver({ sessionId, instanceId })).toBeUndefined();
    expect(await rig().store.epochOf(sessionId)).toBe(epoch);
    await rig().store.endInstance({ instanceId: owner });
    expect(await rig().takeOver(sessionId, instanceId)).toBe(epoch + 1);
  });

  test("[D-17] admission, rename, replies and cancel carry no epoch", async () => {
    const run = await rig().running();
    const request = await rig().ask(run);
    const sessionId = run.session.id;
    await rig().takeOver(sessionId, await rig().successor());
    await rig().admit(sessionId, "meanwhile");
    await rig().store.patchSession({ sessionId, patch: { title: "renamed" }, actor: SYSTEM });
    await rig().store.replyPermission({ permissionId: request.id, reply: "once", actor: SYSTEM });
    await rig().store.cancelTurn({ turnId: run.turn.id, actor: SYSTEM });
    expect(await rig().readSession(sessionId)).toMatchObject({ title: "renamed", queue: { length: 1 } });
  });

  test("[D-18] recovery takes over and finalizes: the stored record is kept, a running turn is interrupted", async () => {
    const running = await rig().running();
    const ending = await rig().running();
    await rig().begin(ending, { state: "completed", finish: "stop" });
    await rig().reopen();
    const instanceId = await rig().successor();
    const found = (await rig().store.liveTurns()).filter((turn) =>
      [running.turn.id, ending.turn.id].includes(turn.turnId),
    );
    expect(found.map((turn) => [turn.state, turn.instanceId])).toEqual([
      ["running", rig().instanceId],
      ["finalizing", rig().instanceId],
    ]);
    for (const run of [running, ending]) {
      const epoch = await rig().takeOver(run.session.id, instanceId);
      const error = { name: "MessageAbortedError", data: { message: "The server ended." } } as const;
      await rig().finish({ ...run, epoch }, { state: "aborted", reason: "interrupted", error });
    }
    expect(await rig().turn(running)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect(await rig().turn(ending)).toMatchObject({ state: "completed", finish: "stop" });
    expect((await rig().readSession(running.session.id)).attention).toBe("interrupted");
  });

  test("[D-18] agent sessions that a dead server left become crashed under a turn, else resumable; those of a claimed session stay", async () => {
    const rested = await rig().running();
    await rig().finish(rested, { state: "completed", finish: "stop", agentSession: "idle" });
    const left = await rig().running();
    await rig().append(left, {
      op: "agentSession",
      agentSessionId: left.agentSession.id,
      patch: { status: "live" },
    });
    const instanceId = await rig().successor();
    const mine = await rig().running();
    await rig().append(mine, {
      op: "agentSession",
      agentSessionId: mine.agentSession.id,
      patch: { status: "live" },
    });
    const epoch = await rig().takeOver(mine.session.id, instanceId);
    expect(epoch).toBe(2);
    expect(await rig().store.closeDeadAgentSessions({ actor: SYSTEM })).toBeGreaterThan(0);
    const statusOf = async (run: typeof left) =>
      (await rig().store.listAgentSessions(run.session.id)).items[0]?.status;
    expect([await statusOf(left), await statusOf(rested), await statusOf(mine)]).toEqual([
      "crashed",
      "resumable",
      "live",
    ]);
    expect(await rig().store.closeDeadAgentSessions({ actor: SYSTEM })).toBe(0);
  });

  test("[A-11] a launch is a row before the spawn and gone after the exit", async () => {
    const sessionId = await rig().session();
    const launchId = newId("act");
    const mine = async () => (await rig().store.openProcesses()).filter((row) => row.launchId === launchId);
    const launch = { launchId, instanceId: rig().instanceId, sessionId, agent: "qwen", argvHash: "h" };
    await rig().store.recordLaunch({ ...launch, temporaryDirectory: "/tmp/x" });
    expect(await mine()).toMatchObject([{ ...launch, temporaryDirectory: "/tmp/x" }]);
    await rig().store.recordSpawn({ launchId, pid: 42, group: 42, startTime: "777" });
    expect(await mine()).toMatchObject([{ pid: 42, group: 42, startTime: "777" }]);
    await rig().store.recordExit({ launchId });
    expect(await mine()).toEqual([]);
  });
});
