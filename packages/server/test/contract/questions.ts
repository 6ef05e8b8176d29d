import type { Question, QuestionAnswer } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";
import { keyed, OWNER, SYSTEM } from "./rig.ts";
import { topic } from "./topic.ts";

const accept = (port: number): QuestionAnswer => ({ action: "accept", content: { port } });

export const questionsTopic = topic("questions", (rig) => {
  test("[A-19, D-10] a question is a row with all of it before anybody is asked, and its session waits", async () => {
    const run = await rig().running();
    const call = { messageId: run.assistantMessageId, callId: "c" };
    const fields: Question["fields"] = [
      { name: "a", type: "text", minLength: 1, maxLength: 9 },
      { name: "b", type: "many", options: [{ value: "x", label: "X" }], default: ["x"] },
    ];
    const asked = await rig().question(run, { fields, deadline: 99, call });
    expect(asked).toMatchObject({ state: "pending", deadline: 99, call, fields, message: "Which port?" });
    const page = await rig().question(run, { fields: [], url: "https://example.org/login" });
    expect(page).toMatchObject({ url: "https://example.org/login" });
    const waiting = { status: "waiting", attention: "question" };
    expect(await rig().readSession(run.session.id)).toMatchObject(waiting);
    await rig().reopen();
    expect(await rig().store.getQuestion(asked.id)).toEqual(asked);
    expect(await rig().store.listQuestions({ state: "pending", sessionId: run.session.id })).toEqual([
      page,
      asked,
    ]);
    const { id: permissionId } = await rig().ask(run);
    expect((await rig().readSession(run.session.id))?.attention).toBe("permission");
    await rig().store.expirePermission({ permissionId, expiry: "deadline", actor: SYSTEM });
    expect(await rig().readSession(run.session.id)).toMatchObject(waiting);
  });

  test("[A-19] of answers at once the first wins and the others are told so", async () => {
    const run = await rig().running();
    const { id } = await rig().question(run);
    const answers: QuestionAnswer[] = [accept(1), { action: "decline" }, { action: "cancel" }, accept(2)];
    const told = await Promise.allSettled(
      answers.map((answer) => rig().store.replyQuestion({ questionId: id, answer, actor: OWNER })),
    );
    const applied = told.flatMap((one) => (one.status === "fulfilled" ? [one.value.value] : []));
    expect(applied).toHaveLength(1);
    for (const one of told)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "ALREADY_REPLIED" });
    expect(await rig().store.getQuestion(id)).toEqual(applied[0]);
    expect(applied[0]).toMatchObject({ state: "replied", actor: OWNER, answer: accept(1) });
    expect(await rig().readSession(run.session.id)).toMatchObject({ status: "busy", attention: "none" });
  });

  test("[D-5] a repeated answer is a replay", async () => {
    const run = await rig().running();
    const { id } = await rig().question(run);
    const reply = { questionId: id, answer: accept(80), actor: OWNER };
    const command = { ...reply, idempotency: keyed("answer") };
    const first = await rig().store.replyQuestion(command);
    expect(await rig().store.replyQuestion(command)).toEqual({ value: first.value, replayed: true });
    expect(await refusalOf(rig().store.replyQuestion(reply))).toBe("ALREADY_REPLIED");
  });

  test("[A-19, D-7] what is open ends with its turn, by itself or by a deadline, and takes no answer then", async () => {
    const run = await rig().running();
    const late = await rig().question(run);
    const expire = () =>
      rig().store.expireQuestion({ questionId: late.id, expiry: "deadline", actor: SYSTEM });
    const first = await expire();
    expect(first).toMatchObject({ state: "expired", expiry: "deadline" });
    expect(await expire()).toEqual(first);
    const [answered, open] = [await rig().question(run), await rig().question(run)];
    await rig().store.replyQuestion({ questionId: answered.id, answer: accept(80), actor: OWNER });
    await rig().finish(run);
    expect((await rig().store.getQuestion(answered.id))?.state).toBe("replied");
    expect(await rig().store.getQuestion(open.id)).toMatchObject({
      state: "expired",
      expiry: "turnEnded",
      time: { ended: expect.any(Number) as number },
    });
    for (const { id } of [late, open]) {
      const reply = rig().store.replyQuestion({ questionId: id, answer: accept(80), actor: OWNER });
      expect(await refusalOf(reply)).toBe("ALREADY_REPLIED");
    }
    expect(await rig().readSession(run.session.id)).toMatchObject({ status: "idle", attention: "none" });
    expect(await refusalOf(rig().question(run))).toBe("CONFLICT");
    expect(await rig().store.countQuestions({ sessionId: run.session.id })).toBe(3);
  });

  test("[D-17] who lost the claim asks nothing", async () => {
    const run = await rig().running();
    const stale = { ...run, epoch: run.epoch - 1 };
    expect(await refusalOf(rig().question(stale))).toBe("CLAIM_LOST");
  });
});
