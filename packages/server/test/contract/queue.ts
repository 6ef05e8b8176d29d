import { newId } from "@holdfast/kernel";
import { HTTP_LIMITS, type Input, type InputId, type SessionId, type TurnId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";
import { keyed, OWNER, type StoreRig, SYSTEM, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

const queueOf = async (rig: StoreRig, sessionId: SessionId): Promise<Input[]> =>
  (await rig.store.listInputs({ sessionId, state: "queued" })).items;

async function filled(rig: StoreRig, count: number): Promise<{ sessionId: SessionId; ids: InputId[] }> {
  const sessionId = await rig.session();
  const ids: InputId[] = [];
  for (let index = 0; index < count; index += 1) {
    ids.push((await rig.admit(sessionId, `input ${index}`)).input.id);
  }
  return { sessionId, ids };
}

export const queueTopic = topic("queue", (rig) => {
  test("[D-6] inputs run in the order they came, and have a place in the history only once delivered", async () => {
    const { sessionId, ids } = await filled(rig(), 3);
    expect((await queueOf(rig(), sessionId)).map(({ id }) => id)).toEqual(ids);
    expect(await rig().history(sessionId)).toEqual([]);
    for (const id of ids) {
      const run = await rig().start(sessionId);
      expect(run.input.id).toBe(id);
      await rig().finish(run);
    }
    expect(await queueOf(rig(), sessionId)).toEqual([]);
    const { items } = await rig().store.listInputs({ sessionId });
    expect(items.map(({ id, state }) => [id, state])).toEqual(ids.map((id) => [id, "delivered"]));
  });

  test("[D-8] what says nothing to an agent is noted in its place, without claim, lease or answer", async () => {
    const { sessionId, ids } = await filled(rig(), 1);
    const messageId = newId("msg");
    const parts = [{ ...textPart({ sessionId, messageId }, "for people"), ignored: true }];
    const note = await rig().admit(sessionId, undefined, { messageId, parts });
    const last = await rig().admit(sessionId, "for the agent");
    const take = (turnId: TurnId) => rig().store.noteTurn({ sessionId, turnId, actor: SYSTEM });
    expect(await take(note.turn.id), "another one is first").toBe(false);
    await rig().finish(await rig().start(sessionId));
    const epoch = await rig().store.epochOf(sessionId);
    expect(await rig().store.nextTurn(sessionId)).toMatchObject({
      turnId: note.turn.id,
      isForPeopleOnly: true,
    });
    expect(await take(note.turn.id)).toBe(true);
    expect(await take(note.turn.id), "once").toBe(false);
    const turn = await rig().store.getTurn(note.turn.id);
    expect(turn).toMatchObject({ state: "completed", reason: "noted", assistantMessageIds: [] });
    expect(turn?.time.ended).toBeGreaterThan(0);
    expect(await rig().store.epochOf(sessionId)).toBe(epoch);
    expect((await rig().history(sessionId)).map(({ info }) => info.role)).toEqual([
      "user",
      "assistant",
      "user",
    ]);
    expect(await rig().store.nextTurn(sessionId)).toMatchObject({ isForPeopleOnly: false });
    expect(await take(last.turn.id), "it says something").toBe(false);
    expect((await rig().start(sessionId)).input.id).toBe(last.input.id);
    expect(ids).toHaveLength(1);
  });

  test("[D-6] a steer that no turn took runs ahead of the queue", async () => {
    const { sessionId, ids } = await filled(rig(), 2);
    const steer = await rig().admit(sessionId, "now", { requestedDelivery: "steer", delivery: "steer" });
    expect((await queueOf(rig(), sessionId)).map(({ id }) => id)).toEqual([steer.input.id, ...ids]);
    expect((await rig().start(sessionId)).input.id).toBe(steer.input.id);
  });

  test("[D-8, D-10] a turn that is stopped for a queued input ends as superseded, and the queue goes on with that", async () => {
    const run = await rig().running();
    const { id: sessionId } = run.session;
    const [first, urgent] = [
      await rig().admit(sessionId, "first"),
      await rig().admit(sessionId, "urgent"),
    ] as const;
    await rig().store.pauseQueue({ sessionId, actor: OWNER });
    const stop = (next?: InputId) => rig().store.cancelTurn({ turnId: run.turn.id, actor: OWNER, next });
    const foreign = await rig().admit(await rig().session(), "elsewhere");
    expect(await refusalOf(stop(foreign.input.id))).toBe("NOT_FOUND");
    expect((await rig().readSession(sessionId)).queue).toEqual({ length: 2, paused: true });
    expect((await stop(urgent.input.id)).value.stopping).toBeTypeOf("number");
    expect((await rig().readSession(sessionId)).queue).toEqual({ length: 2, paused: false });
    expect((await queueOf(rig(), sessionId)).map(({ id }) => id)).toEqual([urgent.input.id, first.input.id]);
    expect(await rig().finish(run)).toMatchObject({
      state: "aborted",
      reason: "superseded",
      error: { name: "MessageAbortedError", data: { message: "Stopped for a newer message." } },
    });
    const next = await rig().start(sessionId);
    expect(next.input.id).toBe(urgent.input.id);
    // What has begun supersedes nothing: that is a stop like any other.
    await rig().store.cancelTurn({ turnId: next.turn.id, actor: OWNER, next: urgent.input.id });
    expect((await rig().finish(next)).reason).toBe("cancelled");
    expect((await rig().readSession(sessionId)).queue.paused).toBe(true);
  });

  test("[D-6] an edit replaces the parts and keeps the place", async () => {
    const { sessionId, ids } = await filled(rig(), 3);
    const inputId = ids[1] as InputId;
    const before = (await rig().store.getInput(inputId)) as Input;
    const place = { sessionId, messageId: before.messageId };
    const parts = [textPart(place, "edited"), textPart(place, "twice")];
    const { value } = await rig().store.editInput({ inputId, parts, actor: OWNER });
    expect(value).toEqual({
      ...before,
      parts: [
        { type: "text", text: "edited" },
        { type: "text", text: "twice" },
      ],
    });
    expect((await rig().store.getMessage(before.messageId))?.parts.map(({ id }) => id)).toEqual(
      parts.map(({ id }) => id),
    );
    expect((await queueOf(rig(), sessionId)).map(({ id }) => id)).toEqual(ids);
  });

  test("[D-6] what was delivered or removed is not edited or removed", async () => {
    const { sessionId, ids } = await filled(rig(), 2);
    const run = await rig().start(sessionId);
    const place = { sessionId, messageId: run.input.messageId };
    const parts = [textPart(place, "late")];
    expect(await refusalOf(rig().store.editInput({ inputId: run.input.id, parts, actor: OWNER }))).toBe(
      "CONFLICT",
    );
    expect(await refusalOf(rig().store.removeInput({ inputId: run.input.id, actor: OWNER }))).toBe(
      "CONFLICT",
    );
    const inputId = ids[1] as InputId;
    await rig().store.removeInput({ inputId, actor: OWNER });
    expect(await refusalOf(rig().store.editInput({ inputId, parts, actor: OWNER }))).toBe("CONFLICT");
    expect(await refusalOf(rig().store.removeInput({ inputId: newId("inp"), actor: OWNER }))).toBe(
      "NOT_FOUND",
    );
  });

  test("[D-6] a removed input ends its turn as cancelled, and removing again is harmless", async () => {
    const { sessionId, ids } = await filled(rig(), 2);
    const inputId = ids[0] as InputId;
    const removed = (await rig().store.removeInput({ inputId, actor: OWNER })).value;
    expect(removed.state).toBe("removed");
    expect(removed.time.removed).toBeTypeOf("number");
    const turn = await rig().store.getTurn(removed.turnId);
    expect(turn).toMatchObject({
      state: "aborted",
      reason: "cancelled",
      error: { name: "MessageAbortedError" },
    });
    expect(turn?.time.ended).toBeTypeOf("number");
    const seq = await rig().store.lastSeq(sessionId);
    expect((await rig().store.removeInput({ inputId, actor: OWNER })).value).toEqual(removed);
    expect(await rig().store.lastSeq(sessionId)).toBe(seq);
    expect((await rig().start(sessionId)).input.id).toBe(ids[1]);
  });

  test("[D-6] a reorder puts the named first and keeps the rest in order", async () => {
    const { sessionId, ids } = await filled(rig(), 5);
    const [a, b, c, d, e] = ids as [InputId, InputId, InputId, InputId, InputId];
    const reorder = (inputIds: InputId[]) => rig().store.reorderInputs({ sessionId, inputIds, actor: OWNER });
    const { value } = await reorder([d, b, d]);
    expect(value.map(({ id }) => id)).toEqual([d, b, a, c, e]);
    expect(await queueOf(rig(), sessionId)).toEqual(value);
    expect(await refusalOf(reorder([a, newId("inp")]))).toBe("CONFLICT");
    const run = await rig().start(sessionId);
    expect(run.input.id).toBe(d);
    expect(await refusalOf(reorder([d]))).toBe("CONFLICT");
    expect((await queueOf(rig(), sessionId)).map(({ id }) => id)).toEqual([b, a, c, e]);
  });

  test("[D-6] a steer that is put behind another waits for it, and does not go into the running turn", async () => {
    const { sessionId, ids } = await filled(rig(), 2);
    const [a, b] = ids as [InputId, InputId];
    const steered = { requestedDelivery: "steer", delivery: "steer" } as const;
    const [first, second] = [
      (await rig().admit(sessionId, "now", steered)).input.id,
      (await rig().admit(sessionId, "now too", steered)).input.id,
    ];
    const reorder = (inputIds: InputId[]) => rig().store.reorderInputs({ sessionId, inputIds, actor: OWNER });
    const shown = async () => (await queueOf(rig(), sessionId)).map(({ id, delivery }) => [id, delivery]);
    await reorder([second, first]);
    expect((await shown()).slice(0, 2)).toEqual([
      [second, "steer"],
      [first, "steer"],
    ]);
    const { value } = await reorder([second, b, first]);
    expect(await shown()).toEqual([
      [second, "steer"],
      [b, "queue"],
      [first, "queue"],
      [a, "queue"],
    ]);
    expect(await queueOf(rig(), sessionId)).toEqual(value);
  });

  test("[D-5] a repeated reorder or resume is not applied again", async () => {
    const { sessionId, ids } = await filled(rig(), 3);
    const [a, b, c] = ids as [InputId, InputId, InputId];
    const first = { sessionId, inputIds: [c], actor: OWNER, idempotency: keyed(newId("act")) };
    await rig().store.reorderInputs(first);
    await rig().store.reorderInputs({ sessionId, inputIds: [b], actor: OWNER });
    const again = await rig().store.reorderInputs(first);
    expect(again.replayed).toBe(true);
    expect(again.value.map(({ id }) => id)).toEqual([b, c, a]);
    const resume = { sessionId, actor: OWNER, idempotency: keyed(newId("act")) };
    await rig().store.resumeQueue(resume);
    await rig().store.pauseQueue({ sessionId, actor: SYSTEM });
    expect(await rig().store.resumeQueue(resume)).toMatchObject({
      replayed: true,
      value: { queue: { paused: true } },
    });
    const mismatch = { ...first, idempotency: { ...first.idempotency, bodyHash: "b".repeat(64) } };
    expect(await refusalOf(rig().store.reorderInputs(mismatch))).toBe("IDEMPOTENCY_MISMATCH");
  });

  test("[D-6] a paused queue starts nothing until it is resumed, also after a restart", async () => {
    const { sessionId } = await filled(rig(), 1);
    await rig().store.pauseQueue({ sessionId, actor: SYSTEM });
    const seq = await rig().store.lastSeq(sessionId);
    await rig().store.pauseQueue({ sessionId, actor: SYSTEM });
    expect(await rig().store.lastSeq(sessionId)).toBe(seq);
    await rig().reopen();
    expect(await rig().tryStart(sessionId)).toBeUndefined();
    expect(await rig().store.startableSessions()).not.toContain(sessionId);
    await rig().admit(sessionId, "does not resume a queue that holds something");
    expect((await rig().readSession(sessionId)).queue).toEqual({ length: 2, paused: true });
    const { value } = await rig().store.resumeQueue({ sessionId, actor: OWNER });
    expect(value.queue).toEqual({ length: 2, paused: false });
    expect(await rig().store.startableSessions()).toContain(sessionId);
    await rig().start(sessionId);
  });

  test("[D-6] a new input clears the pause of an empty queue", async () => {
    const sessionId = await rig().session();
    await rig().store.pauseQueue({ sessionId, actor: SYSTEM });
    await rig().admit(sessionId);
    expect((await rig().readSession(sessionId)).queue).toEqual({ length: 1, paused: false });
  });

  test("[D-6] a session takes 1,000 queued inputs and refuses the next", async () => {
    const sessionId = await rig().session();
    const limit = HTTP_LIMITS.queuedInputs;
    expect(limit).toBe(1_000);
    await Promise.all(Array.from({ length: limit }, (_, index) => rig().admit(sessionId, `input ${index}`)));
    expect(await refusalOf(rig().admit(sessionId))).toBe("RATE_LIMITED");
    expect((await rig().readSession(sessionId)).queue.length).toBe(limit);
    await rig().start(sessionId);
    await rig().admit(sessionId);
    expect(await refusalOf(rig().admit(sessionId))).toBe("RATE_LIMITED");
  });

  test("[D-6] sessions that could start are named oldest input first, and busy ones are not", async () => {
    const first = await rig().session();
    const second = await rig().session();
    await rig().admit(second);
    await rig().age(1_000);
    await rig().admit(first);
    const could = await rig().store.startableSessions();
    expect(could.filter((id) => id === first || id === second)).toEqual([second, first]);
    await rig().start(second);
    await rig().admit(second);
    expect(await rig().store.startableSessions()).not.toContain(second);
  });
});
