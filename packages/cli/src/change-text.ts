/** Pending changes as text: one row each, and their patches with what chooses a part of them. */
import type { Change, ChangeConflict, Hunk, Tracking, Workspace } from "@holdfast/protocol";
import { exactLine, oneLine, type Output, visibleLines } from "./output.ts";

/** Paths of what was not captured that are named. */
const MAX_NAMED = 5;

export function changeRow(change: Change): string[] {
  if (change.kind === "branchMoved")
    return [change.id, change.kind, "", agentsOf(change), branchText(change)];
  const size = change.binary ? "binary" : `+${change.additions} -${change.deletions}`;
  const notes = notesOf(change);
  const what = notes === "" ? shownPath(change) : `${shownPath(change)}  (${notes})`;
  return [change.id, change.kind, size, agentsOf(change), what];
}

/** Everybody who had a part in it, the newest first. */
export function agentsOf(change: Change): string {
  const agents = change.contributions.map(({ agent }) => agent);
  return [...new Set([change.agent, ...agents])].join(", ");
}

function shownPath({ path, oldPath }: Change): string {
  const shown = exactLine(path);
  return oldPath === undefined ? shown : `${exactLine(oldPath)} -> ${shown}`;
}

/** The files that came and went with the branch are nobody's work; this row is all there is of them (W-5). */
function branchText({ before, after }: Change): string {
  const short = (version: { blob: string } | undefined) => version?.blob.slice(0, 10) ?? "nothing";
  return `${short(before)} -> ${short(after)}`;
}

function notesOf(change: Change): string {
  return [
    ...(change.state === "pending" ? [] : [change.state]),
    ...(change.staged ? ["still being worked on"] : []),
    ...(change.reviewed === change.revision ? ["reviewed"] : []),
  ].join(", ");
}

/** What taking over means there (W-7). */
export function explain({ kind, directory }: Workspace, items: readonly Change[]): string {
  const count = items.filter((change) => change.kind !== "branchMoved").length;
  if (count === 0) return "No pending changes.";
  const changes = count === 1 ? "1 pending change" : `${count} pending changes`;
  return kind === "worktree"
    ? `${changes} in the worktree ${directory}: apply merges them into the project's directory.`
    : `${changes} in ${directory} itself: accept keeps them as they are, reject writes the text before them back.`;
}

/** What the list cannot know, for people. */
export function trackingNotes(tracking: Tracking): string[] {
  const unwatched = (tracking.unwatched ?? []).map(
    ({ turnId, reason }) =>
      `${turnId} was not watched; what it changed is listed as unknown: ${oneLine(reason)}`,
  );
  if (tracking.state === "off")
    return [`Changes are not tracked here: ${tracking.reason ?? "no reason is known."}`, ...unwatched];
  if (tracking.uncapturedCount === 0) return unwatched;
  const named = tracking.uncaptured
    .slice(0, MAX_NAMED)
    .map(({ path, reason }) => `${exactLine(path)} (${reason})`);
  const rest = tracking.uncapturedCount - named.length;
  return [`Not captured: ${[...named, ...(rest > 0 ? [`${rest} more`] : [])].join(", ")}.`, ...unwatched];
}

/** A patch behind comment lines that name the change and its hunks; `git apply` and `patch` read over those. */
export function writePatch(output: Output, change: Change): void {
  output.write(`# ${change.id} ${agentsOf(change)}\n`);
  for (const hunk of change.hunks) output.write(`# ${hunkLine(hunk)}\n`);
  const patch = change.patch ?? "";
  if (patch === "") output.write(`# ${change.binary ? "binary, " : ""}no text to show\n`);
  // Colours are our own control characters: the file's go before they come.
  else if (output.out.isColorSupported) output.line(coloured(output, visibleLines(patch).trimEnd()));
  else output.exact(patch.endsWith("\n") ? patch : `${patch}\n`);
}

function hunkLine(hunk: Hunk): string {
  const agents = hunk.origins.map(({ agent }) => agent).join(", ");
  return `hunk ${hunk.id} -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} ${agents}`;
}

function coloured({ out }: Output, patch: string): string {
  if (!out.isColorSupported) return patch;
  return patch
    .split("\n")
    .map((line) => {
      if (line.startsWith("@@")) return out.cyan(line);
      if (line.startsWith("+")) return out.green(line);
      return line.startsWith("-") ? out.red(line) : line;
    })
    .join("\n");
}

/** One line for each path that a merge could not decide. */
export function conflictLine({ path, reason, base, ours, theirs }: ChangeConflict): string {
  const short = (version: { blob: string } | undefined) => version?.blob.slice(0, 10) ?? "none";
  return `  ${exactLine(path)}: ${oneLine(reason, 120)} (base ${short(base)}, checkout ${short(ours)}, change ${short(theirs)})`;
}
