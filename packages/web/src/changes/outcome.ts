/** What came of an act of review, as the page tells it. Pure. */
import { HoldfastApiError } from "@holdfast/client";
import { type ChangeConflict, changeConflictSchema } from "@holdfast/protocol";
import type { Chosen } from "./selection.ts";

/** What was asked for; a refused one can be asked for again, in another way. */
export type Taking = { verb: "take" | "reject"; changes: Chosen; onto?: "current" };

export type Outcome =
  | { kind: "done"; words: string; paths: readonly string[]; operationId: string }
  | { kind: "undone"; paths: readonly string[] }
  | { kind: "commented"; sessionId: string }
  | { kind: "stale" }
  | { kind: "conflict"; conflicts: readonly ChangeConflict[]; asked: Taking | undefined }
  | { kind: "diverged"; asked: Taking }
  | { kind: "busy"; holder: string | undefined; asked: Taking | undefined }
  | { kind: "refused"; message: string };

/** What a refusal means to somebody who asked for `asked`, or for an undo when that is undefined. */
export function refusalOf(error: unknown, asked: Taking | undefined): Outcome {
  if (!(error instanceof HoldfastApiError))
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  const { problem } = error;
  switch (error.code) {
    case "STALE":
      return { kind: "stale" };
    case "CHANGES_CONFLICT":
      return { kind: "conflict", conflicts: conflictsOf(problem), asked };
    case "BASE_DIVERGED":
      return asked === undefined ? { kind: "refused", message: error.message } : { kind: "diverged", asked };
    case "WORKSPACE_BUSY": {
      const holder = problem["holder"];
      return { kind: "busy", holder: typeof holder === "string" ? holder : undefined, asked };
    }
    default:
      return { kind: "refused", message: error.message };
  }
}

function conflictsOf(problem: Readonly<Record<string, unknown>>): ChangeConflict[] {
  const read = changeConflictSchema.array().safeParse(problem["conflicts"]);
  if (read.success && read.data.length > 0) return read.data;
  const paths = Array.isArray(problem["paths"]) ? problem["paths"] : [];
  const reason = typeof problem["detail"] === "string" ? problem["detail"] : "It does not fit.";
  return paths.filter((path) => typeof path === "string").map((path) => ({ path, reason }));
}

/** The same request without the paths that are in the way; undefined when nothing is left of it. */
export function withoutPaths(
  asked: Taking,
  pathOf: (changeId: string) => string | undefined,
  paths: readonly string[],
): Taking | undefined {
  const inTheWay = new Set(paths);
  const changes = asked.changes.filter(({ id }) => !inTheWay.has(pathOf(id) ?? ""));
  return changes.length === 0 || changes.length === asked.changes.length ? undefined : { ...asked, changes };
}
