import { readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import type { Session } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { OWNER, ReviewRoom } from "./review-room.ts";
import { lines } from "./scenes.ts";

const by = { actor: OWNER };
/** What the session's next turn is told, once. */
async function notes(room: ReviewRoom, session: Session): Promise<string[][]> {
  let paths: string[][] = [];
  const end = await room.startTurn(session, (told) => {
    paths = told.map((note) => note.paths);
  });
  await end();
  return paths;
}

test("[W-6] rejecting writes back in the worktree, tells the session once, and the change does not come back", async () => {
  await using room = await ReviewRoom.open({ "a.txt": lines(), "b.txt": "b\n" });
  const session = await room.inWorktree();
  await room.turn(session, "qwen", { "a.txt": lines([5, "agent"]), "new.txt": "new\n", "b.txt": null });
  const [project, git] = [await room.picture(), await room.untouched()];
  const ids = (await room.changes()).map(({ id }) => id);
  const { value } = await room.review.reject(room.workspace.id, { changeIds: ids }, by);
  expect(value).toMatchObject({ applied: ["a.txt", "b.txt", "new.txt"], changes: [] });
  expect(await room.picture(room.directory)).toMatchObject({ "a.txt": `644 ${lines()}`, "b.txt": "644 b\n" });
  expect(await room.picture(room.directory)).not.toHaveProperty("new.txt");
  expect([await room.picture(), await room.untouched()]).toEqual([project, git]);
  expect(await room.turn(session, "qwen", { "other.txt": "other\n" })).toMatchObject([{ path: "other.txt" }]);
  expect(await notes(room, session)).toEqual([["a.txt", "b.txt", "new.txt"]]);
  expect(await notes(room, session)).toEqual([]);
});

test.runIf(isWhole)(
  "[W-6] rejecting hunks keeps the others, whoever made them, and only their sessions are told",
  async () => {
    await using room = await ReviewRoom.open({ "a.txt": lines() });
    const first = await room.inWorktree();
    const second = await room.session({
      directory: room.directory,
      existingWorkspaceId: first.workspaceId,
    });
    await room.turn(first, "qwen", { "a.txt": lines([3, "qwen"]) });
    await room.turn(second, "goose", { "a.txt": lines([3, "qwen"], [20, "goose"]) });
    const change = await room.change("a.txt");
    expect(change.hunks.map(({ origins }) => origins[0]?.agent)).toEqual(["qwen", "goose"]);
    const hunks = [change.hunks[0]?.id ?? ""];
    const { value } = await room.review.reject(
      room.workspace.id,
      { changes: [{ id: change.id, revision: change.revision, hunks }] },
      by,
    );
    expect(await readFile(join(room.directory, "a.txt"), "utf8")).toBe(lines([20, "goose"]));
    expect(value.changes).toMatchObject([
      { id: change.id, revision: change.revision + 1, agent: "goose", hunks: [{ newStart: 20 }] },
    ]);
    expect(await notes(room, first)).toEqual([["a.txt"]]);
    expect(await notes(room, second)).toEqual([]);
    await room.review.undo(room.workspace.id, value.operationId, by);
    const back = await room.change("a.txt");
    expect(back.hunks.map(({ origins, newStart }) => [origins[0]?.agent, newStart])).toEqual([
      ["qwen", 3],
      ["goose", 20],
    ]);
    expect(await readFile(join(room.directory, "a.txt"), "utf8")).toBe(lines([3, "qwen"], [20, "goose"]));
  },
);

test.runIf(isWhole)(
  "[R-6.4] whose work is rejected, and put back, is told which tree its files are each time; nobody else is",
  async () => {
    await using room = await ReviewRoom.open({ "a.txt": lines() });
    const first = await room.inWorktree();
    const place = { directory: room.directory, existingWorkspaceId: first.workspaceId };
    const second = await room.session(place);
    for (const session of [first, second]) await (await room.startTurn(session))();
    await room.turn(first, "qwen", { "a.txt": lines([3, "qwen"]) });
    await room.turn(second, "goose", { "a.txt": lines([3, "qwen"], [20, "goose"]) });
    const told = async (session: Session) => {
      const parts = [];
      for await (const message of room.store.streamMessages(session.id)) parts.push(...message.parts);
      return parts.flatMap((part) => (part.type === "snapshot" ? [part.snapshot] : []));
    };
    const newest = async () => (await room.store.getTracking(room.workspace.id)).newest;
    const before = await newest();
    const { id, revision, hunks } = await room.change("a.txt");
    const changes = [{ id, revision, hunks: [hunks[0]?.id ?? ""] }];
    const { value } = await room.review.reject(room.workspace.id, { changes }, by);
    const rejected = await newest();
    expect(rejected).not.toBe(before);
    expect(await told(first)).toEqual([rejected]);
    await room.review.undo(room.workspace.id, value.operationId, by);
    expect(await told(first)).toEqual([rejected, before]);
    expect(await told(second)).toEqual([]);
  },
);

test("[W-7] in a project directory accept leaves the files, reject writes back, and the user's index stays", async () => {
  await using room = await ReviewRoom.open({ "a.txt": lines(), "b.txt": "b\n" });
  const session = await room.inProject();
  await room.turn(session, "qwen", { "a.txt": lines([2, "one"], [28, "two"]), "b.txt": "agent\n" });
  const [files, git] = [await room.picture(), await room.untouched()];
  const change = await room.change("a.txt");
  expect(change.action).toBe("accept");
  const hunks = [change.hunks[0]?.id ?? ""];
  const accepted = await room.review.apply(
    room.workspace.id,
    { changes: [{ id: change.id, revision: change.revision, hunks }] },
    by,
  );
  expect(await room.picture()).toEqual(files);
  expect((await room.change("a.txt")).hunks).toMatchObject([{ newStart: 28 }]);
  const rest = (await room.changes()).map(({ id }) => id);
  await room.review.reject(room.workspace.id, { changeIds: rest }, by);
  expect(await room.picture()).toEqual({ "a.txt": `644 ${lines([2, "one"])}`, "b.txt": "644 b\n" });
  expect(await room.untouched()).toEqual(git);
  await expect(room.review.undo(room.workspace.id, accepted.value.operationId, by)).resolves.toMatchObject({
    value: { changes: [{ path: "a.txt", hunks: [{ newStart: 2 }] }] },
  });
  expect((await room.review.operations(room.workspace.id)).items.map(({ kind }) => kind)).toEqual([
    "undo",
    "reject",
    "accept",
  ]);
});

test.runIf(isWhole)("[W-7] what was decided later about the same file is undone first", async () => {
  await using room = await ReviewRoom.open({ "a.txt": lines() });
  const session = await room.inProject();
  await room.turn(session, "qwen", { "a.txt": lines([2, "one"], [28, "two"]) });
  const accept = async () => {
    const { id, revision, hunks } = await room.change("a.txt");
    const request = { changes: [{ id, revision, hunks: [hunks[0]?.id ?? ""] }] };
    return (await room.review.apply(room.workspace.id, request, by)).value.operationId;
  };
  const [first, second] = [await accept(), await accept()];
  expect(await room.changes()).toEqual([]);
  await expect(room.review.undo(room.workspace.id, first, by)).rejects.toMatchObject({
    code: "CONFLICT",
    data: { paths: ["a.txt"] },
  });
  await room.review.undo(room.workspace.id, second, by);
  await room.review.undo(room.workspace.id, first, by);
  expect((await room.change("a.txt")).hunks.map(({ newStart }) => newStart)).toEqual([2, 28]);
});

test.runIf(isWhole)("[W-3, W-7] a directory without git is reviewed the same way", async () => {
  await using room = await ReviewRoom.open({ "a.txt": "a\n", "d/x": "x\n" }, { git: false });
  const session = await room.inProject();
  await room.turn(session, "qwen", { "a.txt": "agent\n", "d/x": null, "e.txt": "e\n" });
  const ids = async (...paths: string[]) =>
    Promise.all(paths.map(async (path) => (await room.change(path)).id));
  const { value } = await room.review.reject(room.workspace.id, { changeIds: await ids("a.txt", "d/x") }, by);
  expect(await room.picture()).toEqual({ "a.txt": "644 a\n", "d/x": "644 x\n", "e.txt": "644 e\n" });
  await room.review.undo(room.workspace.id, value.operationId, by);
  expect(await room.picture()).toEqual({ "a.txt": "644 agent\n", "e.txt": "644 e\n" });
  await room.review.apply(room.workspace.id, { changeIds: await ids("a.txt", "d/x", "e.txt") }, by);
  expect(await room.changes()).toEqual([]);
});

test.runIf(isWhole)("[W-7] a project below its repository's top is reviewed alone", async () => {
  await using room = await ReviewRoom.open({ "app/a.txt": "a\n", "lib/b.txt": "b\n" });
  const session = await room.inProject(join(room.project, "app"));
  await room.turn(session, "qwen", {
    "a.txt": "agent\n",
    "new dir/c.txt": "c\n",
    "../lib/b.txt": "not ours\n",
  });
  const [before, git] = [await room.picture(), await room.untouched()];
  const rows = await room.changes();
  expect(rows.map(({ path }) => path)).toEqual(["a.txt", "new dir/c.txt"]);
  const { value } = await room.review.reject(room.workspace.id, { changeIds: rows.map(({ id }) => id) }, by);
  expect(await room.picture()).toEqual({ "app/a.txt": "644 a\n", "lib/b.txt": "644 not ours\n" });
  await room.review.undo(room.workspace.id, value.operationId, by);
  expect(await room.picture()).toEqual(before);
  expect(await room.untouched()).toEqual(git);
});

test("[W-7] a file that no longer equals the reviewed revision is neither accepted nor rejected", async () => {
  await using room = await ReviewRoom.open({ "a.txt": lines() });
  const session = await room.inProject();
  for (const act of ["apply", "reject"] as const) {
    await room.turn(session, "qwen", { "a.txt": lines([5, act]) });
    const { id, revision } = await room.change("a.txt");
    await writeFile(join(room.directory, "a.txt"), lines([5, act], [6, "mine"]));
    await expect(
      room.review[act](room.workspace.id, { changes: [{ id, revision }] }, by),
    ).rejects.toMatchObject({ code: "STALE" });
    expect(await readFile(join(room.directory, "a.txt"), "utf8")).toBe(lines([5, act], [6, "mine"]));
  }
});

test("[W-8] a parent that became a symbolic link leads no rejection out of the workspace", async () => {
  await using room = await ReviewRoom.open({ "d/a.txt": "a\n", "d/b.txt": "b\n" });
  const session = await room.inWorktree();
  await room.turn(session, "qwen", { "d/a.txt": null });
  const change = await room.change("d/a.txt");
  const outside = join(room.root, "outside");
  await rename(join(room.directory, "d"), outside);
  await symlink(outside, join(room.directory, "d"));
  await expect(
    room.review.reject(room.workspace.id, { changes: [{ id: change.id, revision: change.revision }] }, by),
  ).rejects.toMatchObject({ status: expect.any(Number) as number });
  expect(await room.picture(outside)).toEqual({ "b.txt": "644 b\n" });
  expect(await room.store.listOperations({ state: "running", limit: 10 })).toEqual([]);
});

test.runIf(isWhole)(
  "[W-7] an undo of a rejection brings binaries, modes, links and renames back",
  async () => {
    await using room = await ReviewRoom.open({
      bin: Buffer.from([0, 1, 2]),
      "run.sh": "#!/bin/sh\n",
      "old.txt": lines(),
      ln: { link: "bin" },
    });
    const session = await room.inWorktree();
    await room.turn(session, "qwen", {
      bin: Buffer.from([0, 9, 9]),
      "run.sh": { text: "#!/bin/sh\n", mode: 0o755 },
      "old.txt": null,
      "new.txt": lines(),
      ln: null,
    });
    const before = await room.picture(room.directory);
    const rows = await room.changes();
    const { value } = await room.review.reject(
      room.workspace.id,
      { changeIds: rows.map(({ id }) => id) },
      by,
    );
    expect(await room.picture(room.directory)).toMatchObject(await room.picture());
    await room.review.undo(room.workspace.id, value.operationId, by);
    expect(await room.picture(room.directory)).toEqual(before);
    const shown = (all: typeof rows) =>
      all.map(({ path, oldPath, kind, agent, hunks }) => ({ path, oldPath, kind, agent, hunks }));
    expect(shown(await room.changes())).toEqual(shown(rows));
  },
);

test.runIf(isWhole)(
  "[W-6] a remark quotes its line and finds the session that worked on it last and is still there",
  async () => {
    await using room = await ReviewRoom.open({ "a.txt": lines() });
    const first = await room.inWorktree();
    const second = await room.session({ directory: room.directory, existingWorkspaceId: first.workspaceId });
    await room.turn(first, "qwen", { "a.txt": lines([3, "qwen"]) });
    await room.turn(second, "goose", { "a.txt": lines([3, "qwen"], [20, "goose"]) });
    const { id: changeId, revision } = await room.change("a.txt");
    const about = { changeId, revision, side: "new" as const, line: 20, text: "Why?" };
    const remark = await room.review.remark(room.workspace.id, about);
    expect(remark.sessionId).toBe(second.id);
    expect(remark.text).toBe("About a.txt, line 20 (as changed):\n\n> goose\n\nWhy?");
    const old = await room.review.remark(room.workspace.id, { ...about, side: "old", sessionId: first.id });
    expect(old).toEqual({
      sessionId: first.id,
      text: "About a.txt, line 20 (before the change):\n\n> line 20\n\nWhy?",
    });
    await room.store.deleteSession({ sessionId: second.id, ...by });
    expect((await room.review.remark(room.workspace.id, about)).sessionId).toBe(first.id);
    const refused = (change: object, code: string) =>
      expect(room.review.remark(room.workspace.id, { ...about, ...change })).rejects.toMatchObject({ code });
    await refused({ revision: revision + 1 }, "STALE");
    await refused({ line: 31 }, "UNPROCESSABLE");
    await refused({ changeId: newId("chg") }, "NOT_FOUND");
    const stranger = await room.session({ directory: room.project });
    await refused({ sessionId: stranger.id }, "UNPROCESSABLE");
  },
);

test.runIf(isWhole)(
  "[W-4, W-6] a list has as many patches as fit, a change alone its whole patch, and marks go with revisions",
  async () => {
    await using room = await ReviewRoom.open({ "a.txt": "a\n" });
    const session = await room.inWorktree();
    const long = Array.from({ length: 40_000 }, (_, at) => `line number ${at}\n`).join("");
    await room.turn(session, "qwen", { "a.txt": "agent\n", "long.txt": long });
    const items = await room.changes();
    expect(items).toMatchObject([{ path: "a.txt" }, { path: "long.txt", patchTruncated: true }]);
    expect(items[0]?.patch).toContain("+agent");
    expect(items[1]?.patch).toBeUndefined();
    const whole = await room.review.get(room.workspace.id, items[1]?.id ?? newId("chg"));
    expect(whole.patch?.length).toBeGreaterThan(long.length);
    const { id, revision } = await room.change("a.txt");
    const mark = (reviewed: boolean) =>
      room.review.mark(room.workspace.id, { changes: [{ id, revision }], reviewed }, by);
    expect((await mark(true)).items[0]).toMatchObject({ reviewed: revision });
    expect((await mark(false)).items[0]?.reviewed).toBeUndefined();
    await room.turn(session, "qwen", { "a.txt": "later\n" });
    await expect(mark(true)).rejects.toMatchObject({ code: "STALE" });
    await rm(join(room.directory, "a.txt"));
    expect((await room.review.list(room.workspace.id, { refresh: true })).items[0]).toMatchObject({
      path: "a.txt",
      kind: "deleted",
    });
  },
);
