import { newId } from "@holdfast/kernel";
import type { InstanceId, SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { OperationState } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { keyed, OWNER } from "./rig.ts";
import { topic } from "./topic.ts";
import { activeWorktree, creation, endOperation, firstClaim, operate, workspace } from "./worktree-rig.ts";

const DAY = 86_400_000;

export const operationsTopic = topic("operations", (rig) => {
  const start = (sessionId: SessionId) => rig().tryStart(sessionId);
  /** A session with a queued turn, and its workspace. */
  const waiting = async () => {
    const session = (await rig().create()).value;
    await rig().admit(session.id);
    return { sessionId: session.id, workspaceId: session.workspaceId };
  };

  test("[W-9, A-14] an operation keeps turns out of its workspace until it ends, over a crash too", async () => {
    const { sessionId, workspaceId } = await waiting();
    const operation = await operate(rig(), workspaceId, { data: { plan: [1] } });
    expect(operation).toMatchObject({ kind: "accept", state: "running", data: { plan: [1] }, actor: OWNER });
    await expect(start(sessionId)).rejects.toMatchObject({
      code: "WORKSPACE_BUSY",
      data: { holder: operation.id },
    });
    await rig().reopen();
    expect(await refusalOf(start(sessionId))).toBe("WORKSPACE_BUSY");
    expect(await rig().store.listOperations({ state: "running", limit: 10 })).toEqual([operation]);
    await endOperation(rig(), operation.id);
    expect((await rig().store.inspect()).drift, "no lease is left").toEqual([]);
    await rig().finish(await rig().start(sessionId));
  });

  test("[A-14] an operation keeps turns out of a shared workspace, and one that cannot write goes its way", async () => {
    const { sessionId, workspaceId } = await waiting();
    await rig().store.patchWorkspace({ workspaceId, concurrency: "shared", actor: OWNER });
    const { id } = await operate(rig(), workspaceId);
    expect(await refusalOf(start(sessionId))).toBe("WORKSPACE_BUSY");
    const reader = await rig().store.startTurn({
      sessionId,
      instanceId: rig().instanceId,
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: OWNER,
      writes: false,
    });
    if (reader !== undefined) await rig().finish(reader);
    await endOperation(rig(), id);
  });

  test("[A-14] an operation waits for turns and for other operations, and is told for whom", async () => {
    const run = await rig().running();
    const { id: sessionId, workspaceId } = run.session;
    const busy = (holder: string) => ({ code: "WORKSPACE_BUSY", data: { holder } });
    await expect(operate(rig(), workspaceId)).rejects.toMatchObject(busy(sessionId));
    await rig().begin(run);
    await expect(operate(rig(), workspaceId)).rejects.toMatchObject(busy(sessionId));
    await rig().finalize(run);
    const first = await operate(rig(), workspaceId);
    await expect(operate(rig(), workspaceId)).rejects.toMatchObject(busy(first.id));
    await endOperation(rig(), first.id);
    await endOperation(rig(), (await operate(rig(), workspaceId)).id);
  });

  test("[W-9] all leases are taken with the intent, or none and no intent", async () => {
    const [free, other] = [await waiting(), await waiting()];
    const run = await rig().running();
    const taken = run.session.workspaceId;
    const operationId = newId("opr");
    const leases = [free.workspaceId, other.workspaceId, taken];
    const begin = () => operate(rig(), free.workspaceId, { operationId, leases });
    expect(await refusalOf(begin())).toBe("WORKSPACE_BUSY");
    expect(await rig().store.getOperation(operationId)).toBeUndefined();
    await rig().finish(await rig().start(free.sessionId));
    await rig().finish(run);
    await rig().admit(free.sessionId);
    // The same workspace named twice is one lease.
    expect((await operate(rig(), free.workspaceId, { operationId, leases: [...leases, taken] })).state).toBe(
      "running",
    );
    for (const { sessionId } of [free, other])
      expect(await refusalOf(start(sessionId))).toBe("WORKSPACE_BUSY");
    await endOperation(rig(), operationId);
    for (const { sessionId } of [free, other]) await rig().finish(await rig().start(sessionId));
  });

  test("[A-14] of operations at once on the same two workspaces exactly one begins, whatever the order of the two", async () => {
    const [one, two] = [await workspace(rig()), await workspace(rig())];
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        operate(rig(), one, { leases: index % 2 === 0 ? [one, two] : [two, one] }),
      ),
    );
    const begun = results.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    expect(begun).toHaveLength(1);
    for (const { id } of begun) await endOperation(rig(), id);
  });

  test("[W-9] a running operation's plan moves on, an ended one's does not, and its first end stays", async () => {
    const workspaceId = await workspace(rig());
    const { id: operationId } = await operate(rig(), workspaceId);
    await rig().store.advanceOperation({ operation: firstClaim(operationId), data: { step: 2 } });
    expect(await rig().store.getOperation(operationId)).toMatchObject({
      state: "running",
      data: { step: 2 },
    });
    const end = (state: Exclude<OperationState, "running">, data?: { step: number }) =>
      rig().store.endOperation({ operation: firstClaim(operationId), state, data });
    const ended = await end("conflict");
    expect(ended).toMatchObject({ state: "conflict", data: { step: 2 } });
    expect(ended.time.ended).toBeGreaterThanOrEqual(ended.time.created);
    expect(await end("done", { step: 3 })).toEqual(ended);
    const advance = rig().store.advanceOperation({ operation: firstClaim(operationId), data: {} });
    expect(await refusalOf(advance)).toBe("CONFLICT");
    expect(await rig().store.getOperation(operationId)).toEqual(ended);
  });

  test("[W-11, D-17] an operation is taken from a dead owner only, by one, and its former owner writes no more", async () => {
    const { store } = rig();
    const owner = newId("ins");
    await store.registerInstance({ id: owner, pid: 2, host: "here", startTime: 2, isAlone: false });
    const workspaceId = await workspace(rig());
    const begun = await operate(rig(), workspaceId, { instanceId: owner });
    const { id: operationId } = begun;
    expect(begun).toMatchObject({
      epoch: 1,
      leases: [workspaceId],
      owner: { instanceId: owner, host: "here", isAlive: true },
    });
    const [one, other] = [newId("ins"), newId("ins")];
    for (const id of [one, other])
      await store.registerInstance({ id, pid: 3, host: "there", startTime: 3, isAlone: false });
    const take = (instanceId: InstanceId) => store.takeOperation({ operationId, instanceId });
    expect(await take(one)).toBeUndefined();
    await store.endInstance({ instanceId: owner });
    expect(await store.getOperation(operationId)).toMatchObject({ owner: { isAlive: false } });
    const taken = await Promise.all([take(one), take(other)]);
    expect(taken[0]).toMatchObject({
      epoch: 2,
      owner: { instanceId: one, host: "here", isAlive: true },
      leases: [workspaceId],
    });
    expect(taken[1]).toBeUndefined();
    const write = (epoch: number) =>
      store.advanceOperation({ operation: { id: operationId, epoch }, data: {} });
    expect(await refusalOf(write(1))).toBe("CLAIM_LOST");
    expect(await refusalOf(endOperation(rig(), operationId))).toBe("CLAIM_LOST");
    await write(2);
    // Its own owner takes it again, when what it did there failed.
    expect(await take(one)).toMatchObject({ epoch: 3 });
    const ended = await store.endOperation({ operation: { id: operationId, epoch: 3 }, state: "done" });
    expect(ended).toMatchObject({ state: "done", leases: [] });
    expect(await take(one)).toBeUndefined();
  });

  test("[W-11] a server that is alone has the files of whatever was left, and the owners of it are dead", async () => {
    const owner = newId("ins");
    await rig().store.registerInstance({ id: owner, pid: 2, host: "here", startTime: 2, isAlone: false });
    const { id } = await operate(rig(), await workspace(rig()), { instanceId: owner });
    await rig().successor();
    const left = await rig().store.getOperation(id);
    expect(left?.owner).toEqual({ instanceId: owner, isAlive: false });
    await endOperation(rig(), id);
  });

  test("[W-8, D-5] a repeated key answers the operation it began, as it is now", async () => {
    const workspaceId = await workspace(rig());
    const idempotency = keyed(newId("act"));
    const command = { actor: OWNER, kind: "apply" as const, workspaceId, leases: [workspaceId], data: {} };
    const begin = () =>
      rig().store.beginOperation({
        ...command,
        instanceId: rig().instanceId,
        operationId: newId("opr"),
        idempotency,
      });
    const first = await begin();
    expect(await begin()).toEqual({ value: first.value, replayed: true });
    const ended = await rig().store.endOperation({
      operation: firstClaim(first.value.id),
      state: "done",
      data: { applied: ["a"] },
    });
    expect(await begin()).toEqual({ value: ended, replayed: true });
  });

  test("[D-5] an operation that was undone is no result: its key begins another, which is the first one then", async () => {
    const workspaceId = await workspace(rig());
    const idempotency = keyed(newId("act"));
    const command = { actor: OWNER, kind: "apply" as const, workspaceId, leases: [workspaceId], data: {} };
    const begin = () =>
      rig().store.beginOperation({
        ...command,
        instanceId: rig().instanceId,
        operationId: newId("opr"),
        idempotency,
      });
    const first = await begin();
    await rig().store.endOperation({ operation: firstClaim(first.value.id), state: "undone" });
    const second = await begin();
    expect(second.replayed).toBe(false);
    expect(second.value.id).not.toBe(first.value.id);
    expect(await begin()).toEqual({ value: second.value, replayed: true });
    await endOperation(rig(), second.value.id);
  });

  test("[W-9] operations are listed newest first, by workspace, kind and state", async () => {
    const workspaceId = await workspace(rig());
    const applied = await operate(rig(), workspaceId, { kind: "apply" });
    await endOperation(rig(), applied.id);
    const rejected = await operate(rig(), workspaceId, { kind: "reject" });
    const list = async (query: object) =>
      (await rig().store.listOperations({ workspaceId, limit: 10, ...query })).map(({ id }) => id);
    expect(await list({})).toEqual([rejected.id, applied.id]);
    expect(await list({ limit: 1 })).toEqual([rejected.id]);
    expect(await list({ kinds: ["apply", "undo"] })).toEqual([applied.id]);
    expect(await list({ kinds: [] })).toEqual([]);
    expect(await list({ state: "running" })).toEqual([rejected.id]);
    expect(await list({ state: "done" })).toEqual([applied.id]);
    await endOperation(rig(), rejected.id);
  });

  test("[W-9] nothing is begun on what does not exist", async () => {
    const workspaceId = await workspace(rig());
    const missing = newId("wsp");
    for (const overrides of [{ workspaceId: missing }, { leases: [missing] }, { worktreeId: newId("wkt") }]) {
      expect(await refusalOf(operate(rig(), workspaceId, overrides))).toBe("NOT_FOUND");
    }
    const operationId = newId("opr");
    expect(await refusalOf(endOperation(rig(), operationId))).toBe("NOT_FOUND");
    expect(
      await refusalOf(rig().store.advanceOperation({ operation: firstClaim(operationId), data: {} })),
    ).toBe("NOT_FOUND");
    expect(await rig().store.listOperations({ workspaceId, limit: 9 })).toEqual([]);
  });

  test("[W-2, A-14] nobody works in a worktree before it is made", async () => {
    const command = creation();
    await rig().store.beginWorktree(command);
    const sessionId = await rig().session({ existingWorkspaceId: command.workspaceId });
    await rig().admit(sessionId);
    await expect(start(sessionId)).rejects.toMatchObject({ data: { holder: command.operationId } });
    await rig().store.patchWorktree({
      worktreeId: command.worktreeId,
      patch: { state: "active" },
      actor: OWNER,
      operation: { ...firstClaim(command.operationId), state: "done" },
    });
    await rig().finish(await rig().start(sessionId));
  });

  test("[W-11, D-14] an ended operation is kept for 30 days, a running one until it ends", async () => {
    const worktree = await activeWorktree(rig());
    const { workspaceId } = worktree;
    const running = await operate(rig(), workspaceId, { kind: "archive", worktreeId: worktree.id });
    const left = async () => {
      await rig().store.sweepHousekeeping({ limit: 100 });
      return (await rig().store.listOperations({ workspaceId, limit: 9 })).map(({ kind }) => kind);
    };
    await rig().age(29 * DAY);
    expect(await left()).toEqual(["archive", "create"]);
    await rig().age(2 * DAY);
    expect(await left()).toEqual(["archive"]);
    await endOperation(rig(), running.id);
    expect(await left()).toEqual(["archive"]);
  });
});
