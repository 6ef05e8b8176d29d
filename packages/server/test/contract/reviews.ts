import { newId } from "@holdfast/kernel";
import type { OperationId, SessionId, WorkspaceId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { ChangeCommands, StartedTurn } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { OWNER } from "./rig.ts";
import { topic } from "./topic.ts";
import {
  activeWorktree,
  change,
  firstClaim,
  changeWrite,
  endOperation,
  operate,
  record,
  revised,
  snapshot,
  TRACKING,
  workspace,
} from "./worktree-rig.ts";

const DAY = 86_400_000;

type Commit = Parameters<ChangeCommands["commitReview"]>[0];

export const reviewsTopic = topic("reviews, notes and snapshots", (rig) => {
  const commit = (operationId: OperationId, workspaceId: WorkspaceId, more: Partial<Commit> = {}) =>
    rig().store.commitReview({
      ...changeWrite(workspaceId),
      operation: firstClaim(operationId),
      state: "done",
      data: {},
      notes: [],
      ...more,
    });
  /** A session of a workspace with a note that its agent has not been told. */
  const noted = async (paths: string[]) => {
    const { id: sessionId, workspaceId } = (await rig().create()).value;
    const { id } = await operate(rig(), workspaceId, { kind: "reject" });
    await commit(id, workspaceId, { notes: [{ sessionId, kind: "rejected", paths }] });
    return { sessionId, workspaceId };
  };
  const run = async (sessionId: SessionId) => {
    await rig().admit(sessionId);
    return rig().start(sessionId);
  };
  const take = ({ session, turn, epoch }: StartedTurn) =>
    rig().store.takeNotes({ sessionId: session.id, turnId: turn.id, epoch });

  test("[W-9] the trees of a project directory move with the review that wrote to it, or not at all", async () => {
    const [worktree, project] = [await workspace(rig()), await workspace(rig())];
    const { id: operationId } = await operate(rig(), worktree, { kind: "apply" });
    const other = { ...changeWrite(project), tracking: { ...TRACKING, baseline: "d".repeat(40) } };
    const broken = { ...changeWrite(worktree), changes: [revised(change(worktree))] };
    expect(await refusalOf(commit(operationId, worktree, { others: [other, broken] }))).toBe("STALE");
    expect((await rig().store.getTracking(project)).baseline).not.toBe("d".repeat(40));
    await commit(operationId, worktree, { others: [other] });
    expect((await rig().store.getTracking(project)).baseline).toBe("d".repeat(40));
  });

  test("[W-9] the end of a review is one: rows, tracking, notes, intent and leases, and only once", async () => {
    const { id: sessionId, workspaceId } = (await rig().create()).value;
    const [whole, part] = [change(workspaceId), change(workspaceId)];
    await record(rig(), workspaceId, [whole, part]);
    const { id: operationId } = await operate(rig(), workspaceId, { kind: "apply" });
    const tracking = { ...TRACKING, baseline: "e".repeat(40) };
    const end: Partial<Commit> = {
      changes: [revised(part, { hunks: [] })],
      gone: [{ changeId: whole.id, state: "applied" }],
      tracking,
      data: { applied: [whole.path] },
      notes: [
        { sessionId, kind: "rejected", paths: ["a"] },
        { sessionId: newId("ses"), kind: "rejected", paths: ["of nobody"] },
      ],
    };
    await commit(operationId, workspaceId, end);
    const rows = await rig().store.listChanges({ workspaceId });
    expect(rows).toMatchObject([{ id: part.id, revision: 2, hunks: [] }]);
    expect(await rig().store.getTracking(workspaceId)).toEqual(tracking);
    const ended = await rig().store.getOperation(operationId);
    expect(ended).toMatchObject({ state: "done", data: { applied: [whole.path] } });
    const position = await rig().store.lastPosition();
    await commit(operationId, workspaceId, { ...end, state: "conflict" });
    expect(await rig().store.getOperation(operationId)).toEqual(ended);
    expect(await rig().store.lastPosition()).toEqual(position);
    const started = await run(sessionId);
    expect(await take(started)).toMatchObject([{ sessionId, kind: "rejected", paths: ["a"] }]);
    await rig().finish(started);
  });

  test("[R-6.4] the end of a review, and of a restored worktree, is said at the end of the newest answer of each session that is named", async () => {
    const { id: sessionId, workspaceId } = (await rig().create()).value;
    const silent = await rig().session({ existingWorkspaceId: workspaceId });
    await rig().exchange(sessionId);
    await rig().exchange(sessionId);
    const mark = (of: SessionId, tree: string) => ({
      sessionId: of,
      partId: newId("prt"),
      snapshot: tree.repeat(40),
    });
    const marks = [mark(sessionId, "a"), mark(silent, "a"), mark(newId("ses"), "a")];
    const { id } = await operate(rig(), workspaceId, { kind: "reject" });
    const seq = (await rig().store.lastSeq(sessionId)) ?? 0;
    await commit(id, workspaceId, { marks });
    await commit(id, workspaceId, { marks: [mark(sessionId, "b")] });
    expect(
      rig()
        .heard(sessionId, seq)
        .map(({ type }) => type),
    ).toEqual(["message.part.updated"]);
    // What still runs has no place for it yet.
    const run_ = await run(sessionId);
    const worktree = await activeWorktree(rig());
    const restored = { worktreeId: worktree.id, patch: { note: "back" }, actor: OWNER };
    await rig().store.patchWorktree({ ...restored, marks: [mark(sessionId, "c")] });
    await rig().finish(run_);
    const told = (await rig().history(sessionId)).map(({ parts }) =>
      parts.flatMap((part) => (part.type === "snapshot" ? [part.snapshot[0]] : [])),
    );
    expect(told).toEqual([[], [], [], ["a", "c"], [], []]);
    expect(await rig().history(silent)).toEqual([]);
  });

  test("[W-9] a review that a newer revision overtook writes nothing and is still at work", async () => {
    const { id: sessionId, workspaceId } = (await rig().create()).value;
    const [row, other] = [change(workspaceId), change(workspaceId)];
    await record(rig(), workspaceId, [row, other]);
    const operation = await operate(rig(), workspaceId, { data: { step: 1 } });
    await record(rig(), workspaceId, [revised(row)]);
    const overtaken = commit(operation.id, workspaceId, {
      changes: [revised(row)],
      gone: [{ changeId: other.id, state: "applied" }],
      notes: [{ sessionId, kind: "rejected", paths: ["a"] }],
    });
    expect(await refusalOf(overtaken)).toBe("STALE");
    expect(await rig().store.getOperation(operation.id)).toEqual(operation);
    expect(await rig().store.listChanges({ workspaceId })).toHaveLength(2);
    expect(await refusalOf(operate(rig(), workspaceId))).toBe("WORKSPACE_BUSY");
    await endOperation(rig(), operation.id);
    const started = await run(sessionId);
    expect(await take(started)).toEqual([]);
    await rig().finish(started);
    expect(await refusalOf(commit(newId("opr"), workspaceId))).toBe("NOT_FOUND");
  });

  test("[W-6] a session's agent is told once what was rejected: the turn that took it has it, no later one", async () => {
    const { sessionId, workspaceId } = await noted(["src/a.ts", "src/b.ts"]);
    const { id } = await operate(rig(), workspaceId, { kind: "reject" });
    await commit(id, workspaceId, { notes: [{ sessionId, kind: "rejected", paths: ["c"] }] });
    const first = await run(sessionId);
    const taken = await take(first);
    expect(taken.map(({ paths }) => paths)).toEqual([["src/a.ts", "src/b.ts"], ["c"]]);
    expect(await take(first), "asked again by the same turn").toEqual(taken);
    await rig().finish(first);
    expect(await refusalOf(take(first))).toBe("CONFLICT");
    const second = await run(sessionId);
    expect(await take(second)).toEqual([]);
    await rig().finish(second);
  });

  test("[W-6, D-17] who lost the claim takes no notes, and nobody takes those of another session", async () => {
    const { sessionId } = await noted(["a"]);
    const old = await run(sessionId);
    const epoch = await rig().takeOver(sessionId, rig().instanceId);
    expect(await refusalOf(take(old))).toBe("CLAIM_LOST");
    const stranger = await rig().running();
    const foreign = rig().store.takeNotes({
      sessionId,
      turnId: stranger.turn.id,
      epoch,
    });
    expect(await refusalOf(foreign)).toBe("NOT_FOUND");
    expect(await take(stranger)).toEqual([]);
    await rig().finish(stranger);
    expect(await take({ ...old, epoch })).toMatchObject([{ paths: ["a"] }]);
    await rig().finish({ ...old, epoch });
  });

  test("[W-6, D-26] notes go with their session", async () => {
    const { sessionId } = await noted(["a"]);
    await rig().store.deleteSession({ sessionId, actor: OWNER });
    expect(await rig().store.getSession(sessionId)).toBeUndefined();
  });

  test("[W-3] snapshots are found by turn, the newest by its workspace, and one ref names one commit", async () => {
    const workspaceId = await workspace(rig());
    const turnId = newId("trn");
    const of = { sessionId: newId("ses"), turnId };
    const [before, after, now] = [
      snapshot(workspaceId, { ...of, ref: `refs/holdfast/snap/s/${turnId}/before` }),
      snapshot(workspaceId, { ...of, ref: `refs/holdfast/snap/s/${turnId}/after` }),
      snapshot(workspaceId),
    ];
    expect(await rig().store.newestSnapshot(workspaceId)).toBeUndefined();
    await rig().store.recordChanges(changeWrite(workspaceId, { snapshots: [before, after] }));
    expect(await rig().store.turnSnapshots(turnId)).toEqual([before, after]);
    expect(await rig().store.newestSnapshot(workspaceId)).toEqual(after);
    const again = { ...before, commit: "a".repeat(40) };
    await rig().store.recordChanges(changeWrite(workspaceId, { snapshots: [now, again] }));
    expect(await rig().store.turnSnapshots(turnId)).toEqual([after, again]);
    await rig().store.forgetSnapshots({ refs: [after.ref, again.ref, "refs/heads/unknown"] });
    expect(await rig().store.turnSnapshots(turnId)).toEqual([]);
    expect(await rig().store.newestSnapshot(workspaceId)).toEqual(now);
  });

  test("[W-3] a snapshot is unneeded when it is old and no change, baseline, newest tree or operation names it", async () => {
    const workspaceId = await workspace(rig());
    const at = Date.now() - 8 * DAY;
    const old = () => snapshot(workspaceId, { time: at });
    const [free, named, contributed, baseline, newest, running, recent, past] = [
      old(),
      old(),
      old(),
      old(),
      old(),
      old(),
      old(),
      old(),
    ] as const;
    const young = snapshot(workspaceId);
    const contributions = [
      { agent: "user", before: named.commit, after: contributed.commit, hunks: [], time: at },
    ];
    const snapshots = [free, named, contributed, baseline, newest, running, recent, past, young];
    const { id: pastId } = await operate(rig(), workspaceId, { data: { deep: [{ ref: past.ref }] } });
    await endOperation(rig(), pastId);
    await rig().age(7 * DAY + 60_000);
    const tracking = { ...TRACKING, baseline: baseline.tree, newest: newest.tree };
    const row = change(workspaceId, { contributions });
    await rig().store.recordChanges(changeWrite(workspaceId, { changes: [row], snapshots, tracking }));
    const { id: recentId } = await operate(rig(), workspaceId, { data: { ours: recent.commit } });
    await endOperation(rig(), recentId);
    const { id: runningId } = await operate(rig(), workspaceId, { data: { trees: [running.tree] } });
    const unneeded = async (limit = 100) =>
      (await rig().store.unneededSnapshots({ before: Date.now() - 7 * DAY, limit }))
        .filter((one) => one.workspaceId === workspaceId)
        .map(({ ref }) => ref);
    expect(await unneeded()).toEqual([free.ref, past.ref]);
    // What kept the others ends.
    await endOperation(rig(), runningId);
    await rig().store.recordChanges(
      changeWrite(workspaceId, { gone: [{ changeId: row.id, state: "applied" }] }),
    );
    const left = [free, named, contributed, baseline, newest, past].map(({ ref }) => ref);
    expect(await unneeded()).toEqual(left);
    expect(await rig().store.unneededSnapshots({ before: at - 1, limit: 100 })).toEqual([]);
    await rig().store.forgetSnapshots({ refs: left });
    expect(await unneeded()).toEqual([]);
  });
});
