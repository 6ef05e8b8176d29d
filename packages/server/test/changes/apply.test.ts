import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import type { ChangeConflict, Hunk } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { OWNER, ReviewRoom } from "./review-room.ts";
import { lines, oneChange } from "./scenes.ts";

const by = { actor: OWNER };

test("[W-7, W-8] applying merges beside the user's uncommitted edits, and touches nothing of git", async () => {
  const { room } = await oneChange();
  await using _room = room;
  await room.write(room.project, {
    "a.txt": lines([25, "mine"]),
    "b.txt": "staged\n",
    "new.txt": "untracked\n",
  });
  room.git(["add", "b.txt"]);
  const before = await room.untouched();
  const { id } = await room.change("a.txt");
  const { value, replayed } = await room.review.apply(room.workspace.id, { changeIds: [id] }, by);
  expect(replayed).toBe(false);
  expect(value).toMatchObject({ applied: ["a.txt"], changes: [] });
  expect(await room.untouched()).toEqual(before);
  expect(await room.picture()).toEqual({
    "a.txt": `644 ${lines([5, "agent"], [25, "mine"])}`,
    "b.txt": "644 staged\n",
    "c/d.txt": "644 d\n",
    "new.txt": "644 untracked\n",
  });
  expect(await room.changes()).toEqual([]);
});

test("[W-8] additions, deletions, renames, modes, links and binaries arrive as they are, and go again by an undo", async () => {
  const binary = Buffer.from([0, 255, 1, 254, 13, 10, 0]);
  await using room = await ReviewRoom.open({
    "edit.txt": "one\n",
    "gone/away.txt": "gone\n",
    "old.txt": lines(),
    "run.sh": "#!/bin/sh\n",
    "image.bin": Buffer.from([0, 1, 2]),
    link: { link: "edit.txt" },
    "turn.txt": "file\n",
    "dir/x": "x\n",
  });
  const session = await room.inWorktree();
  await room.turn(session, "qwen", {
    "edit.txt": "two",
    "gone/away.txt": null,
    "old.txt": null,
    "moved/new.txt": lines(),
    "run.sh": { text: "#!/bin/sh\n", mode: 0o755 },
    "image.bin": binary,
    link: { link: "run.sh" },
    "turn.txt": { link: "edit.txt" },
    dir: "now a file\n",
    's p a/ü "q".txt': "odd\n",
  });
  const before = await room.picture();
  const git = await room.untouched();
  const ids = (await room.changes()).map(({ id }) => id);
  const { value } = await room.review.apply(room.workspace.id, { changeIds: ids }, by);
  expect(await room.picture()).toEqual(await room.picture(room.directory));
  expect(await room.changes()).toEqual([]);
  const undone = await room.review.undo(room.workspace.id, value.operationId, by);
  expect(await room.picture()).toEqual(before);
  expect(await room.untouched()).toEqual(git);
  expect(undone.value.changes).toHaveLength(ids.length);
  expect((await room.changes()).map(({ path, kind, agent }) => ({ path, kind, agent }))).toContainEqual({
    path: "moved/new.txt",
    kind: "renamed",
    agent: "qwen",
  });
});

test("[W-8] a conflict writes nothing and shows each side", async () => {
  const { room } = await oneChange();
  await using _room = room;
  await room.write(room.project, { "a.txt": lines([5, "mine"]) });
  const [files, git] = [await room.picture(), await room.untouched()];
  const { id } = await room.change("a.txt");
  const refusal = room.review.apply(room.workspace.id, { changeIds: [id] }, by);
  await expect(refusal).rejects.toMatchObject({ code: "CHANGES_CONFLICT", data: { paths: ["a.txt"] } });
  const { data } = (await refusal.catch((error: unknown) => error)) as {
    data: { conflicts: ChangeConflict[] };
  };
  expect(data.conflicts).toMatchObject([
    {
      path: "a.txt",
      texts: { base: lines(), ours: lines([5, "mine"]), theirs: lines([5, "agent"]) },
      ours: { mode: "100644" },
    },
  ]);
  expect(await room.picture()).toEqual(files);
  expect(await room.untouched()).toEqual(git);
  expect(await room.changes()).toHaveLength(1);
  expect((await room.review.operations(room.workspace.id)).items).toEqual([]);
  expect(room.git(["for-each-ref", "refs/holdfast/op"])).toBe("");
});

test.runIf(isWhole)(
  "[W-8] an untracked or an ignored file in the way is a conflict, and is not touched",
  async () => {
    await using room = await ReviewRoom.open({ ".gitignore": "*.env\n", "a.txt": "a\n" });
    const session = await room.inWorktree();
    await room.turn(session, "qwen", { "new.txt": "agent\n", "sub/x.txt": "agent\n" });
    for (const path of ["new.txt", "sub/x.txt"]) {
      await room.write(room.project, { [path]: "mine\n" });
      const { id } = await room.change(path);
      const refusal = room.review.apply(room.workspace.id, { changeIds: [id] }, by);
      await expect(refusal).rejects.toMatchObject({ code: "CHANGES_CONFLICT", data: { paths: [path] } });
      await room.write(room.project, { [path]: null });
    }
    await writeFile(join(room.project, ".gitignore"), "new.txt\n");
    await room.write(room.project, { "new.txt": "mine\n" });
    const { id } = await room.change("new.txt");
    await expect(room.review.apply(room.workspace.id, { changeIds: [id] }, by)).rejects.toMatchObject({
      code: "CHANGES_CONFLICT",
    });
    expect(await readFile(join(room.project, "new.txt"), "utf8")).toBe("mine\n");
  },
);

test("[W-8] directories and symbolic links in the way stop an apply before anything is written", async () => {
  await using room = await ReviewRoom.open({ "a.txt": "a\n", "z/keep.txt": "z\n" });
  const session = await room.inWorktree();
  await room.turn(session, "qwen", { "a.txt": "agent\n", "one/x.txt": "x\n", two: "two\n" });
  const outside = join(room.root, "outside");
  await mkdir(outside);
  await symlink(outside, join(room.project, "one"));
  await mkdir(join(room.project, "two"));
  await writeFile(join(room.project, ".gitignore"), "one\ntwo\n.gitignore\n");
  await writeFile(join(room.project, "two", "inside"), "mine\n");
  const files = await room.picture();
  for (const path of ["one/x.txt", "two"]) {
    const ids = [await room.change("a.txt"), await room.change(path)].map(({ id }) => id);
    await expect(room.review.apply(room.workspace.id, { changeIds: ids }, by)).rejects.toMatchObject({
      code: "CHANGES_CONFLICT",
    });
    expect(await room.picture()).toEqual(files);
  }
  expect(await room.picture(outside)).toEqual({});
  expect(await room.store.listOperations({ state: "running", limit: 10 })).toEqual([]);
});

test("[W-8] whatever happens between the dry run and the writing, nothing of somebody else's is lost", async () => {
  await using room = await ReviewRoom.open({ "a.txt": "a\n", "d/b.txt": "b\n", "e.txt": "e\n" });
  const session = await room.inWorktree();
  await room.turn(session, "qwen", { "a.txt": "agent\n", "d/b.txt": "agent\n", "e.txt": null });
  const ids = (await room.changes()).map(({ id }) => id);
  const outside = join(room.root, "outside");
  const edits: (() => Promise<void>)[] = [
    () => writeFile(join(room.project, "d", "b.txt"), "mine\n"),
    () => rm(join(room.project, "a.txt")),
    () => writeFile(join(room.project, "e.txt"), "mine\n"),
    async () => {
      await rename(join(room.project, "d"), outside);
      await symlink(outside, join(room.project, "d"));
    },
  ];
  for (const edit of edits) {
    let files: Record<string, string> = {};
    room.meddle = async () => {
      await edit();
      files = await room.picture();
    };
    await expect(room.review.apply(room.workspace.id, { changeIds: ids }, by)).rejects.toMatchObject({
      code: "CHANGES_CONFLICT",
    });
    expect(await room.picture()).toEqual(files);
    await room.write(room.project, { d: null, "a.txt": "a\n", "e.txt": "e\n" });
    await room.write(room.project, { "d/b.txt": "b\n" });
  }
  expect(await room.picture(outside)).toEqual({ "b.txt": "644 b\n" });
  room.meddle = undefined;
  await room.review.apply(room.workspace.id, { changeIds: ids }, by);
  expect(await room.picture()).toEqual({ "a.txt": "644 agent\n", "d/b.txt": "644 agent\n" });
});

test.runIf(isWhole)(
  "[W-8] a filter that fails stops an apply, and what was written before goes back",
  async () => {
    await using room = await ReviewRoom.open({ "a.txt": "a\n", ".gitattributes": "*.bad filter=bad\n" });
    const session = await room.inWorktree();
    await room.turn(session, "qwen", { "a.txt": "agent\n", "b.bad": "agent\n" });
    room.git(["config", "filter.bad.smudge", "false"]);
    room.git(["config", "filter.bad.clean", "cat"]);
    room.git(["config", "filter.bad.required", "true"]);
    const files = await room.picture();
    const ids = (await room.changes()).map(({ id }) => id);
    await expect(room.review.apply(room.workspace.id, { changeIds: ids }, by)).rejects.toMatchObject({
      code: "CHANGES_CONFLICT",
      data: { paths: ["b.bad"], conflicts: [{ reason: "git could not convert the file for the disk." }] },
    });
    expect(await room.picture()).toEqual(files);
    expect((await room.changes()).map(({ path }) => path)).toEqual(["a.txt", "b.bad"]);
  },
);

test("[W-8, A-14] a turn in a shared workspace is in the way, though it holds no lease", async () => {
  const { room, session } = await oneChange();
  await using _room = room;
  const { store } = room;
  await store.patchWorkspace({ ...by, workspaceId: session.workspaceId, concurrency: "shared" });
  const end = await room.startTurn(session);
  const { id } = await room.change("a.txt");
  const apply = () => room.review.apply(room.workspace.id, { changeIds: [id] }, by);
  await expect(apply()).rejects.toMatchObject({ code: "WORKSPACE_BUSY", data: { holder: session.id } });
  await end();
  await apply();
});

test.runIf(isWhole)(
  "[A-27, W-8] a turn that an agent started by itself is in the way, also without a lease",
  async () => {
    const { room, session } = await oneChange();
    await using _room = room;
    const end = await room.startByItself(session);
    const { id } = await room.change("a.txt");
    const apply = () => room.review.apply(room.workspace.id, { changeIds: [id] }, by);
    await expect(apply()).rejects.toMatchObject({ code: "WORKSPACE_BUSY", data: { holder: session.id } });
    await end();
    await apply();
  },
);

test.runIf(isWhole)(
  "[W-6, W-9] a part is applied, the rest stays pending as the next revision and can follow",
  async () => {
    await using room = await ReviewRoom.open({ "a.txt": lines(), "b.txt": "b\n" });
    const session = await room.inWorktree();
    const agent = lines([3, "first"], [15, "second"], [28, "third"]);
    await room.turn(session, "qwen", { "a.txt": agent, "b.txt": "agent\n" });
    const change = await room.change("a.txt");
    expect(change.hunks).toHaveLength(3);
    const second = change.hunks[1] as Hunk;
    const choice = { id: change.id, revision: change.revision, hunks: [second.id] };
    const { value } = await room.review.apply(room.workspace.id, { changes: [choice] }, by);
    expect(await room.picture()).toEqual({ "a.txt": `644 ${lines([15, "second"])}`, "b.txt": "644 b\n" });
    expect(value.changes).toMatchObject([{ id: change.id, revision: change.revision + 1, state: "pending" }]);
    const left = await room.change("a.txt");
    expect(left.hunks.map(({ newStart }) => newStart)).toEqual([3, 28]);
    expect(left.patch).toContain("+third");
    expect(left.patch).not.toContain("second\n+");
    await expect(
      room.review.apply(room.workspace.id, { changes: [choice] }, by),
      "the old revision is stale now",
    ).rejects.toMatchObject({ code: "STALE" });
    await room.review.apply(room.workspace.id, { changeIds: [left.id] }, by);
    expect(await room.picture()).toEqual({ "a.txt": `644 ${agent}`, "b.txt": "644 b\n" });
    expect(await room.review.list(room.workspace.id, { refresh: true })).toMatchObject({
      items: [{ path: "b.txt", agent: "qwen" }],
    });
    await room.review.apply(room.workspace.id, { changeIds: [(await room.change("b.txt")).id] }, by);
    expect(await room.picture()).toEqual(await room.picture(room.directory));
  },
);

test("[W-6] files that changed since the review are stale, and rows say what is there now", async () => {
  const { room } = await oneChange();
  await using _room = room;
  const seen = await room.change("a.txt");
  await room.write(room.directory, { "a.txt": lines([5, "agent"], [6, "later"]) });
  await expect(
    room.review.apply(room.workspace.id, { changes: [{ id: seen.id, revision: seen.revision }] }, by),
  ).rejects.toMatchObject({ code: "STALE", data: { paths: ["a.txt"] } });
  expect((await room.change("a.txt")).revision).toBe(seen.revision + 1);
  expect(await room.picture()).toMatchObject({ "a.txt": `644 ${lines()}` });
});

test.runIf(isWhole)("[W-8] a HEAD without the base commit needs onto: current", async () => {
  const { room } = await oneChange();
  await using _room = room;
  room.git(["checkout", "-q", "--orphan", "other"]);
  room.commit("another history");
  const { id } = await room.change("a.txt");
  await expect(room.review.apply(room.workspace.id, { changeIds: [id] }, by)).rejects.toMatchObject({
    code: "BASE_DIVERGED",
  });
  await room.review.apply(room.workspace.id, { changeIds: [id], onto: "current" }, by);
  expect(await room.picture()).toMatchObject({ "a.txt": `644 ${lines([5, "agent"])}` });
});

test.runIf(isWhole)(
  "[W-8, D-5] a repeated key gets the first result, at once and later, and applies nothing again",
  async () => {
    const { room } = await oneChange();
    await using _room = room;
    const { id } = await room.change("a.txt");
    const idempotency = { actorId: "owner", method: "POST", route: "/apply", key: "k", bodyHash: "h" };
    const again = () => room.review.apply(room.workspace.id, { changeIds: [id] }, { ...by, idempotency });
    const all = await Promise.all([again(), again(), again()]);
    const [first] = all;
    expect(all.map(({ value }) => value)).toEqual([first?.value, first?.value, first?.value]);
    expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1);
    await room.restart();
    expect(await again()).toEqual({ value: first?.value, replayed: true });
    expect((await room.review.operations(room.workspace.id)).items).toHaveLength(1);
  },
);

test.runIf(isWhole)("[D-5] a refused apply can be tried again under its key once the files fit", async () => {
  const { room } = await oneChange();
  await using _room = room;
  const { id } = await room.change("a.txt");
  const idempotency = { actorId: "owner", method: "POST", route: "/apply", key: "k", bodyHash: "h" };
  const again = () => room.review.apply(room.workspace.id, { changeIds: [id] }, { ...by, idempotency });
  await room.write(room.project, { "a.txt": lines([5, "mine"]) });
  await expect(again()).rejects.toMatchObject({ code: "CHANGES_CONFLICT" });
  await room.write(room.project, { "a.txt": lines() });
  expect(await again()).toMatchObject({ replayed: false, value: { applied: ["a.txt"] } });
});

test.runIf(isWhole)("[W-7] a project below its repository's top is applied to from the top", async () => {
  await using room = await ReviewRoom.open({ "app/a.txt": "a\n", "lib/b.txt": "b\n" });
  const session = await room.inWorktree("app");
  await room.turn(session, "qwen", { "app/a.txt": "agent\n", "lib/b.txt": "agent too\n" });
  const ids = (await room.changes()).map(({ id }) => id);
  await room.review.apply(room.workspace.id, { changeIds: ids }, by);
  expect(await room.picture()).toEqual({ "app/a.txt": "644 agent\n", "lib/b.txt": "644 agent too\n" });
});

test.runIf(isWhole)(
  "[W-8, A-14] while an agent works in the worktree or in the project, nobody applies, and the holder is told",
  async () => {
    const { room, session } = await oneChange();
    await using _room = room;
    const { id } = await room.change("a.txt");
    const other = await room.session({ directory: room.project });
    for (const one of [session, other]) {
      const operationId = newId("opr");
      const leases = [one.workspaceId];
      await room.store.beginOperation({
        ...by,
        operationId,
        instanceId: newId("ins"),
        kind: "archive",
        workspaceId: one.workspaceId,
        leases,
        data: {},
      });
      await expect(room.review.apply(room.workspace.id, { changeIds: [id] }, by)).rejects.toMatchObject({
        code: "WORKSPACE_BUSY",
        data: { holder: operationId },
      });
      await room.store.endOperation({ operation: { id: operationId, epoch: 1 }, state: "done" });
    }
    await room.review.apply(room.workspace.id, { changeIds: [id] }, by);
    expect(room.woken).toEqual(expect.arrayContaining([session.workspaceId, other.workspaceId]));
  },
);

test.runIf(isWhole)(
  "[W-9] what was applied to a watched project directory is nobody's pending change there",
  async () => {
    const { room, session } = await oneChange();
    await using _room = room;
    const own = await room.session({ directory: room.project });
    await room.turn(own, "goose", { "b.txt": "goose\n" }, room.project);
    const { id } = await room.change("a.txt");
    const { value } = await room.review.apply(room.workspace.id, { changeIds: [id] }, by);
    const inProject = async () =>
      (await room.review.list(own.workspaceId, { refresh: true })).items.map(({ path }) => path);
    expect(await inProject()).toEqual(["b.txt"]);
    await room.review.undo(session.workspaceId, value.operationId, by);
    expect(await inProject()).toEqual(["b.txt"]);
  },
);

test.runIf(isWhole)(
  "[W-9] a commit of the agent's own counts, and what was applied is the new baseline",
  async () => {
    const { room, session } = await oneChange();
    await using _room = room;
    room.commit("agent's own", room.directory);
    await room.review.apply(room.workspace.id, { changeIds: [(await room.change("a.txt")).id] }, by);
    await room.turn(session, "qwen", { "a.txt": lines([5, "agent"], [20, "more"]) });
    const change = await room.change("a.txt");
    expect(change.hunks).toMatchObject([{ newStart: 20, newLines: 1 }]);
    room.commit("user commits the first part");
    await room.review.apply(room.workspace.id, { changeIds: [change.id] }, by);
    expect(await room.picture()).toMatchObject({ "a.txt": `644 ${lines([5, "agent"], [20, "more"])}` });
  },
);

test("[W-7] without its checkout nothing is applied, and the changes can still be read", async () => {
  const { room } = await oneChange();
  await using _room = room;
  const { id } = await room.change("a.txt");
  await rm(room.directory, { recursive: true });
  expect((await room.review.list(room.workspace.id, { refresh: true })).items).toMatchObject([
    { path: "a.txt" },
  ]);
  await expect(room.review.apply(room.workspace.id, { changeIds: [id] }, by)).rejects.toMatchObject({
    code: "UNPROCESSABLE",
  });
});
