import type { Catcher, Sabotage } from "../sabotage.ts";
import { contract, ENGINE } from "./engine.ts";

const ROOM = "packages/server/src/worktree";
const GIT = "packages/server/src/git";
const OPERATION = "packages/server/src/operation";
const TESTS = "packages/server/test/worktree";

const on = (file: string, title: string): Catcher => ({ file: `${TESTS}/${file}.test.ts`, title });

/** How worktrees are made, asked about, rescued, removed and reaped. */
export const WORKTREES: readonly Sabotage[] = [
  {
    name: "worktree-unlocked-repository",
    rules: ["W-2"],
    breaks: "two creations change the worktrees of a repository at the same time",
    file: `${GIT}/repository-lock.ts`,
    edits: [
      { find: "before.then(() => this.#locked(", replace: "Promise.resolve().then(() => this.#unlocked(" },
      {
        find: "  async #take(file",
        replace:
          "  #unlocked<T>(_directory: string, work: () => Promise<T>): Promise<T> {\n    return work();\n  }\n\n  async #take(file",
      },
    ],
    catchers: [{ file: `${GIT}/repository-lock.test.ts`, title: "[W-2] one holder at a time" }],
  },
  {
    name: "worktree-branch-left",
    rules: ["W-2"],
    breaks: "a creation that is refused leaves its branch",
    file: `${ROOM}/create.ts`,
    edits: [{ find: "await removeBranch(deps, worktree, () => Promise.resolve(true));", replace: "" }],
    catchers: [on("create", "[W-2] a session that is refused leaves neither")],
  },
  {
    name: "worktree-copies-out",
    rules: ["W-2"],
    breaks: "an ignored file is written where a link of the checkout leads",
    file: `${ROOM}/copy-ignored.ts`,
    edits: [{ find: "if (!(await isRealInside(top, at))) return false;", replace: "" }],
    catchers: [{ file: `${ROOM}/copy-ignored.test.ts`, title: "[W-2] links are copied as links" }],
  },
  {
    name: "worktree-unknown-is-fine",
    rules: ["W-10"],
    breaks: "a question that git could not answer counts as no risk",
    file: `${ROOM}/risk.ts`,
    edits: [
      { find: "safe: risks.length === 0,", replace: 'safe: risks.every((risk) => risk.kind === "unknown"),' },
    ],
    catchers: [on("table", "[W-10] the report names what would be lost")],
  },
  {
    name: "worktree-not-looked-at-again",
    rules: ["W-10"],
    breaks: "what changes between the rescue and the removal is lost",
    file: `${ROOM}/remove.ts`,
    edits: [
      {
        find: "if (tree === rescued.tree && parcel.sign === rescued.parcel.sign) return rescued;",
        replace: "if (tree !== undefined) return rescued;",
      },
    ],
    catchers: [on("directory", "[W-10] what changes while it is removed")],
  },
  {
    name: "worktree-reflog-forgotten",
    rules: ["W-11"],
    breaks: "commits that only the reflog of a worktree had are gone after its removal",
    file: `${ROOM}/rescue.ts`,
    edits: [{ find: "if (lost.length > 0)", replace: "if (lost.length > 1_000)" }],
    catchers: [on("table", "[W-11] HEAD, what was staged, and commits of the reflog")],
  },
  {
    name: "worktree-staged-forgotten",
    rules: ["W-11"],
    breaks: "what was staged and then changed again does not come back",
    file: `${ROOM}/rescue.ts`,
    edits: [{ find: "if (index !== undefined)", replace: "if (index === undefined)" }],
    catchers: [on("table", "[W-11] HEAD, what was staged, and commits of the reflog")],
  },
  {
    name: "worktree-unlisted-forgotten",
    rules: ["W-11"],
    breaks: "what git cannot hold is in no rescue",
    file: `${ROOM}/rescue.ts`,
    edits: [{ find: "if (parcel.entries.length > 0) {", replace: "if (parcel.entries.length < 0) {" }],
    catchers: [on("unlisted", "[W-11] everything but what the report called lost")],
  },
  {
    name: "worktree-reaper-any-database",
    rules: ["W-12"],
    breaks: "the reaper takes an older copy of its database for the present one",
    file: `${ROOM}/reap.ts`,
    edits: [
      {
        find: "newest !== undefined && (await store.getWorktree(newest)) !== undefined",
        replace: "newest !== undefined",
      },
    ],
    catchers: [on("reaper", "[W-12] an older copy of the database")],
  },
  {
    name: "worktree-reaper-any-lock",
    rules: ["W-12"],
    breaks: "the reaper removes what another database made",
    file: `${ROOM}/reap.ts`,
    edits: [{ find: "lock?.storeId === store.storeId && lock.worktreeId", replace: "lock?.worktreeId" }],
    catchers: [on("reaper", "[W-12] a foreign database")],
  },
  {
    name: "worktree-rescue-kept-for-ever",
    rules: ["W-11"],
    breaks: "rescue refs are never deleted",
    file: `${ROOM}/worktrees.ts`,
    edits: [{ find: "worktree.rescue.expires < clock.now()", replace: "worktree.rescue.expires < 0" }],
    catchers: [on("directory", "[W-11] a rescue is kept for thirty days")],
  },
  {
    name: "worktree-live-index-lock-removed",
    rules: ["W-14"],
    breaks: "the index.lock of a git that is at work is removed",
    file: "packages/server/src/process/proc.ts",
    edits: [{ find: "if (target === file) return true;", replace: "if (target === file) return false;" }],
    catchers: [{ file: `${GIT}/index-lock.test.ts`, title: "[W-14] one that a process has open stays" }],
  },
  {
    name: "worktree-stays-active",
    rules: ["W-13"],
    breaks: "a worktree whose directory is gone is shown as if it were there",
    file: `${ROOM}/require-directory.ts`,
    edits: [
      {
        find: 'await mark(deps, worktree, "lost", reason);',
        replace: 'await mark(deps, worktree, worktree.state === "archived" ? "lost" : "active", reason);',
      },
    ],
    catchers: [on("directory", "[W-13] a missing one is lost")],
  },
  {
    name: "living-owner-robbed",
    rules: ["W-11", "D-17"],
    breaks: "settles what another server is at work on",
    file: `${OPERATION}/operations.ts`,
    edits: [{ find: "(!isAlive && (host", replace: "(!isAlive || (host" }],
    catchers: [{ file: `${OPERATION}/operations.test.ts`, title: "[W-11] what another server works at" }],
  },
  {
    name: "operation-epoch-unchecked",
    rules: ["W-11", "D-17"],
    breaks: "lets a former owner go on with an operation that was taken",
    file: `${ENGINE}/commands/operation.ts`,
    edits: [{ find: "row.epoch !== epoch", replace: "row.epoch < epoch" }],
    catchers: [contract("operations", "[W-11, D-17] an operation is taken from a dead owner only")],
  },
  {
    name: "repetition-does-it-again",
    rules: ["W-9", "D-5"],
    breaks: "answers a repetition elsewhere before there is a result",
    file: `${OPERATION}/operations.ts`,
    edits: [{ find: 'if (now.state !== "running") return now;', replace: "return now;" }],
    catchers: [{ file: `${OPERATION}/operations.test.ts`, title: "[W-9, D-5] a repetition joins the work" }],
  },
];
