/** Names of everything that a worktree leaves outside of it: directory, branch, refs, lock reason. */
import { basename, join } from "node:path";
import { isWorktreeId, type WorkspaceId, type WorktreeId } from "@holdfast/protocol";

/** Characters of a project's name in a path, and of an id's random end. */
const SLUG_LENGTH = 32;
const ID_LENGTH = 10;

/** A name that is safe in paths and branch names: lower-case letters, digits, single dashes. */
export function slugOf(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_LENGTH)
    .replaceAll(/^-+|-+$/g, "");
  return slug === "" ? "work" : slug;
}

function nameOf(projectDirectory: string, id: WorktreeId): string {
  return `${slugOf(basename(projectDirectory))}-${id.slice(-ID_LENGTH)}`;
}

/** Where a new worktree goes. */
export function pathOf(root: string, projectDirectory: string, id: WorktreeId): string {
  return join(root, nameOf(projectDirectory, id));
}

/** Without `refs/heads/`. */
export function branchOf(projectDirectory: string, id: WorktreeId): string {
  return `holdfast/${nameOf(projectDirectory, id)}`;
}

/** Below it: one ref per rescue, `-head` where HEAD was on no branch, `-index` where the index held something else, `-lost` for commits that only the reflog knew (W-11). */
export const rescuePrefix = (id: WorktreeId): string => `refs/holdfast/rescue/${id}/`;
export const rescueRefOf = (id: WorktreeId, now: number): string => `${rescuePrefix(id)}${now.toString(36)}`;

/** Keeps the snapshot that a worktree of base `dirty` started from. */
export const startRefOf = (id: WorkspaceId): string => `refs/holdfast/base/${id}/start`;

/** What `git worktree lock` says of ours: which database knows it, and as what (W-12). */
export const lockReasonOf = (storeId: string, id: WorktreeId): string => `holdfast ${storeId} ${id}`;

/** The other way; `undefined` for a lock that somebody else made. */
export function readLockReason(
  text: string | undefined,
): { storeId: string; worktreeId: WorktreeId } | undefined {
  const match = /^holdfast (\S+) (\S+)\s*$/.exec(text ?? "");
  const [, storeId, worktreeId] = match ?? [];
  return storeId === undefined || !isWorktreeId(worktreeId) ? undefined : { storeId, worktreeId };
}
