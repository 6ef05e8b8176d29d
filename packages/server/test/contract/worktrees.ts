import { newId } from "@holdfast/kernel";
import type { ProjectId, Worktree, WorktreeId, WorktreeState } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { CommittedEvent } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { keyed, OWNER, SYSTEM } from "./rig.ts";
import { topic } from "./topic.ts";
import { activeWorktree, creation, firstClaim, operate } from "./worktree-rig.ts";

const DAY = 86_400_000;

const worktreesIn = (events: readonly CommittedEvent[]): Worktree[] =>
  events.flatMap(({ type, data }) =>
    type === "worktree.updated" ? [(JSON.parse(data) as { worktree: Worktree }).worktree] : [],
  );

export const worktreesTopic = topic("worktrees", (rig) => {
  const feed = async (after = rig().store.feedOrder.start) =>
    (await rig().store.replayFeed({ after, limit: 500 })).events;
  const patch = (worktreeId: WorktreeId, state: WorktreeState) =>
    rig().store.patchWorktree({ worktreeId, patch: { state }, actor: SYSTEM });

  test("[W-1, W-9] a creation stores worktree, workspace and intent together, and the project that is new", async () => {
    const from = await rig().store.lastPosition();
    const command = creation();
    const { value, replayed } = await rig().store.beginWorktree(command);
    expect(replayed).toBe(false);
    const { worktreeId, workspaceId, projectId, path, branch, directory } = command;
    expect(value.worktree).toMatchObject({
      id: worktreeId,
      workspaceId,
      projectId,
      path,
      branch,
      owner: OWNER,
    });
    expect(value.worktree.state).toBe("creating");
    expect(value.workspace).toMatchObject({
      id: workspaceId,
      projectId,
      kind: "worktree",
      directory,
      worktreeId,
    });
    const { store } = rig();
    expect(await store.getWorktree(worktreeId)).toEqual(value.worktree);
    expect(await store.worktreeOf(workspaceId)).toEqual(value.worktree);
    expect(await store.getWorkspace(workspaceId)).toEqual(value.workspace);
    expect(await store.getOperation(command.operationId)).toMatchObject({
      kind: "create",
      state: "running",
      workspaceId,
      worktreeId,
      data: command.data,
    });
    const project = await store.findProject(command.projectDirectory);
    expect(project).toMatchObject({ id: projectId, worktree: {} });
    expect(await store.projectWorkspace(projectId)).toMatchObject({
      id: command.directoryWorkspaceId,
      kind: "directory",
      directory: command.projectDirectory,
    });
    expect((await store.listWorkspaces({ projectId })).map(({ id }) => id)).toEqual([
      command.directoryWorkspaceId,
      workspaceId,
    ]);
    expect((await feed(from)).map(({ type }) => type)).toEqual([
      "project.updated",
      "workspace.updated",
      "workspace.updated",
      "worktree.updated",
    ]);
    expect(worktreesIn(await feed(from))).toEqual([value.worktree]);
    await store.dropWorktree({ worktreeId, operation: firstClaim(command.operationId), actor: SYSTEM });
  });

  test("[W-1] worktrees of a known directory belong to its project, and none takes the place of another", async () => {
    const session = (await rig().create()).value;
    const projectDirectory = session.directory;
    const worktree = await activeWorktree(rig(), { projectDirectory });
    expect(worktree.projectId).toBe(session.projectId);
    const { directory } = await rig()
      .store.getWorkspace(worktree.workspaceId)
      .then((found) => found ?? never());
    for (const place of [{ directory }, { path: worktree.path }]) {
      expect(await refusalOf(rig().store.beginWorktree(creation({ projectDirectory, ...place })))).toBe(
        "CONFLICT",
      );
    }
    const inside = (await rig().create({ existingWorkspaceId: worktree.workspaceId })).value;
    expect(inside).toMatchObject({ directory, projectId: session.projectId });
  });

  test("[W-2, D-5] a repeated creation answers what was made, and begins anew when that was dropped", async () => {
    const idempotency = keyed(newId("act"));
    const first = creation({ idempotency });
    const made = await rig().store.beginWorktree(first);
    const again = () => rig().store.beginWorktree(creation({ idempotency }));
    expect(await again()).toEqual({ value: made.value, replayed: true });
    await rig().store.dropWorktree({ ...first, operation: firstClaim(first.operationId), actor: SYSTEM });
    const second = await again();
    expect(second.replayed).toBe(false);
    expect(second.value.worktree.id).not.toBe(made.value.worktree.id);
    expect(await again()).toEqual({ value: second.value, replayed: true });
    const operation = await rig().store.listOperations({ workspaceId: second.value.workspace.id, limit: 9 });
    await rig().store.patchWorktree({
      worktreeId: second.value.worktree.id,
      patch: { state: "active" },
      actor: OWNER,
      operation: { ...firstClaim(operation[0]?.id ?? newId("opr")), state: "done" },
    });
  });

  test("[W-2] a creation that failed leaves neither worktree nor workspace, and its end in the feed", async () => {
    const command = creation();
    const { worktreeId, operationId, workspaceId } = command;
    await rig().store.beginWorktree(command);
    const from = await rig().store.lastPosition();
    const drop = () =>
      rig().store.dropWorktree({ worktreeId, operation: firstClaim(operationId), actor: SYSTEM });
    expect(await drop()).toEqual({ dropped: true });
    expect(await drop()).toEqual({ dropped: false });
    expect(await rig().store.getWorktree(worktreeId)).toBeUndefined();
    expect(await rig().store.getWorkspace(workspaceId)).toBeUndefined();
    expect(await rig().store.getOperation(operationId)).toMatchObject({ state: "undone", workspaceId });
    expect(worktreesIn(await feed(from))).toMatchObject([{ id: worktreeId, state: "removed" }]);
    const whole = worktreesIn(await feed()).filter(({ id }) => id === worktreeId);
    expect(whole, "nothing is told of it but its end").toHaveLength(1);
    expect(
      (await feed()).some(({ type, data }) => type === "workspace.updated" && data.includes(workspaceId)),
    ).toBe(false);
    // The next one has another place in the tables: what was told of the first is not taken for it.
    const next = await activeWorktree(rig());
    expect(worktreesIn(await feed(from)).map(({ id }) => id)).toEqual([worktreeId, next.id]);
  });

  test("[W-2] a worktree that somebody works in, or that was made, is not dropped", async () => {
    const command = creation();
    await rig().store.beginWorktree(command);
    await rig().session({ existingWorkspaceId: command.workspaceId });
    expect(
      await rig().store.dropWorktree({
        ...command,
        operation: firstClaim(command.operationId),
        actor: SYSTEM,
      }),
    ).toEqual({ dropped: false });
    expect(await rig().store.getOperation(command.operationId)).toMatchObject({ state: "running" });
    const operation = { ...firstClaim(command.operationId), state: "done" as const };
    const { worktreeId } = command;
    await rig().store.patchWorktree({ worktreeId, patch: { state: "active" }, actor: OWNER, operation });
    const made = creation();
    await rig().store.beginWorktree(made);
    const done = { ...firstClaim(made.operationId), state: "done" as const };
    await rig().store.patchWorktree({
      worktreeId: made.worktreeId,
      patch: { state: "active" },
      actor: OWNER,
      operation: done,
    });
    expect(
      await rig().store.dropWorktree({ ...made, operation: firstClaim(made.operationId), actor: SYSTEM }),
    ).toEqual({ dropped: false });
    expect(await rig().store.getWorktree(made.worktreeId)).toMatchObject({ state: "active" });
  });

  test("[W-9] a step of an operation and what it did to the worktree are one, and nothing after its end", async () => {
    const worktree = await activeWorktree(rig());
    const { id: worktreeId, workspaceId } = worktree;
    const { id } = await operate(rig(), workspaceId, { kind: "remove", worktreeId });
    const rescue = { ref: "refs/holdfast/rescue/1", commit: "d".repeat(40), expires: 9 };
    const step = (state: "running" | "done", patched: object, data?: object) =>
      rig().store.patchWorktree({
        worktreeId,
        patch: patched,
        actor: SYSTEM,
        operation: { ...firstClaim(id), state, ...(data === undefined ? {} : { data: { ...data } }) },
      });
    expect(
      await step("running", { state: "removing", rescue, note: "why" }, { step: "rescued" }),
    ).toMatchObject({
      state: "removing",
      rescue,
      note: "why",
    });
    expect(await rig().store.getOperation(id)).toMatchObject({ state: "running", data: { step: "rescued" } });
    const removed = await step("done", { state: "removed", note: null });
    expect(removed.time.removed).toBeTypeOf("number");
    expect(removed).not.toHaveProperty("note");
    expect(await rig().store.getOperation(id)).toMatchObject({ state: "done", data: { step: "rescued" } });
    expect(await refusalOf(step("running", { state: "active" }))).toBe("CONFLICT");
    expect(await rig().store.getWorktree(worktreeId), "the row stays as it was").toEqual(removed);
    const missing = rig().store.patchWorktree({ worktreeId: newId("wkt"), patch: {}, actor: OWNER });
    expect(await refusalOf(missing)).toBe("NOT_FOUND");
  });

  test("[W-1, W-15] a worktree outlives its sessions, and coming back forgets that it was archived", async () => {
    const worktree = await activeWorktree(rig());
    const sessionId = await rig().session({ existingWorkspaceId: worktree.workspaceId });
    await rig().store.deleteSession({ sessionId, actor: OWNER });
    const archived = await patch(worktree.id, "archived");
    expect(archived.time.archived).toBeTypeOf("number");
    expect((await patch(worktree.id, "lost")).time.archived).toBe(archived.time.archived);
    const back = await patch(worktree.id, "active");
    expect(back.time).not.toHaveProperty("archived");
    await patch(worktree.id, "removing");
    const under = async (kind: "remove" | "restore", state: WorktreeState) => {
      const { id } = await operate(rig(), worktree.workspaceId, { kind, worktreeId: worktree.id });
      return rig().store.patchWorktree({
        worktreeId: worktree.id,
        patch: { state },
        actor: SYSTEM,
        operation: { ...firstClaim(id), state: "done" },
      });
    };
    expect((await under("remove", "removed")).time.removed).toBeTypeOf("number");
    expect((await under("restore", "active")).time).not.toHaveProperty("removed");
  });

  test("[W-1, W-11] what is being removed is left by its operation alone, and an old look changes no newer row", async () => {
    const worktree = await activeWorktree(rig());
    const { id: worktreeId, workspaceId, time } = worktree;
    const { id } = await operate(rig(), workspaceId, { kind: "remove", worktreeId });
    await patch(worktreeId, "removing");
    expect(await refusalOf(patch(worktreeId, "lost"))).toBe("CONFLICT");
    expect(await refusalOf(patch(worktreeId, "active"))).toBe("CONFLICT");
    const operation = { ...firstClaim(id), state: "undone" as const };
    const undone = { worktreeId, patch: { state: "active" as const }, actor: SYSTEM };
    await rig().store.patchWorktree({ ...undone, operation });
    const lost = { worktreeId, patch: { state: "lost" as const, note: "gone" }, actor: SYSTEM };
    const now = await rig().store.patchWorktree({ ...undone, patch: { size: 1 }, seen: Date.now() + DAY });
    expect(await refusalOf(rig().store.patchWorktree({ ...lost, seen: now.time.updated - 1 }))).toBe(
      "CONFLICT",
    );
    expect(await rig().store.getWorktree(worktreeId)).toMatchObject({ state: "active" });
    expect(await rig().store.patchWorktree({ ...lost, seen: now.time.updated })).toMatchObject({
      state: "lost",
      note: "gone",
    });
    expect(time.updated).toBeLessThanOrEqual(now.time.updated);
  });

  test("[W-1] worktrees are listed by project and state, in the order they were made", async () => {
    const one = await activeWorktree(rig());
    const projectDirectory = `/repositories/${one.id}`;
    const [two, three] = [await activeWorktree(rig(), { projectDirectory }), await activeWorktree(rig())];
    await patch(two.id, "archived");
    const list = async (query: { projectId?: ProjectId; states?: WorktreeState[] }) =>
      (await rig().store.listWorktrees(query)).map(({ id }) => id);
    const { projectId } = one;
    expect(await list({ projectId })).toEqual([one.id, two.id]);
    expect(await list({ projectId, states: ["active"] })).toEqual([one.id]);
    expect(await list({ projectId, states: [] })).toEqual([]);
    const all = await list({ states: ["active", "archived"] });
    expect(all.filter((id) => [one.id, two.id, three.id].includes(id))).toEqual([one.id, two.id, three.id]);
  });

  test("[W-10] who works in a workspace is told with the turns that run", async () => {
    const worktree = await activeWorktree(rig());
    const existingWorkspaceId = worktree.workspaceId;
    const run = await rig().running({ existingWorkspaceId });
    const idle = await rig().session({ existingWorkspaceId });
    await rig().store.patchSession({ sessionId: idle, patch: { archived: true }, actor: OWNER });
    const users = () => rig().store.workspaceUsers(existingWorkspaceId);
    expect(await users()).toEqual([
      { sessionId: run.session.id, archived: false, liveTurnId: run.turn.id },
      { sessionId: idle, archived: true },
    ]);
    await rig().finish(run);
    expect((await users())[0]).toEqual({ sessionId: run.session.id, archived: false });
  });

  test("[D-4] a replay tells a worktree once, as it is now, whatever happened to it", async () => {
    const from = await rig().store.lastPosition();
    const before = (await rig().store.inspect()).sizes.events;
    const worktree = await activeWorktree(rig());
    for (const state of ["archived", "active", "lost"] as const) await patch(worktree.id, state);
    const told = worktreesIn(await feed(from));
    expect(told).toEqual([await rig().store.getWorktree(worktree.id)]);
    const live = worktreesIn(rig().events).filter(({ id }) => id === worktree.id);
    expect(live.map(({ state }) => state)).toEqual(["creating", "active", "archived", "active", "lost"]);
    expect((await rig().store.inspect()).sizes.events, "one event a row").toBe(before + 4);
  });

  test("[W-2, D-5] the settings of a project are kept whole, told in the feed, and set once a key", async () => {
    const { projectId, workspaceId } = (await rig().create()).value;
    const from = await rig().store.lastPosition();
    const worktree = { copy: [".env"], setup: ["npm", "ci"], hooks: true };
    const command = { projectId, worktree, actor: OWNER, idempotency: keyed(newId("act")) };
    const first = await rig().store.patchProject(command);
    expect(first.value).toMatchObject({ id: projectId, worktree });
    const events = await feed(from);
    expect(events).toMatchObject([{ type: "project.updated", workspaceId }]);
    expect(JSON.parse(events[0]?.data ?? "")).toEqual({ project: first.value });
    await rig().store.patchProject({ projectId, worktree: {}, actor: OWNER });
    expect(await rig().store.patchProject(command)).toMatchObject({
      replayed: true,
      value: { worktree: {} },
    });
    expect(await rig().store.getProject(projectId)).toMatchObject({ worktree: {} });
    expect((await rig().store.listProjects()).map(({ id }) => id)).toContain(projectId);
    expect(await feed(from), "the newest only").toHaveLength(1);
    const missing = rig().store.patchProject({ projectId: newId("prj"), worktree, actor: OWNER });
    expect(await refusalOf(missing)).toBe("NOT_FOUND");
  });

  test("[W-12] every act on a worktree is kept for people, for 90 days", async () => {
    const act = { path: "/managed/x", action: "removed", reason: "clean", actor: SYSTEM };
    const worktreeId = newId("wkt");
    await rig().store.recordWorktreeAudit({ ...act, worktreeId, time: Date.now() });
    await rig().store.recordWorktreeAudit({ ...act, action: "kept", time: Date.now() - 91 * DAY });
    const list = async () => (await rig().store.listWorktreeAudit({ limit: 9 })).map(({ action }) => action);
    expect(await list()).toEqual(["kept", "removed"]);
    expect((await rig().store.listWorktreeAudit({ limit: 2 }))[1]).toMatchObject({ ...act, worktreeId });
    await rig().store.sweepHousekeeping({ limit: 100 });
    expect(await list()).toEqual(["removed"]);
  });
});

function never(): never {
  throw new Error("The workspace is gone.");
}
