/**
 * What is really there of a worktree: its directory, and the entry that git keeps of it in the common directory. Read from the files, not from
 * the texts of a git command, so that half-made and damaged entries are seen too (W-11: success is decided by looking).
 */
import type { Stats } from "node:fs";
import { realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Worktree } from "@holdfast/protocol";
import { type Entry, headRef, lookAt, readWorktreeEntries, textOfFile } from "../git/index.ts";
import { readLockReason } from "./names.ts";

export type WorktreeCondition =
  | { kind: "whole"; entry: Entry }
  /** Nothing is at its path; git may still know it. */
  | { kind: "missing"; entry: Entry | undefined }
  /** git knows it somewhere else. */
  | { kind: "moved"; entry: Entry; to: string }
  /** Something that is not ours, or not provably, is at its path. */
  | { kind: "foreign"; reason: string; entry: Entry | undefined };

/** The entry that is of this worktree: by the path it points back to, else by its lock reason. */
export async function findEntry(
  worktree: Pick<Worktree, "id" | "path" | "repository">,
): Promise<Entry | undefined> {
  const entries = await readWorktreeEntries(worktree.repository);
  return (
    entries.find((entry) => entry.path === worktree.path) ??
    entries.find((entry) => readLockReason(entry.lockReason)?.worktreeId === worktree.id)
  );
}

/** Looks. Rejects when the repository is there and cannot be read. */
export async function conditionOf(
  worktree: Pick<Worktree, "id" | "path" | "repository" | "branch">,
): Promise<WorktreeCondition> {
  if ((await lookAt(worktree.repository)) === undefined)
    return { kind: "foreign", reason: "its repository is gone", entry: undefined };
  const entry = (await findEntry(worktree)) ?? (await entryOnBranch(worktree));
  const there = await lookAt(worktree.path);
  if (there === undefined) {
    if (entry !== undefined && entry.path !== worktree.path && (await lookAt(entry.path)) !== undefined)
      return { kind: "moved", entry, to: entry.path };
    return { kind: "missing", entry };
  }
  const reason = await whyForeign(worktree.path, there, entry);
  return reason === undefined && entry !== undefined
    ? { kind: "whole", entry }
    : { kind: "foreign", reason: reason ?? "git does not know it", entry };
}

/** Whoever moves a worktree has to unlock it first, and then its branch alone tells it. */
async function entryOnBranch({
  repository,
  branch,
}: Pick<Worktree, "repository" | "branch">): Promise<Entry | undefined> {
  return (await readWorktreeEntries(repository)).find((entry) => entry.head === `ref: ${headRef(branch)}`);
}

async function whyForeign(path: string, there: Stats, entry: Entry | undefined): Promise<string | undefined> {
  if (!there.isDirectory()) return "it is no directory";
  const user = process.getuid?.();
  if (user !== undefined && there.uid !== user) return `it belongs to another user (${there.uid})`;
  const pointer = /^gitdir: ([^]*)$/.exec((await textOfFile(join(path, ".git"))) ?? "")?.[1];
  if (pointer === undefined) return "it is not a worktree of any repository";
  if (entry === undefined) return "git does not know it";
  const [pointed, admin] = await Promise.all([
    realpath(resolve(path, pointer)).catch(() => undefined),
    realpath(entry.admin).catch(() => entry.admin),
  ]);
  if (pointed !== admin) return "it points to another repository or entry";
  return entry.path === path ? undefined : `git's entry points to ${entry.path}`;
}
