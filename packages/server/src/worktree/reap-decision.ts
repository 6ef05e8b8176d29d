/**
 * What the reaper does with one worktree (W-12), as a pure function of what was found. Everything that is not proven keeps the worktree:
 * a wrong "remove" loses work, a wrong "keep" costs disk.
 */
import type { WorktreeState } from "@holdfast/protocol";

/** How long nobody may have wanted a worktree before it is reaped, in ms (W-12: 1 h). */
export const REAP_GRACE_MS = 3_600_000;

/** What can be told without asking git. */
export type ReapFacts = {
  state: WorktreeState;
  /** Whether a session that is not archived works there, or an operation is under way. */
  isClaimed: boolean;
  isBusy: boolean;
  /** When it was last made, used, archived or brought back. */
  idleSince: number;
  /** Whether the marker names this database and its newest worktree, which this database knows (empty, older and foreign databases). */
  isRootOurs: boolean;
  /** Whether its real path is below the managed root's. */
  isBelowRoot: boolean;
  condition: "whole" | "missing" | "moved" | "foreign" | "unknown";
  /** Whether the lock reason names this database and this worktree. */
  isLockOurs: boolean;
};

/** What git and the processes say, asked only of what the facts leave over. */
export type ReapPreflight = { safe: boolean; isRescued: boolean };

export type ReapDecision = { action: "keep" | "look" | "remove" | "rescue"; reason: string };

const keep = (reason: string): ReapDecision => ({ action: "keep", reason });

/** From the facts alone: keep it, or look closer. */
export function decideReap(facts: ReapFacts, now: number): ReapDecision {
  if (facts.state !== "active" && facts.state !== "archived") return keep(`it is ${facts.state}`);
  if (!facts.isRootOurs)
    return keep("the managed root is of another database, or of a newer state of this one");
  if (facts.isBusy) return keep("something is being done with it");
  if (facts.isClaimed) return keep("a session works there");
  // A clock that jumped back makes everything recent.
  if (now - facts.idleSince < REAP_GRACE_MS) return keep("it was used within the last hour");
  if (!facts.isBelowRoot) return keep("it is not below the managed root");
  if (facts.condition !== "whole") return keep(`its directory is ${facts.condition}`);
  if (!facts.isLockOurs) return keep("its lock does not name this database and this worktree");
  return { action: "look", reason: "nobody uses it" };
}

/** From the preflight of one that was worth a look. */
export function decideLook({ safe, isRescued }: ReapPreflight): ReapDecision {
  if (safe) return { action: "remove", reason: "nobody uses it, and nothing in it would be lost" };
  return isRescued
    ? keep("something in it would be lost; its rescue ref holds what can be held")
    : { action: "rescue", reason: "something in it would be lost" };
}
