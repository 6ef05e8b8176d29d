/** What several real agents did is named, applied beside a person's own work, refused, rejected and undone (W-3 to W-9), by the command line. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Change, ChangeResult, Session, Worktree } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { sampleOf } from "../harness/sample.ts";
import { filesBelow, ownState, type ReviewBench, toldOf, withReviewBench } from "./review-bench.ts";

const LINES = Array.from({ length: 20 }, (_, at) => `line ${at + 1}`);
const text = (lines: readonly string[]) => `${lines.join("\n")}\n`;
const changed = (line: number, to: string) => LINES.map((each, at) => (at + 1 === line ? to : each));

/** A repository with a commit, and what a person left in it: edits, something staged, something stashed, something new. */
function leaveOwnWork({ project, git }: ReviewBench): void {
  const write = (name: string, content: string) => writeFileSync(join(project, name), content);
  git("init", "-q", "-b", "main");
  for (const name of ["shared.txt", "mine.txt", "staged.txt"]) write(name, text(LINES));
  git("add", ".");
  git("commit", "-q", "-m", "first");
  write("staged.txt", "to be stashed\n");
  git("stash", "-q");
  write("staged.txt", text(changed(3, "staged by a person")));
  git("add", "staged.txt");
  write("shared.txt", text(changed(1, "first by a person")));
  write("mine.txt", text(changed(5, "fifth by a person")));
  write("note.txt", "not tracked\n");
}

const byPath = (changes: readonly Change[]) =>
  Object.fromEntries(
    changes.map(({ path, contributions }) => [
      path,
      [...new Set(contributions.map(({ agent }) => agent))].sort(),
    ]),
  );

const sessionOf = (bench: ReviewBench, id: string): Promise<Session> => bench.server.client.getSession(id);

describe("goose and the rehearsal agent in one session", () => {
  test("[W-1, W-5, W-8, W-9] in a worktree: each file has its agent, apply keeps a person's work, a conflict writes nothing, undo is exact", () =>
    withReviewBench(["goose"], async (bench) => {
      const { project, run, must, json, say, changes } = bench;
      leaveOwnWork(bench);
      const own = ownState(bench);
      const id = await must("session", "new", "--worktree", "-a", "rehearsal", "--approval-mode", "all");
      const { directory: worktree } = await sessionOf(bench, id);
      expect(worktree).not.toBe(project);
      expect(readFileSync(join(worktree, "mine.txt"), "utf8")).toBe(text(LINES));

      await say(
        id,
        "rehearsal",
        "WRITE by-rehearsal.txt from rehearsal",
        "BASH sed -i '20s/.*/last by rehearsal/' shared.txt",
      );
      await say(
        id,
        "goose",
        "WRITE by-goose.txt from goose",
        "BASH sed -i '10s/.*/tenth by goose/' shared.txt",
        "SAY done",
      );
      await say(id, "goose", "BASH sed -i '5s/.*/fifth by goose/' mine.txt", "SAY done");
      const before = await changes(id);
      expect(byPath(before)).toEqual({
        "by-rehearsal.txt": ["rehearsal"],
        "by-goose.txt": ["goose"],
        "mine.txt": ["goose"],
        "shared.txt": ["goose", "rehearsal"],
      });
      const shared = before.find(({ path }) => path === "shared.txt");
      expect(
        shared?.hunks.map(({ newStart, origins }) => [newStart, origins.map(({ agent }) => agent)]),
      ).toEqual([
        [10, ["goose"]],
        [20, ["rehearsal"]],
      ]);
      const listed = await run("changes", "list", id);
      expect(listed.stdout).toMatch(/modified +\+2 -2 +goose, rehearsal +shared\.txt/);
      expect(listed.stderr).toContain("4 pending changes in the worktree");

      // One that does not fit: nothing is written, also not of the one that would.
      const untouched = filesBelow(project);
      const refused = await run("changes", "apply", id, "mine.txt", "by-goose.txt");
      expect(refused).toMatchObject({ code: 7, stdout: "" });
      expect(refused.stderr).toContain("mine.txt");
      expect([filesBelow(project), ownState(bench)]).toEqual([untouched, own]);

      const applied = await json<ChangeResult>("changes", "apply", id, "shared.txt", "by-goose.txt");
      expect(applied.applied.toSorted()).toEqual(["by-goose.txt", "shared.txt"]);
      const merged = LINES.with(0, "first by a person")
        .with(9, "tenth by goose")
        .with(19, "last by rehearsal");
      expect(filesBelow(project)).toEqual({
        ...untouched,
        "shared.txt": `644 ${text(merged)}`,
        "by-goose.txt": "644 from goose",
      });
      expect(ownState(bench)).toEqual(own);
      // What was applied is the new baseline: the rest stays pending, and new work is measured against it.
      expect(Object.keys(byPath(await changes(id))).toSorted()).toEqual(["by-rehearsal.txt", "mine.txt"]);
      await say(id, "rehearsal", "WRITE by-goose.txt changed by rehearsal");
      expect(byPath(await changes(id))).toMatchObject({ "by-goose.txt": ["rehearsal"] });

      // Rejecting tells the agent that made it, once.
      await must("changes", "reject", id, "by-rehearsal.txt");
      expect(existsSync(join(worktree, "by-rehearsal.txt"))).toBe(false);
      await say(id, "rehearsal", "SAY one");
      await say(id, "rehearsal", "SAY two");
      const { items } = await bench.server.client.listMessages(id, { limit: 50 });
      expect(toldOf(items, "by-rehearsal.txt").filter((note) => note.includes("reject"))).toHaveLength(1);

      await must("changes", "reject", id, "by-goose.txt");
      await must("changes", "undo", id, applied.operationId);
      expect([filesBelow(project), ownState(bench)]).toEqual([untouched, own]);
      expect(Object.keys(byPath(await changes(id))).toSorted()).toEqual([
        "by-goose.txt",
        "mine.txt",
        "shared.txt",
      ]);

      // What is left would be lost with the session, and nobody said so.
      const deletion = await run("session", "delete", id);
      expect(deletion.code).toBe(7);
      expect(deletion.stderr).toContain("Repeat with --discard");
      expect(existsSync(worktree)).toBe(true);
      await must("session", "delete", id, "--discard");
      expect(existsSync(worktree)).toBe(false);
      const { items: worktrees } = await json<{ items: Worktree[] }>("worktree", "list", "--all");
      expect(worktrees).toMatchObject([{ state: "removed", rescue: {} }]);
      await must("worktree", "restore", worktrees[0]?.id ?? "");
      expect(readFileSync(join(worktree, "by-goose.txt"), "utf8")).toBe("from goose");
      expect(ownState(bench)).toEqual(own);
    }));

  test("[W-5, W-7] in the project's own directory: accept touches no file, reject writes back, undo reverses either", () =>
    withReviewBench(["goose"], async (bench) => {
      leaveOwnWork(bench);
      const own = ownState(bench);
      await reviewInPlace(bench);
      expect(ownState(bench)).toEqual(own);
    }));

  test("[W-3, W-7] in a directory without git: the same", () =>
    withReviewBench(["goose"], async (bench) => {
      for (const name of ["shared.txt", "mine.txt"]) writeFileSync(join(bench.project, name), text(LINES));
      await reviewInPlace(bench);
      expect(existsSync(join(bench.project, ".git"))).toBe(false);
      const refused = await bench.run("session", "new", "--worktree");
      expect([refused.code, refused.stdout]).toEqual([2, ""]);
    }));
});

/** The review of changes that are in the directory already; it leaves nothing pending. */
async function reviewInPlace(bench: ReviewBench): Promise<void> {
  const { project, run, must, json, say, changes } = bench;
  const own = filesBelow(project);
  const id = await must("session", "new", "-a", "rehearsal", "--approval-mode", "all");
  expect((await sessionOf(bench, id)).directory).toBe(project);
  await say(id, "rehearsal", "WRITE by-rehearsal.txt from rehearsal");
  await say(id, "goose", "WRITE by-goose.txt from goose", "WRITE both.txt goose", "SAY done");
  await say(id, "rehearsal", "WRITE both.txt rehearsal", "BASH echo nobody saw who > unnamed.txt");
  expect(byPath(await changes("."))).toEqual({
    "by-rehearsal.txt": ["rehearsal"],
    "by-goose.txt": ["goose"],
    "both.txt": ["goose", "rehearsal"],
    // No call named it, and a person works here too.
    "unnamed.txt": ["shared"],
  });
  expect((await run("changes", "list")).stderr).toContain("accept keeps them");

  const made = filesBelow(project);
  const accepted = await run("changes", "accept", id, "by-goose.txt", "unnamed.txt");
  expect([accepted.code, accepted.stderr]).toEqual([0, "Accepted: by-goose.txt, unnamed.txt.\n"]);
  expect(filesBelow(project)).toEqual(made);
  expect(Object.keys(byPath(await changes(id))).toSorted()).toEqual(["both.txt", "by-rehearsal.txt"]);
  await must("changes", "undo", id);
  expect(filesBelow(project)).toEqual(made);
  expect(Object.keys(byPath(await changes(id)))).toHaveLength(4);

  const rejected = await json<ChangeResult>("changes", "reject", id, "both.txt", "by-rehearsal.txt");
  const { "both.txt": _both, "by-rehearsal.txt": _by, ...rest } = made;
  expect(filesBelow(project)).toEqual(rest);
  await must("changes", "undo", id, rejected.operationId);
  expect(filesBelow(project)).toEqual(made);

  // What was reviewed must still be there.
  const stale = await changes(id);
  writeFileSync(join(project, "both.txt"), "by a person since");
  const both = stale.find(({ path }) => path === "both.txt");
  await expect(
    bench.server.client.rejectChanges(both?.workspaceId ?? "", {
      changes: [{ id: both?.id ?? "chg_", revision: both?.revision ?? 0 } as never],
    }),
  ).rejects.toMatchObject({ code: "STALE" });
  expect(readFileSync(join(project, "both.txt"), "utf8")).toBe("by a person since");
  await must("changes", "reject", id, "--all");
  expect([filesBelow(project), await changes(id)]).toEqual([own, []]);
}

describe.each(sampleOf(["qwen", "opencode"] as const, 1))("%s, which writes by itself", (name) => {
  test("[W-4, W-5] its file in a worktree is its change, and is applied", () =>
    withReviewBench([name], async (bench) => {
      leaveOwnWork(bench);
      const { must, say, changes, project } = bench;
      const id = await must("session", "new", "--worktree", "-a", name, "--approval-mode", "all");
      await say(id, name, `WRITE by-${name}.txt from ${name}`, "SAY done");
      expect(byPath(await changes(id))).toEqual({ [`by-${name}.txt`]: [name] });
      await must("changes", "apply", id, "--all");
      expect(readFileSync(join(project, `by-${name}.txt`), "utf8")).toBe(`from ${name}`);
      expect(await changes(id)).toEqual([]);
    }));
});
