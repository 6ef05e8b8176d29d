/** States a worktree can be in when somebody wants it gone. Each says what the risk report must name, and whether what is lost is in the rescue. */
import { execFileSync } from "node:child_process";
import { chown, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RiskKind, Worktree } from "@holdfast/protocol";
import type { Room } from "./room.ts";

export type Case = {
  name: string;
  /** Makes the state; may answer how to end what it started. */
  make(room: Room, worktree: Worktree): Promise<void | (() => Promise<void>)>;
  /** Kinds that the report names, and whether the rescue will hold them. Empty: safe. */
  risks: Partial<Record<RiskKind, boolean>>;
  /** What `discard` does; default `removed`: gone from the disk, and back by the rescue. */
  discarded?: "removed" | "leftOnDisk" | "goneAlready" | "refused";
  /** Paths whose bytes must come back by the rescue; default every file of the checkout that git does not ignore. */
  lost?: string[];
};

const commit = (room: Room, { path }: Worktree, message: string): void => {
  room.git(["add", "-A"], path);
  room.git(["commit", "-q", "-m", message], path);
};

export const CASES: readonly Case[] = [
  { name: "clean", make: () => Promise.resolve(), risks: {} },
  {
    name: "dirty",
    make: (room, { path }) => room.write(path, { "a.txt": "changed\r\n\u0000raw" }),
    risks: { uncommitted: true },
  },
  {
    name: "staged and changed again",
    async make(room, { path }) {
      await room.write(path, { "a.txt": "staged\n" });
      room.git(["add", "a.txt"], path);
      await room.write(path, { "a.txt": "later\n" });
    },
    risks: { uncommitted: true },
  },
  {
    name: "deleted files",
    make: (_room, { path }) => rm(join(path, "a.txt")),
    risks: { uncommitted: true },
  },
  {
    name: "untracked",
    make: (room, { path }) => room.write(path, { "new/deep/file.txt": "n\n", "sp ace": "s" }),
    risks: { untracked: true },
  },
  {
    name: "ignored only",
    make: (room, { path }) => room.write(path, { "node_modules/x.js": "x", ".env": "A=1" }),
    risks: { ignored: false },
    lost: ["node_modules/x.js", ".env"],
  },
  {
    name: "unpushed commits",
    async make(room, worktree) {
      await room.write(worktree.path, { "a.txt": "committed\n" });
      commit(room, worktree, "work");
    },
    risks: { unpushed: true },
  },
  {
    name: "commits that another branch has",
    async make(room, worktree) {
      await room.write(worktree.path, { "a.txt": "committed\n" });
      commit(room, worktree, "work");
      room.git(["branch", "kept"], worktree.path);
    },
    risks: {},
  },
  {
    name: "a commit that only the reflog knows",
    async make(room, worktree) {
      await room.write(worktree.path, { "a.txt": "thrown away\n" });
      commit(room, worktree, "lost");
      room.git(["reset", "-q", "--hard", "HEAD~1"], worktree.path);
    },
    risks: { unpushed: true },
  },
  {
    name: "commits that only refs of the worktree itself have",
    async make(room, worktree) {
      await room.write(worktree.path, { "a.txt": "set aside\n" });
      commit(room, worktree, "aside");
      room.git(["update-ref", "refs/worktree/aside", "HEAD"], worktree.path);
      room.git(["reset", "-q", "--hard", "HEAD~1"], worktree.path);
      room.git(["reflog", "expire", "--expire=now", "--all"], worktree.path);
    },
    risks: { unpushed: true },
  },
  {
    name: "a commit that a ref of the worktree has besides its branch",
    async make(room, worktree) {
      await room.write(worktree.path, { "a.txt": "rewritten\n" });
      commit(room, worktree, "work");
      room.git(["update-ref", "refs/rewritten/work", "HEAD"], worktree.path);
    },
    risks: { unpushed: true },
  },
  {
    name: "detached HEAD with commits",
    async make(room, worktree) {
      room.git(["checkout", "-q", "--detach"], worktree.path);
      await room.write(worktree.path, { "a.txt": "adrift\n" });
      commit(room, worktree, "adrift");
    },
    risks: { detached: true },
  },
  {
    name: "mid-merge with conflicts",
    async make(room, worktree) {
      room.git(["branch", "base"], worktree.path);
      await room.write(worktree.path, { "a.txt": "ours\n" });
      commit(room, worktree, "ours");
      room.git(["branch", "mine"], worktree.path);
      room.git(["checkout", "-q", "-b", "theirs", "base"], worktree.path);
      await room.write(worktree.path, { "a.txt": "theirs\n" });
      commit(room, worktree, "theirs");
      room.git(["checkout", "-q", worktree.branch], worktree.path);
      try {
        room.git(["merge", "-q", "theirs"], worktree.path);
      } catch {
        return;
      }
      throw new Error("no conflict");
    },
    risks: { uncommitted: true, inProgress: false },
  },
  {
    name: "a filled submodule",
    async make(room, worktree) {
      const other = join(room.root, "other");
      room.git(["init", "-q", other]);
      room.git(["commit", "-q", "--allow-empty", "-m", "sub"], other);
      room.git(["submodule", "--quiet", "add", other, "sub"], worktree.path);
      commit(room, worktree, "with sub");
      room.git(["branch", "kept"], worktree.path);
    },
    risks: { submodule: true },
  },
  {
    name: "a nested repository",
    async make(room, { path }) {
      room.git(["init", "-q", join(path, "nested")]);
      await room.write(path, { "nested/n.txt": "n" });
      room.git(["add", "-A"], join(path, "nested"));
      room.git(["commit", "-q", "-m", "nested"], join(path, "nested"));
    },
    risks: { nestedRepository: true },
  },
  {
    name: "locked by somebody",
    make(room, { path }) {
      room.git(["worktree", "unlock", path]);
      room.git(["worktree", "lock", "--reason", "mine", path]);
      return Promise.resolve();
    },
    risks: { locked: true },
  },
  {
    name: "missing",
    make: (_room, { path }) => rm(path, { recursive: true }),
    risks: { missing: false },
    discarded: "goneAlready",
  },
  {
    name: "moved",
    make(room, { path }) {
      room.git(["worktree", "unlock", path]);
      room.git(["worktree", "move", path, join(room.root, "elsewhere")]);
      return Promise.resolve();
    },
    risks: { moved: false },
    discarded: "leftOnDisk",
  },
  {
    name: "another directory at its path",
    async make(room, { path }) {
      await rename(path, join(room.root, "elsewhere"));
      await mkdir(path);
      await writeFile(join(path, "theirs.txt"), "t");
    },
    risks: { foreign: false },
    discarded: "leftOnDisk",
  },
  {
    name: "a process that works there",
    // Not a child of ours, which git of ours would be: the shell that starts it ends at once.
    make(_room, { path }) {
      const script = "sleep 600 >/dev/null 2>&1 & echo $!";
      const pid = Number(execFileSync("sh", ["-c", script], { cwd: path }).toString());
      return Promise.resolve(() => {
        process.kill(pid, "SIGKILL");
        return Promise.resolve();
      });
    },
    risks: { liveProcess: false },
  },
  {
    name: "a repository that is gone",
    make: (room) => rename(room.project, `${room.project}-away`),
    risks: { foreign: false },
    discarded: "leftOnDisk",
  },
  {
    name: "a repository that git cannot read",
    make: (room) => writeFile(join(room.project, ".git", "config"), "[broken"),
    risks: { unknown: false },
    discarded: "refused",
  },
];

/** Needs the superuser, who alone may give a directory away. */
export const FOREIGN: Case = {
  name: "owned by another user",
  make: (_room, { path }) => chown(path, 65_534, 65_534),
  risks: { foreign: false },
  discarded: "leftOnDisk",
};
