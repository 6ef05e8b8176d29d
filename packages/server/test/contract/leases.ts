import { newId } from "@holdfast/kernel";
import type { SessionId, WorkspaceId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { refusalOf, refusalsOf } from "./refusal.ts";
import { OWNER, type StoreRig, SYSTEM } from "./rig.ts";
import { topic } from "./topic.ts";

/** Sessions of one workspace, each with a queued turn. */
async function neighbours(
  rig: StoreRig,
  count: number,
  parents: (number | undefined)[] = [],
): Promise<SessionId[]> {
  const directory = `/projects/${newId("wsp")}`;
  const ids: SessionId[] = [];
  for (let index = 0; index < count; index += 1) {
    const parent = parents[index];
    ids.push(await rig.session({ directory, ...(parent === undefined ? {} : { parentId: ids[parent] }) }));
  }
  for (const id of ids) await rig.admit(id);
  return ids;
}

const start = (rig: StoreRig, sessionId: SessionId, more: { writes?: boolean } = {}) =>
  rig.store.startTurn({
    sessionId,
    instanceId: rig.instanceId,
    assistantMessageId: newId("msg"),
    agentSessionId: newId("ags"),
    actor: SYSTEM,
    ...more,
  });

const workspaceOf = async (rig: StoreRig, sessionId: SessionId): Promise<WorkspaceId> =>
  (await rig.readSession(sessionId)).workspaceId;

export const leasesTopic = topic("workspace leases", (rig) => {
  test("[A-14] one turn has a workspace from its start to its end; another one is refused with the holder", async () => {
    const [one, other] = (await neighbours(rig(), 2)) as [SessionId, SessionId];
    const run = await rig().start(one);
    const before = await rig().store.lastSeq(other);
    await expect(start(rig(), other)).rejects.toMatchObject({
      code: "WORKSPACE_BUSY",
      data: { holder: one },
    });
    expect(await rig().store.lastSeq(other)).toBe(before);
    expect(await rig().store.nextTurn(other)).toBeDefined();
    await rig().begin(run);
    expect(await refusalOf(start(rig(), other))).toBe("WORKSPACE_BUSY");
    await rig().finalize(run);
    await rig().finish(await rig().start(other));
  });

  test("[A-14] of starts at once in one workspace exactly one gets it", async () => {
    const ids = await neighbours(rig(), 6);
    const results = await Promise.allSettled(ids.map((id) => start(rig(), id)));
    const started = results.flatMap((each) =>
      each.status === "fulfilled" && each.value ? [each.value] : [],
    );
    expect(started).toHaveLength(1);
    expect(
      await refusalsOf(ids.filter((id) => id !== started[0]?.session.id).map((id) => start(rig(), id))),
    ).toEqual(Array.from({ length: 5 }, () => "WORKSPACE_BUSY"));
    for (const run of started) await rig().finish(run);
  });

  test("[A-14] a turn that cannot write goes without, and so does everything in a shared workspace", async () => {
    const [one, reader, writer] = (await neighbours(rig(), 3)) as [SessionId, SessionId, SessionId];
    const runs = [await rig().start(one), await start(rig(), reader, { writes: false })];
    const workspaceId = await workspaceOf(rig(), one);
    const patched = await rig().store.patchWorkspace({ workspaceId, concurrency: "shared", actor: OWNER });
    expect(patched.value).toMatchObject({ id: workspaceId, concurrency: "shared" });
    expect(await rig().store.getWorkspace(workspaceId)).toEqual(patched.value);
    expect(rig().events.findLast(({ type }) => type === "workspace.updated")).toMatchObject({ workspaceId });
    expect(await rig().store.nextTurn(writer)).toMatchObject({ concurrency: "shared" });
    runs.push(await rig().start(writer));
    for (const run of runs) if (run !== undefined) await rig().finish(run);
    const missing = rig().store.patchWorkspace({
      workspaceId: newId("wsp"),
      concurrency: "shared",
      actor: OWNER,
    });
    expect(await refusalOf(missing)).toBe("NOT_FOUND");
  });

  test("[A-14] a session below borrows the lease, and inherits it when it outlives the lender", async () => {
    const [parent, child, grandchild, stranger] = (await neighbours(rig(), 4, [undefined, 0, 1])) as [
      SessionId,
      SessionId,
      SessionId,
      SessionId,
    ];
    const lender = await rig().start(parent);
    expect(await rig().store.nextTurn(grandchild)).toMatchObject({ ancestors: [child, parent] });
    const borrower = await rig().start(grandchild);
    await rig().finish(lender);
    await expect(start(rig(), stranger)).rejects.toMatchObject({ data: { holder: grandchild } });
    expect(await refusalOf(start(rig(), child))).toBe("WORKSPACE_BUSY");
    await rig().finish(borrower);
    await rig().finish(await rig().start(child));
    await rig().finish(await rig().start(stranger));
  });

  test("[A-14] when the heir of a lease ends before another one that borrowed it, that one has it", async () => {
    const [parent, first, second, stranger] = (await neighbours(rig(), 4, [undefined, 0, 0])) as [
      SessionId,
      SessionId,
      SessionId,
      SessionId,
    ];
    const [lender, heir, last] = [
      await rig().start(parent),
      await rig().start(first),
      await rig().start(second),
    ];
    await rig().finish(lender);
    await rig().finish(heir);
    await expect(start(rig(), stranger)).rejects.toMatchObject({ data: { holder: second } });
    await rig().finish(last);
    await rig().finish(await rig().start(stranger));
  });

  test("[A-14, D-18] a lease outlives a crash with its turn, goes to whoever takes the session over, and ends with the turn", async () => {
    const [one, other] = (await neighbours(rig(), 2)) as [SessionId, SessionId];
    const run = await rig().start(one);
    await rig().reopen();
    expect(await refusalOf(start(rig(), other))).toBe("WORKSPACE_BUSY");
    const instanceId = newId("ins");
    await rig().store.registerInstance({ id: instanceId, pid: 2, host: "test", startTime: 2, isAlone: true });
    const epoch = await rig().takeOver(one, instanceId);
    expect(await refusalOf(rig().finish(run))).toBe("CLAIM_LOST");
    expect(await refusalOf(start(rig(), other))).toBe("WORKSPACE_BUSY");
    await rig().finish({ ...run, epoch }, { state: "aborted", reason: "interrupted" });
    await rig().finish(await rig().start(other));
  });

  test("[A-14] a start that expects another turn, or another approval mode, starts nothing", async () => {
    const sessionId = await rig().session();
    const first = await rig().admit(sessionId);
    const next = await rig().store.nextTurn(sessionId);
    expect(next).toMatchObject({
      turnId: first.turn.id,
      agent: "rehearsal",
      approvalMode: "ask",
      ancestors: [],
    });
    const expecting = (expected: { turnId: typeof first.turn.id; approvalMode: "ask" | "all" }) =>
      rig().store.startTurn({
        sessionId,
        instanceId: rig().instanceId,
        assistantMessageId: newId("msg"),
        agentSessionId: newId("ags"),
        actor: SYSTEM,
        expected,
      });
    expect(await expecting({ turnId: newId("trn"), approvalMode: "ask" })).toBeUndefined();
    expect(await expecting({ turnId: first.turn.id, approvalMode: "all" })).toBeUndefined();
    const run = await expecting({ turnId: first.turn.id, approvalMode: "ask" });
    expect(await rig().store.nextTurn(sessionId)).toBeUndefined();
    if (run !== undefined) await rig().finish(run);
  });
});
