/** The table of W-10 to W-12: what the report says of each state, what a removal does with and without discard, what the reaper does. */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { isHoldfastError } from "@holdfast/kernel";
import type { RiskReport, Worktree } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { sampleOf, isWhole } from "../../../../test/harness/sample.ts";
import { REAP_GRACE_MS } from "../../src/worktree/reap-decision.ts";
import { type Case, CASES, FOREIGN } from "./places.ts";
import { OWNER, Room } from "./room.ts";

const ALL = process.getuid?.() === 0 ? [...CASES, FOREIGN] : CASES;

/** States in a sample. */
const STATES = 2;

async function inState<T>(each: Case, work: (room: Room, worktree: Worktree) => Promise<T>): Promise<T> {
  await using room = await Room.open();
  await room.makeRepository({ "a.txt": "one\n", ".gitignore": "node_modules\n.env\n" });
  const { worktree, sessionId } = await room.create();
  await room.store.deleteSession({ sessionId, actor: OWNER });
  const end = await each.make(room, await room.worktrees.get(worktree.id));
  try {
    return await work(room, await room.worktrees.get(worktree.id));
  } finally {
    await end?.();
  }
}

/** Every file below a directory with the hash of its bytes, its mode and what a link says; git's own files left out. */
function filesOf(directory: string): Record<string, string> {
  if (!existsSync(directory)) return {};
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (/(^|\/)\.git(\/|$)/.test(name) || entry.isDirectory()) continue;
    const content = entry.isSymbolicLink() ? readlinkSync(path) : readFileSync(path);
    found[name] = `${lstatSync(path).mode & 0o111}:${createHash("sha256").update(content).digest("hex")}`;
  }
  return found;
}

const kindsOf = ({ risks }: RiskReport): Record<string, boolean> =>
  Object.fromEntries(risks.map(({ kind, rescued }) => [kind, rescued]));

describe.each(sampleOf(ALL, STATES))("a worktree: $name", (each) => {
  const isSafe = Object.keys(each.risks).length === 0;

  test("[W-10] the report names what would be lost, and without discard nothing of it changes", () =>
    inState(each, async (room, worktree) => {
      const report = await room.worktrees.risk(worktree.id);
      expect(kindsOf(report)).toEqual(each.risks);
      expect(report.safe).toBe(isSafe);
      const before = filesOf(worktree.path);
      const options = { discard: false, skipTeardown: false, actor: OWNER };
      const outcome: unknown = await room.worktrees
        .remove(worktree.id, options)
        .catch((error: unknown) => error);
      if (isSafe) expect(outcome).toMatchObject({ state: "removed" });
      else {
        expect(isHoldfastError(outcome, "RISK_UNCONFIRMED") && outcome.data?.["report"]).toMatchObject({
          safe: false,
        });
        expect((await room.worktrees.get(worktree.id)).state).toBe("active");
        expect(filesOf(worktree.path)).toEqual(before);
      }
      expect(await room.store.listOperations({ state: "running", limit: 10 })).toEqual([]);
    }));

  test("[W-11] with discard it goes as far as it is ours, and the rescue brings every byte back that it promised", () =>
    inState(each, async (room, worktree) => {
      const before = filesOf(worktree.path);
      const options = { discard: true, skipTeardown: false, actor: OWNER };
      const outcome: unknown = await room.worktrees
        .remove(worktree.id, options)
        .catch((error: unknown) => error);
      if (each.discarded === "refused") {
        expect(isHoldfastError(outcome, "UNPROCESSABLE")).toBe(true);
        expect((await room.worktrees.get(worktree.id)).state).toBe("active");
        expect(filesOf(worktree.path)).toEqual(before);
        return;
      }
      expect(outcome).toMatchObject({ state: "removed" });
      if (each.discarded === "leftOnDisk") {
        expect(filesOf(worktree.path)).toEqual(before);
        return;
      }
      expect(existsSync(worktree.path)).toBe(false);
      expect(room.git(["worktree", "list"])).not.toContain(worktree.path);
      const head = (await room.worktrees.get(worktree.id)).rescue;
      expect(head?.expires).toBeGreaterThan(room.clock.now() + 29 * 24 * 3_600_000);
      if (each.discarded === "goneAlready") return;
      await expectRestored(room, worktree, before, each.lost ?? []);
    }));

  test("[W-12] the reaper removes it only when nothing would be lost", () =>
    inState(each, async (room, worktree) => {
      const before = filesOf(worktree.path);
      room.clock.shiftMs = REAP_GRACE_MS + 60_000;
      const item = async (dryRun: boolean) =>
        (await room.worktrees.prune({ dryRun, actor: OWNER })).items.find(
          ({ worktreeId }) => worktreeId === worktree.id,
        );
      const planned = await item(true);
      expect(filesOf(worktree.path)).toEqual(before);
      expect(existsSync(join(room.managed, ".trash"))).toBe(false);
      const done = await item(false);
      // What a dry run would rescue may turn out to be out of git's reach.
      if (each.discarded !== "refused") expect(done?.action).toBe(planned?.action);
      if (isSafe) {
        expect(done?.action).toBe("removed");
        expect(existsSync(worktree.path)).toBe(false);
      } else {
        expect(["kept", "rescued"]).toContain(done?.action);
        expect(filesOf(worktree.path)).toEqual(before);
        // Rescued once, not at every pass.
        room.clock.shiftMs += REAP_GRACE_MS + 60_000;
        if (done?.action === "rescued") expect((await item(false))?.action).toBe("kept");
      }
      const audit = await room.store.listWorktreeAudit({ limit: 10 });
      expect(audit.map(({ action }) => action)).toEqual(done?.action === "kept" ? [] : [done?.action]);
    }));
});

async function expectRestored(
  room: Room,
  worktree: Worktree,
  before: Record<string, string>,
  lost: readonly string[],
): Promise<void> {
  const restored = await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
  expect(restored).toMatchObject({ state: "active", path: worktree.path, workspaceId: worktree.workspaceId });
  const expected = Object.fromEntries(Object.entries(before).filter(([name]) => !lost.includes(name)));
  expect(filesOf(worktree.path)).toEqual(expected);
}

test.runIf(isWhole)("[W-11] HEAD, what was staged, and commits of the reflog come back too", async () => {
  await using room = await Room.open();
  await room.makeRepository();
  const { worktree } = await room.create();
  const { path } = worktree;
  await room.write(path, { "a.txt": "lost\n" });
  room.git(["commit", "-q", "-am", "lost"], path);
  const lost = room.git(["rev-parse", "HEAD"], path);
  room.git(["reset", "-q", "--hard", "HEAD~1"], path);
  room.git(["checkout", "-q", "--detach"], path);
  room.git(["commit", "-q", "--allow-empty", "-m", "adrift"], path);
  const head = room.git(["rev-parse", "HEAD"], path);
  await room.write(path, { "a.txt": "staged\n" });
  room.git(["add", "a.txt"], path);
  await room.write(path, { "a.txt": "later\n", "b.txt": "new\n" });
  const status = room.git(["status", "--porcelain"], path);
  await room.worktrees.remove(worktree.id, { discard: true, skipTeardown: false, actor: OWNER });
  room.git(["reflog", "expire", "--expire=now", "--all"]);
  room.git(["gc", "-q", "--prune=now"]);
  await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
  expect(room.git(["rev-parse", "HEAD"], path)).toBe(head);
  expect(room.git(["branch", "--show-current"], path)).toBe("");
  expect(room.git(["status", "--porcelain"], path)).toBe(status);
  expect(room.git(["show", ":a.txt"], path)).toBe("staged");
  expect(room.git(["show", `${lost}:a.txt`], path)).toBe("lost");
});

test.runIf(isWhole)(
  "[W-10, W-11] a branch without commits comes back with its files, and with what its reflog and refs of its own had",
  async () => {
    await using room = await Room.open();
    await room.makeRepository();
    const { worktree } = await room.create();
    const { path } = worktree;
    const lose = async (text: string) => {
      await room.write(path, { "a.txt": `${text}\n` });
      room.git(["commit", "-q", "-am", text], path);
      const commit = room.git(["rev-parse", "HEAD"], path);
      room.git(["reset", "-q", "--hard", "HEAD~1"], path);
      return commit;
    };
    room.git(["update-ref", "refs/worktree/aside", await lose("aside")], path);
    room.git(["reflog", "expire", "--expire=now", "--all"]);
    const lost = await lose("lost");
    room.git(["checkout", "-q", "--orphan", "fresh"], path);
    room.git(["init", "-q", join(path, "nested")]);
    await room.write(path, { "nested/n.txt": "nested\n", "b.txt": "new\n" });
    const files = filesOf(path);
    const { risks } = await room.worktrees.risk(worktree.id);
    expect(risks).toContainEqual(expect.objectContaining({ kind: "unpushed", count: 2, rescued: true }));
    await room.worktrees.remove(worktree.id, { discard: true, skipTeardown: false, actor: OWNER });
    room.git(["reflog", "expire", "--expire=now", "--all"]);
    room.git(["gc", "-q", "--prune=now"]);
    await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
    expect(filesOf(path)).toEqual(files);
    expect(room.git(["show", `${lost}:a.txt`], path)).toBe("lost");
    expect(room.git(["log", "--format=%s", "--glob=refs/holdfast/rescue"], path)).toContain("aside");
  },
);
