import type { WorktreeState } from "@holdfast/protocol";

/** Who changes the state: the operation that holds the worktree and ends or goes on with it, or somebody without one. */
export type ChangedBy = "operation" | "anyone";

/**
 *   creating ──► active ◄──► archived         what is being made or removed is left by its operation alone
 *                  │ ▲ ▲         │
 *                  ▼ │ └──────┐  ▼
 *                 lost ──► removing ──► removed ──► active
 *
 * A removal that is undone leads back to where it came from.
 */
const NEXT: Readonly<Record<WorktreeState, readonly WorktreeState[]>> = {
  creating: ["active"],
  active: ["archived", "removing", "lost"],
  archived: ["active", "removing", "lost"],
  lost: ["active", "removing"],
  removing: ["active", "archived", "lost", "removed"],
  removed: ["active"],
};

const LEFT_BY_OPERATION: readonly WorktreeState[] = ["creating", "removing", "removed"];

/** Whether a worktree's state may change so. Staying as it is may always be said. */
export function mayBecome(from: WorktreeState, to: WorktreeState, by: ChangedBy): boolean {
  if (from === to) return true;
  return NEXT[from].includes(to) && (by === "operation" || !LEFT_BY_OPERATION.includes(from));
}
