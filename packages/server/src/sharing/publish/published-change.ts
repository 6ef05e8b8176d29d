/** A pending change as it is published: of its text only what the shared session contributed, unless the owner ticked the rest (S-34). */
import type { Change, ChangeKind, Hunk, OperationPayload, SessionId } from "@holdfast/protocol";
import { present } from "./present.ts";
import type { Tell } from "./telling.ts";
import { visiblePatch } from "./visible-patch.ts";

/** Most characters of a patch that is shown. */
const MOST_PATCH = 256 * 1024;

export type ChangeContext = { sessionId: SessionId; includesOthers: boolean; tell: Tell };

/** Undefined for a change to which the session contributed nothing. */
export function publishedChange(
  change: Change,
  { sessionId, includesOthers, tell }: ChangeContext,
): OperationPayload<"change.updated"> | undefined {
  const own = change.contributions.filter((contribution) => contribution.sessionId === sessionId);
  if (own.length === 0 && !includesOthers) return undefined;
  const isWhole = includesOthers || own.length === change.contributions.length;
  const hunks = includesOthers ? change.hunks : change.hunks.filter((hunk) => isOf(hunk, sessionId));
  const shown = includesOthers || hunks.length === change.hunks.length;
  const patch = patchOf(change, hunks, isWhole && shown);
  const told = patch === undefined ? undefined : tell(patch.text);
  const isCut = !shown || patch?.isCut === true || change.patchTruncated === true;
  const newest = own.toSorted((one, other) => other.time - one.time)[0];
  return {
    change: {
      ...present({
        id: change.id,
        path: tell(change.path),
        oldPath: change.oldPath === undefined ? undefined : tell(change.oldPath),
        kind: change.kind,
        state: change.state,
        agent: includesOthers ? change.agent : (newest?.agent ?? change.agent),
        hunks: hunks.map(publishedHunk),
        binary: change.binary,
        ...linesOf(change, hunks, shown),
        time: { created: change.time.created, updated: change.time.updated },
      }),
      ...present({ patch: told, cut: isCut ? true : undefined }),
    },
  };
}

/** Whether nobody else wrote in it. */
const isOf = ({ origins }: Hunk, sessionId: SessionId): boolean =>
  origins.every((origin) => origin.sessionId === sessionId);

/** Without sessions and turns; its id is a hash of what is in the file, so readers get its place instead. */
const publishedHunk = ({ oldStart, oldLines, newStart, newLines, origins }: Hunk) => ({
  id: `${oldStart}+${oldLines}:${newStart}+${newLines}`,
  oldStart,
  oldLines,
  newStart,
  newLines,
  agents: [...new Set(origins.map(({ agent }) => agent))],
});

function linesOf({ additions, deletions }: Change, hunks: readonly Hunk[], isWhole: boolean) {
  if (isWhole) return { additions, deletions };
  return {
    additions: hunks.reduce((sum, { newLines }) => sum + newLines, 0),
    deletions: hunks.reduce((sum, { oldLines }) => sum + oldLines, 0),
  };
}

/** Changes of which the text is no text of lines. */
const WITHOUT_TEXT: readonly ChangeKind[] = ["branchMoved"];

function patchOf(
  change: Change,
  hunks: readonly Hunk[],
  isWhole: boolean,
): { text: string; isCut: boolean } | undefined {
  const { patch, binary, kind } = change;
  if (patch === undefined || binary || WITHOUT_TEXT.includes(kind)) return undefined;
  const text = headOf(change) + visiblePatch(patch, isWhole ? undefined : hunks);
  if (text.length <= MOST_PATCH) return { text, isCut: false };
  return { text: text.slice(0, text.lastIndexOf("\n", MOST_PATCH) + 1), isCut: true };
}

/** Names the two sides as git does, without their blobs. */
function headOf({ path, oldPath = path, kind }: Change): string {
  const before = kind === "added" ? "/dev/null" : `a/${oldPath}`;
  const after = kind === "deleted" ? "/dev/null" : `b/${path}`;
  return `diff --git a/${oldPath} b/${path}\n--- ${before}\n+++ ${after}\n`;
}
