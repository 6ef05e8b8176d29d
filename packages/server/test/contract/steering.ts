import { newId } from "@holdfast/kernel";
import type { MessageId, SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { SteerEnd, StartedTurn } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { OWNER, stepOp, type StoreRig, SYSTEM, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

const STEER = { requestedDelivery: "steer", delivery: "steer" } as const;

const offer = (rig: StoreRig, { turn, epoch }: StartedTurn) =>
  rig.store.offerSteer({ turnId: turn.id, epoch, actor: SYSTEM });

async function offered(rig: StoreRig, run: StartedTurn, text = "now") {
  const admitted = await rig.admit(run.session.id, text, STEER);
  const given = await offer(rig, run);
  if (given === undefined) throw new Error("Nothing was offered.");
  const end = (how: SteerEnd) =>
    rig.store.endSteer({ turnId: admitted.turn.id, epoch: run.epoch, actor: SYSTEM, end: how });
  return { ...admitted, given, end };
}

const queued = async (rig: StoreRig, sessionId: SessionId) =>
  (await rig.store.listInputs({ sessionId, state: "queued" })).items.map(({ id }) => id);

export const steeringTopic = topic("steering", (rig) => {
  test("[D-6] a steer is delivered into the running turn before its agent hears of it, and never twice; its place in the history and the end of its own turn come with the answer", async () => {
    const run = await rig().running();
    const { session, turn } = run;
    const waiting = await rig().admit(session.id, "later");
    const { input, turn: own, message, given, end } = await offered(rig(), run);
    expect(given.message.parts).toMatchObject([{ type: "text", text: "now" }]);
    expect(given.input).toMatchObject({ id: input.id, turnId: own.id, state: "delivered" });
    expect(await offer(rig(), run), "once").toBeUndefined();
    expect(await rig().store.getTurn(own.id)).toMatchObject({ state: "queued", mergedInto: turn.id });
    expect(await queued(rig(), session.id)).toEqual([waiting.input.id]);
    expect((await rig().history(session.id)).map(({ info }) => info.id)).not.toContain(message.info.id);
    const parts = [textPart({ sessionId: session.id, messageId: input.messageId }, "else")];
    expect(await refusalOf(rig().store.editInput({ inputId: input.id, parts, actor: OWNER }))).toBe(
      "CONFLICT",
    );
    expect(await refusalOf(rig().store.removeInput({ inputId: input.id, actor: OWNER }))).toBe("CONFLICT");

    const ended = await end({ outcome: "taken" });
    expect(ended).toMatchObject({ state: "completed", reason: "steered", mergedInto: turn.id });
    expect(ended.time.ended).toBeTypeOf("number");
    expect(await end({ outcome: "returned" }), "the first end holds").toEqual(ended);
    expect((await rig().history(session.id)).at(-1)?.info.id).toBe(message.info.id);
    expect(await rig().finish(run)).toMatchObject({ state: "completed" });
    expect(await rig().store.getTurn(own.id)).toEqual(ended);
    const told = rig()
      .heard(session.id)
      .filter(({ type }) => type === "input.delivered");
    expect(told).toHaveLength(2);
    expect((await rig().readSession(session.id)).attention).toBe("none");
    const since = await rig().store.turnsSince({ sessionId: session.id, after: 0, limit: 10 });
    expect(since.map(({ turn: { id } }) => id)).toEqual([own.id, turn.id]);
  });

  test("[R-1.6, A-28] a step of the turn may answer what went into it, and nothing else of another turn", async () => {
    const run = await rig().running();
    const { message, end } = await offered(rig(), run);
    await end({ outcome: "taken" });
    const waiting = await rig().admit(run.session.id, "later");
    const answering = (parentId: MessageId) => {
      const { op, place } = stepOp(run);
      return { place, op: { ...op, next: { ...op.next, parentId } } };
    };
    const stranger = answering(waiting.message.info.id);
    expect(await refusalOf(rig().append(run, stranger.op))).toBe("NOT_FOUND");
    const { op, place } = answering(message.info.id);
    await rig().append(run, op);
    const { ordinal } = (await rig().store.getMessage(message.info.id))?.info ?? {};
    expect((await rig().store.getMessage(place.messageId))?.info).toMatchObject({
      parentId: message.info.id,
      ordinal: (ordinal ?? 0) + 1,
      step: 2,
    });
    await rig().finish(run);
  });

  test("[A-28] a steer that the agent did not take is queued again, ahead of the queue, and says why", async () => {
    const run = await rig().running();
    const { id: sessionId } = run.session;
    const waiting = await rig().admit(sessionId, "later");
    const { input, turn, end } = await offered(rig(), run);
    const back = await end({ outcome: "returned", detail: "no room" });
    expect(back).toMatchObject({
      state: "queued",
      waitingFor: { kind: "turn", holder: run.turn.id, detail: "no room" },
    });
    expect(back.mergedInto).toBeUndefined();
    expect((await rig().store.getInput(input.id))?.time.delivered).toBeUndefined();
    expect(await queued(rig(), sessionId)).toEqual([input.id, waiting.input.id]);
    await rig().finish(run);
    const next = await rig().start(sessionId);
    expect(next.turn.id).toBe(turn.id);
    expect(next.turn.waitingFor).toBeUndefined();
    const told = rig()
      .heard(sessionId)
      .filter(({ type }) => type === "input.delivered");
    expect(told, "each input once").toHaveLength(2);
  });

  test("[D-6] the end of the running turn ends what its agent was given and said nothing of: nobody gives it again", async () => {
    const run = await rig().running();
    const { id: sessionId } = run.session;
    const { turn, message } = await offered(rig(), run);
    await rig().finish(run, {
      state: "failed",
      reason: "crashed",
      error: { name: "UnknownError", data: { message: "x" } },
    });
    const ended = await rig().store.getTurn(turn.id);
    expect(ended).toMatchObject({
      state: "aborted",
      reason: "interrupted",
      error: { name: "MessageAbortedError" },
    });
    expect(ended?.mergedInto).toBeUndefined();
    expect(await queued(rig(), sessionId)).toEqual([]);
    expect(await rig().store.nextTurn(sessionId)).toBeUndefined();
    expect((await rig().history(sessionId)).at(-1)?.info.id).toBe(message.info.id);
    expect((await rig().readSession(sessionId)).attention, "of the turn that ran").toBe("failed");
  });

  test("[D-6] a stop holds what is being given too, when it comes back to the queue", async () => {
    const run = await rig().running();
    const { input, end } = await offered(rig(), run);
    await rig().store.cancelTurn({ turnId: run.turn.id, actor: OWNER });
    await end({ outcome: "returned" });
    await rig().finish(run);
    expect((await rig().readSession(run.session.id)).queue).toEqual({ length: 1, paused: true });
    expect(await queued(rig(), run.session.id)).toEqual([input.id]);
  });

  test("[D-10] a cancel of what is being given ends it when it comes back, and comes too late for what was taken", async () => {
    const run = await rig().running();
    const back = await offered(rig(), run, "back");
    const cancel = async () => (await rig().store.cancelTurn({ turnId: back.turn.id, actor: OWNER })).value;
    const { stopping } = await cancel();
    expect(stopping).toBeTypeOf("number");
    const told = rig().heard(run.session.id).at(-1);
    expect([told?.type, JSON.parse(told?.data ?? "null")]).toMatchObject([
      "turn.updated",
      { turn: { id: back.turn.id, state: "queued", stopping } },
    ]);
    expect(await cancel()).toMatchObject({ stopping });
    expect(rig().heard(run.session.id).at(-1), "told once").toBe(told);
    expect(await back.end({ outcome: "returned" })).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect((await rig().store.getInput(back.input.id))?.state).toBe("removed");
    const taken = await offered(rig(), run, "taken");
    await rig().store.cancelTurn({ turnId: taken.turn.id, actor: OWNER });
    expect(await taken.end({ outcome: "taken" })).toMatchObject({ state: "completed", reason: "steered" });
    const lost = await offered(rig(), run, "lost");
    await rig().store.cancelTurn({ turnId: lost.turn.id, actor: OWNER });
    expect(await lost.end({ outcome: "unknown" })).toMatchObject({ state: "aborted", reason: "cancelled" });
    await rig().finish(run);
  });

  const others: [why: string, more: Record<string, unknown>][] = [
    ["another agent", { agent: "qwen" }],
    ["another model", { model: { modelId: "other" } }],
    ["a format", { format: { type: "json_schema", schema: {}, retryCount: 0 } }],
    ["a system text", { system: "Be short." }],
    ["a choice of tools", { tools: { bash: false } }],
  ];
  test.each(others)(
    "[D-6] what asks for %s does not go into the turn that runs, nor what waits behind it",
    async (_why, more) => {
      const run = await rig().running();
      const first = await rig().admit(run.session.id, "first", { ...STEER, ...more });
      const second = await rig().admit(run.session.id, "second", STEER);
      expect(await offer(rig(), run)).toBeUndefined();
      expect(await queued(rig(), run.session.id)).toEqual([first.input.id, second.input.id]);
      await rig().finish(run);
    },
  );

  test("[D-6, D-17] nothing goes into a turn that is being stopped, behind a paused queue, or by a lost claim", async () => {
    const run = await rig().running();
    const { id: sessionId } = run.session;
    await rig().admit(sessionId, "now", STEER);
    await rig().store.pauseQueue({ sessionId, actor: SYSTEM });
    expect(await offer(rig(), run), "paused").toBeUndefined();
    await rig().store.resumeQueue({ sessionId, actor: OWNER });
    expect(await refusalOf(offer(rig(), { ...run, epoch: run.epoch - 1 }))).toBe("CLAIM_LOST");
    await rig().store.cancelTurn({ turnId: run.turn.id, actor: OWNER });
    await rig().store.resumeQueue({ sessionId, actor: OWNER });
    expect(await offer(rig(), run), "stopping").toBeUndefined();
    await rig().finish(run);
    expect(await offer(rig(), run), "ended").toBeUndefined();
    const unknown = { turnId: newId("trn"), epoch: run.epoch, actor: SYSTEM };
    expect(await refusalOf(rig().store.offerSteer(unknown))).toBe("NOT_FOUND");
  });
});
