import { newId } from "@holdfast/kernel";
import { type Actor, isOwnWorkPart, ownWorkPart, type SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { StartAgentTurnCommand, StartedTurn } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { OWNER, placeOf, stepOp, type StoreRig, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

const AGENT: Actor = { id: "agent:rehearsal", kind: "agent", label: "rehearsal" };

function startByItself(
  rig: StoreRig,
  sessionId: SessionId,
  more: Partial<StartAgentTurnCommand> = {},
): Promise<StartedTurn | undefined> {
  const messageId = newId("msg");
  return rig.store.startAgentTurn({
    sessionId,
    instanceId: rig.instanceId,
    agent: "rehearsal",
    turnId: newId("trn"),
    messageId,
    parts: [ownWorkPart({ id: newId("prt"), sessionId, messageId }, 1)],
    assistantMessageId: newId("msg"),
    agentSessionId: newId("ags"),
    actor: AGENT,
    writes: true,
    ...more,
  });
}

async function started(rig: StoreRig, sessionId: SessionId): Promise<StartedTurn> {
  const run = await startByItself(rig, sessionId);
  if (run === undefined) throw new Error("The agent may not start a turn.");
  return run;
}

export const agentTurnsTopic = topic("turns that agents start", (rig) => {
  test("[A-27] it runs from its first moment, with a message that nobody wrote and no input, before what is queued, also in a paused queue", async () => {
    const sessionId = await rig().session();
    await rig().exchange(sessionId);
    const waiting = await rig().admit(sessionId, "later");
    await rig().store.pauseQueue({ sessionId, actor: OWNER });
    const run = await started(rig(), sessionId);
    expect(run).not.toHaveProperty("input");
    expect(run.turn).toMatchObject({ state: "running", agent: "rehearsal", actor: AGENT });
    expect(run.turn).not.toHaveProperty("inputId");
    expect(run.message.parts.map(isOwnWorkPart)).toEqual([true]);
    expect(run.turn.messageId).toBe(run.message.info.id);
    expect(await rig().readSession(sessionId)).toMatchObject({ status: "busy", queue: { length: 1 } });
    expect(await rig().store.nextTurn(sessionId), "the queue waits").toBeUndefined();

    await rig().part(run, textPart(placeOf(run), "By myself.", { start: 1, end: 2 }));
    expect(await rig().finish(run)).toMatchObject({ state: "completed", messageId: run.message.info.id });
    const said = (await rig().history(sessionId)).slice(-2);
    expect(said.map(({ info }) => [info.role, info.turnId])).toEqual([
      ["user", run.turn.id],
      ["assistant", run.turn.id],
    ]);
    expect(said[1]?.info).toMatchObject({ parentId: run.message.info.id, step: 1 });
    await rig().store.resumeQueue({ sessionId, actor: OWNER });
    expect((await rig().start(sessionId)).turn.id).toBe(waiting.turn.id);
    await rig().reopen();
    expect(await rig().turn(run)).toMatchObject({ id: run.turn.id, state: "completed" });
  });

  test("[A-27, D-11] a turn that is live keeps it out, and so does an archived session; then nothing is written", async () => {
    const run = await rig().running();
    const { id: sessionId } = run.session;
    const seq = await rig().store.lastSeq(sessionId);
    expect(await startByItself(rig(), sessionId)).toBeUndefined();
    await rig().begin(run);
    expect(await startByItself(rig(), sessionId)).toBeUndefined();
    expect(await rig().store.lastSeq(sessionId)).toBe((seq ?? 0) + 1);
    await rig().finalize(run);
    await rig().store.patchSession({ sessionId, patch: { archived: true }, actor: OWNER });
    expect(await startByItself(rig(), sessionId)).toBeUndefined();
    expect(await refusalOf(startByItself(rig(), newId("ses")))).toBe("NOT_FOUND");
  });

  test("[A-14, A-27] it takes the workspace's lease where that is free, and goes without where it is not", async () => {
    const directory = `/projects/${newId("wsp")}`;
    const [holder, own] = [await rig().session({ directory }), await rig().session({ directory })];
    await rig().admit(holder);
    const first = await rig().start(holder);
    const second = await started(rig(), own);
    await rig().finish(first);
    await rig().admit(holder);
    const third = await rig().start(holder);
    await Promise.all([rig().finish(second), rig().finish(third)]);

    const alone = await started(rig(), own);
    await rig().admit(holder);
    expect(await refusalOf(rig().start(holder))).toBe("WORKSPACE_BUSY");
    await rig().finish(alone);
    await rig().finish(await rig().start(holder));
  });

  test("[A-6, A-27] nothing was told to an agent that nobody asked: what it had missed it has still missed", async () => {
    const sessionId = await rig().session();
    await rig().exchange(sessionId);
    const markOf = async () => (await rig().store.listAgentSessions(sessionId)).items[0]?.watermark;
    const before = await markOf();
    const run = await started(rig(), sessionId);
    await rig().part(run, textPart(placeOf(run), "By myself.", { start: 1, end: 2 }));
    await rig().finish(run);
    expect(before).toBeTypeOf("number");
    expect(await markOf()).toBe(before);
  });

  test("[A-27] the message that it stands on stays as long as its turn; a step of it may stand on another one of the turn", async () => {
    const sessionId = await rig().session();
    const run = await started(rig(), sessionId);
    const messageId = newId("msg");
    const at = { sessionId, turnId: run.turn.id, agent: "rehearsal" };
    const message = { ...at, id: messageId, role: "user" as const, time: { created: 1 } };
    const parts = [ownWorkPart({ id: newId("prt"), sessionId, messageId }, 1)];
    const { op } = stepOp(run);
    const answer = (parentId: typeof messageId) =>
      ({ op: "answer", messageId: run.assistantMessageId, patch: { parentId } }) as const;
    expect(await refusalOf(rig().append(run, answer(newId("msg"))))).toBe("NOT_FOUND");
    await rig().append(run, { op: "tell", message, parts }, answer(messageId), op);
    expect((await rig().store.getMessage(run.assistantMessageId))?.info).toMatchObject({
      parentId: messageId,
    });
    await rig().finish(run);
    const remove = (id: typeof messageId) => rig().store.removeMessage({ messageId: id, actor: OWNER });
    expect(await refusalOf(remove(run.message.info.id))).toBe("CONFLICT");
    await remove(messageId);
    expect((await rig().turn(run)).messageId).toBe(run.message.info.id);
  });

  test("[A-27, D-18] whoever takes the session over ends it like any other turn", async () => {
    const sessionId = await rig().session();
    const run = await started(rig(), sessionId);
    const epoch = await rig().takeOver(sessionId, await rig().successor());
    expect((await rig().store.liveTurns()).map(({ turnId }) => turnId)).toContain(run.turn.id);
    expect(await refusalOf(rig().append(run, { op: "todos", todos: [] }))).toBe("CLAIM_LOST");
    const ended = await rig().finish({ ...run, epoch }, { state: "aborted", reason: "interrupted" });
    expect(ended).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect((await rig().readSession(sessionId)).queue).toEqual({ length: 0, paused: false });
  });
});
