import { newId } from "@holdfast/kernel";
import { expect, test } from "vitest";
import type { StartedTurn } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { COMPLETED, delta, OWNER, placeOf, type StoreRig, stepOp, textPart, toolPart } from "./rig.ts";
import { topic } from "./topic.ts";
import { activeWorktree } from "./worktree-rig.ts";

const TOLD = { finish: "tool-calls", tokens: { input: 30, output: 4 }, cost: 0.25 };

const answersOf = async (rig: StoreRig, run: StartedTurn) =>
  (await rig.store.messagesOfTurn(run.turn.id)).filter(({ info }) => info.role === "assistant");

export const stepsTopic = topic("steps", (rig) => {
  test("[R-14.3, R-17.20] a compaction is told by an event, and what an answer keeps beside its parts is merged", async () => {
    const run = await rig().running();
    const messageId = run.assistantMessageId;
    const compaction = { messageId, auto: true, overflow: true, tailStartId: run.message.info.id };
    await rig().append(
      run,
      { op: "answer", messageId, patch: { metadata: { backend: { messageId: "a" } }, summary: true } },
      { op: "answer", messageId, patch: { metadata: { other: 1 } } },
      { op: "compacted", compaction },
    );
    const [answer] = await answersOf(rig(), run);
    expect(answer?.info).toMatchObject({
      summary: true,
      metadata: { backend: { messageId: "a" }, other: 1 },
    });
    const heard = rig().heard(run.session.id, 1).at(-1);
    expect([heard?.type, JSON.parse(heard?.data ?? "null")]).toEqual(["session.compacted", compaction]);
  });

  test("[R-1.6, D-1] one transaction settles the open answer and opens the next, with seven events in order", async () => {
    const run = await rig().running();
    const text = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    const { op: told, place } = stepOp(run);
    const op = { ...told, tries: 2 };
    const from = ((await rig().store.lastSeq(run.session.id)) ?? 0) + 1;
    const later = textPart(place, "next", { start: 1 });
    await rig().append(
      run,
      { op: "answer", messageId: run.assistantMessageId, patch: TOLD },
      op,
      { op: "part", part: later },
      delta(later, 4, " one"),
    );
    const heard = rig().heard(run.session.id, from);
    expect(heard.map(({ type, seq }) => [type, seq])).toEqual(
      [
        "message.part.updated",
        "message.updated",
        "step.finished",
        "message.updated",
        "turn.updated",
        "message.part.updated",
        "step.started",
        "message.part.updated",
        "message.part.delta",
      ].map((type, index) => [type, from + 1 + index]),
    );
    expect(JSON.parse(heard[2]?.data ?? "null")).toMatchObject({ step: 1, attempt: 3 });
    expect(heard.at(-1)?.seq).toBe(await rig().store.lastSeq(run.session.id));
    const ids = [run.assistantMessageId, place.messageId];
    expect((await rig().turn(run)).assistantMessageIds).toEqual(ids);
    const [first, second] = await answersOf(rig(), run);
    const shared = { parentId: run.message.info.id, agent: "rehearsal", turnId: run.turn.id };
    expect(first?.info).toMatchObject({ ...shared, ...TOLD, step: 1, ordinal: 1 });
    expect(first?.info.time).toHaveProperty("completed");
    expect(first?.parts).toMatchObject([
      { id: text.id },
      {
        id: op.finishPartId,
        type: "step-finish",
        reason: "tool-calls",
        tokens: TOLD.tokens,
        cost: TOLD.cost,
      },
    ]);
    expect(second?.info).toMatchObject({ ...shared, step: 2, ordinal: 2 });
    expect(second?.info.time).not.toHaveProperty("completed");
    expect(second?.parts).toMatchObject([{ type: "step-start" }, { text: "next one" }]);
  });

  test("[R-1.6, A-21] each answer has the usage of its own step, the turn that of all, also after a restart", async () => {
    const run = await rig().running();
    await rig().append(run, { op: "answer", messageId: run.assistantMessageId, patch: TOLD }, stepOp(run).op);
    const { op, place } = stepOp(run);
    await rig().append(run, op);
    await rig().reopen();
    const last = { finish: "stop", tokens: { input: 40, output: 1 } };
    await rig().append(run, { op: "answer", messageId: place.messageId, patch: last });
    const usage = { tokens: { input: 70, output: 5 }, cost: 0.25, scope: "turn" } as const;
    const turn = await rig().finish(run, { ...COMPLETED, finish: "end_turn", usage });
    expect(turn).toMatchObject({ state: "completed", finish: "end_turn", usage });
    const answers = await answersOf(rig(), run);
    expect(answers.map(({ info }) => info.id)).toEqual(turn.assistantMessageIds);
    expect(answers.map(({ info }) => info)).toMatchObject([
      { step: 1, ...TOLD },
      { step: 2 },
      { step: 3, ...last },
    ]);
    expect(answers[1]?.info).not.toHaveProperty("tokens");
    expect(answers[2]?.info).not.toHaveProperty("cost");
    for (const { info, parts } of answers) {
      expect(info.time).toHaveProperty("completed");
      expect(parts.at(-1)).toMatchObject({ type: "step-finish" });
    }
    expect(answers[1]?.parts.at(-1)).toMatchObject({ reason: "unknown" });
    const ends = rig()
      .heard(run.session.id)
      .filter(({ type }) => type === "step.finished")
      .map(({ data }) => JSON.parse(data) as unknown);
    expect(ends).toMatchObject([
      { step: 1, reason: "tool-calls", usage: { tokens: TOLD.tokens, cost: TOLD.cost } },
      { step: 2, reason: "unknown", usage: {} },
      { step: 3, reason: "stop", usage: { tokens: last.tokens } },
    ]);
  });

  test("[R-1.6, R-1.5] an interrupted turn leaves no answer open, and only the last one is aborted", async () => {
    const run = await rig().running();
    const call = toolPart(placeOf(run), { status: "running", input: {}, raw: "", time: { start: 1 } });
    await rig().part(run, call);
    await rig().append(run, stepOp(run).op);
    const instance = await rig().successor();
    const epoch = await rig().takeOver(run.session.id, instance);
    const error = { name: "MessageAbortedError" as const, data: { message: "It stopped." } };
    await rig().finish({ ...run, epoch }, { state: "aborted", reason: "interrupted", error });
    const [first, second] = await answersOf(rig(), run);
    expect(first?.info).not.toHaveProperty("error");
    expect(first?.parts).toMatchObject([
      { id: call.id, state: { status: "error" } },
      { type: "step-finish" },
    ]);
    expect(second?.info).toMatchObject({ error });
    expect(second?.info.time).toHaveProperty("completed");
    expect(second?.parts.at(-1)).toMatchObject({ type: "step-finish", reason: "interrupted" });
  });

  test("[D-16, R-4.1] what an earlier answer still gets stands behind its other parts", async () => {
    const run = await rig().running();
    await rig().part(run, textPart(placeOf(run), "a", { start: 1, end: 2 }));
    await rig().append(run, stepOp(run).op);
    await rig().part(run, textPart(placeOf(run), "late", { start: 1, end: 2 }));
    const [first] = await answersOf(rig(), run);
    expect(first?.parts.map(({ type, ordinal }) => [type, ordinal])).toEqual([
      ["text", 0],
      ["step-finish", 1],
      ["text", 2],
    ]);
  });

  test("[W-1] an answer in a worktree names the worktree's directory and the project's root, in every step", async () => {
    const worktree = await activeWorktree(rig());
    const run = await rig().running({ existingWorkspaceId: worktree.workspaceId });
    await rig().append(run, stepOp(run).op);
    const project = await rig().store.getProject(run.session.projectId);
    expect(project?.directory).not.toBe(run.session.directory);
    for (const { info } of await answersOf(rig(), run))
      expect(info).toMatchObject({
        mode: "rehearsal",
        path: { cwd: run.session.directory, root: project?.directory },
      });
  });

  test("[R-1.2] an answer answers a message of its turn, and what is not of the turn is refused whole", async () => {
    const run = await rig().running();
    const other = await rig().running();
    const { op } = stepOp(run);
    const strange = { ...op, next: { ...op.next, parentId: other.message.info.id } };
    expect(await refusalOf(rig().append(run, strange))).toBe("NOT_FOUND");
    const patch = { op: "answer", messageId: other.assistantMessageId, patch: TOLD } as const;
    expect(await refusalOf(rig().append(run, patch))).toBe("NOT_FOUND");
    const asked = { ...patch, messageId: run.message.info.id };
    expect(await refusalOf(rig().append(run, asked))).toBe("NOT_FOUND");
    expect(await answersOf(rig(), run)).toHaveLength(1);
    await rig().append(run, op);
    await rig().finish(run);
    await rig().store.removeMessage({ messageId: run.assistantMessageId, actor: OWNER });
    expect((await rig().turn(run)).assistantMessageIds).toEqual([op.next.messageId]);
    expect(await refusalOf(rig().append(run, { ...op, finishPartId: newId("prt") }))).toBe("CONFLICT");
  });
});
