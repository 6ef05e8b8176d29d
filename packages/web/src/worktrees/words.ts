/** What the page says of worktrees and of what a deletion would lose. */
import type { PruneReport, RiskKind, Worktree, WorktreeState } from "@holdfast/protocol";
import type { Tone } from "../design/index.ts";

export const STATE_WORDS: Record<WorktreeState, { word: string; tone: Tone; meaning: string }> = {
  creating: { word: "being made", tone: "busy", meaning: "Its files and its branch are being made." },
  active: { word: "active", tone: "good", meaning: "Its directory is there and can be worked in." },
  archived: {
    word: "archived",
    tone: "neutral",
    meaning: "Nobody works in it. Its directory stays until it is cleaned up; its work is in the rescue.",
  },
  removing: { word: "being removed", tone: "busy", meaning: "It is put into the rescue and then removed." },
  removed: { word: "removed", tone: "neutral", meaning: "Its directory and branch are gone." },
  lost: {
    word: "lost",
    tone: "danger",
    meaning: "Its directory is not where it was, and it was not Holdfast that removed it.",
  },
};

/** The kinds of risk, as titles. */
export const RISK_WORDS: Record<RiskKind, string> = {
  liveTurn: "A turn works there",
  liveProcess: "Programs run there",
  uncommitted: "Edits that are not committed",
  untracked: "Files that git does not know yet",
  ignored: "Files that git ignores",
  unpushed: "Commits that are on no other branch",
  detached: "Commits that are on no branch",
  inProgress: "A merge or rebase is under way",
  submodule: "Edits in submodules",
  nestedRepository: "A repository inside it",
  unlisted: "Files that git does not list",
  unsaved: "What cannot be kept",
  unappliedChanges: "Changes that were not applied",
  locked: "It is locked",
  missing: "Its directory is not there",
  moved: "Its directory is somewhere else",
  foreign: "Something there is not from Holdfast",
  unknown: "Git could not answer",
};

export const PRUNE_WORDS: Record<PruneReport["items"][number]["action"], { did: string; would: string }> = {
  removed: { did: "removed", would: "would be removed" },
  rescued: { did: "rescued and left there", would: "would be rescued and left there" },
  kept: { did: "kept", would: "would be kept" },
  unknown: { did: "not ours, left alone", would: "not ours, would be left alone" },
};

/** What can be made of a worktree whose directory is gone. */
export function waysBack({ state, rescue }: Pick<Worktree, "state" | "rescue">): ("rescue" | "base")[] {
  if (state !== "removed" && state !== "lost") return [];
  return rescue === undefined ? ["base"] : ["rescue", "base"];
}

const MB = 1_000_000;

/** A size as people read it: `0.4 MB`, `12 MB`, `1.3 GB`. */
export function sizeOf(bytes: number): string {
  const mb = bytes / MB;
  if (mb < 10) return `${mb.toFixed(1)} MB`;
  return mb < 1_000 ? `${Math.round(mb)} MB` : `${(mb / 1_000).toFixed(1)} GB`;
}

/** How long something is kept yet, in days. */
export function daysLeft(expires: number, now: number): string {
  if (expires <= now) return "is over";
  const days = Math.round((expires - now) / 86_400_000);
  return days <= 1 ? "kept for one more day" : `kept for ${days} more days`;
}
