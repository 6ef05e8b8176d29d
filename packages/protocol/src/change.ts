import { z } from "zod";
import { agentIdSchema, countSchema, timeSchema } from "./common.ts";
import { changeIdSchema, operationIdSchema, sessionIdSchema, turnIdSchema, workspaceIdSchema } from "./id.ts";
import { trackingSchema } from "./worktree.ts";

/** Whose an edit between two snapshots is (W-4, W-5): an agent id, or `user`, `unknown` or `shared`. */
export const stampSchema = z.string().min(1).max(64);

/** Where a changed region comes from: one turn's agent, or nobody's turn. */
export const originSchema = z.object({
  agent: stampSchema,
  turnId: turnIdSchema.optional(),
  sessionId: sessionIdSchema.optional(),
});
export type Origin = z.infer<typeof originSchema>;

/** A region that differs between baseline and newest snapshot, without context lines; lines count from 1, a length of 0 means between lines. */
export const hunkSchema = z.object({
  /** Hash of path, baseline blob, result blob, old and new range (W-6). */
  id: z.string(),
  oldStart: countSchema,
  oldLines: countSchema,
  newStart: countSchema,
  newLines: countSchema,
  /** Newest first; more than one where their edits touch each other. */
  origins: z.array(originSchema).min(1),
});
export type Hunk = z.infer<typeof hunkSchema>;

/** The hunk that a line of one side is in; `undefined` for a line that did not change. */
export function hunkAt(
  hunks: readonly Hunk[],
  { side, line }: { side: "old" | "new"; line: number },
): Hunk | undefined {
  return hunks.find(({ oldStart, oldLines, newStart, newLines }) => {
    const [start, lines] = side === "old" ? [oldStart, oldLines] : [newStart, newLines];
    return start <= line && line < start + lines;
  });
}

/** What one turn, or the time between two, did to a path (W-4). */
export const contributionSchema = z.object({
  agent: stampSchema,
  sessionId: sessionIdSchema.optional(),
  turnId: turnIdSchema.optional(),
  /** Commits of the snapshots. */
  before: z.string(),
  after: z.string(),
  /** Ids of the change's hunks that it accounts for, wholly or in part. */
  hunks: z.array(z.string()),
  time: timeSchema,
});
export type Contribution = z.infer<typeof contributionSchema>;

export const changeKindSchema = z.enum(["added", "modified", "deleted", "renamed", "mode", "branchMoved"]);
export type ChangeKind = z.infer<typeof changeKindSchema>;

/** A file's content as git names it: blob id and mode (100644, 100755, 120000, 160000). */
export const fileVersionSchema = z.object({ blob: z.string(), mode: z.string() });
export type FileVersion = z.infer<typeof fileVersionSchema>;

/**
 * A pending change (W-4): what one path of a workspace differs from its baseline. `patch` is in lists and single answers, not in events;
 * `patchTruncated` when it is longer than `MAX_PATCH_BYTES` and must be read alone.
 */
export const changeSchema = z
  .object({
    id: changeIdSchema,
    workspaceId: workspaceIdSchema,
    /** Relative to the top of what is watched, with forward slashes. Bytes that are not UTF-8 are shown as U+FFFD. */
    path: z.string(),
    oldPath: z.string().optional(),
    kind: changeKindSchema,
    /** What taking it over means here (W-7). */
    action: z.enum(["apply", "accept"]),
    revision: countSchema,
    state: z.enum(["pending", "applied", "rejected", "conflict"]),
    /** The newest contributor. */
    agent: stampSchema,
    sessionId: sessionIdSchema.optional(),
    turnId: turnIdSchema.optional(),
    contributions: z.array(contributionSchema),
    hunks: z.array(hunkSchema),
    before: fileVersionSchema.optional(),
    after: fileVersionSchema.optional(),
    binary: z.boolean(),
    additions: countSchema,
    deletions: countSchema,
    /** The revision that somebody marked as reviewed. */
    reviewed: countSchema.optional(),
    /** Whether a turn works in the workspace now, so that the file may still change. The turn's end ends it, without an event of the change. */
    staged: z.boolean(),
    patch: z.string().optional(),
    patchTruncated: z.boolean().optional(),
    time: z.object({ created: timeSchema, updated: timeSchema }),
  })
  .meta({ id: "Change" });
export type Change = z.infer<typeof changeSchema>;

/** Most bytes of one patch in a list, and of all patches of one list. */
export const MAX_PATCH_BYTES = 256 * 1024;
export const MAX_LIST_PATCH_BYTES = 4 * 1024 * 1024;
/** Hunks of one change that are named; a file with more is taken or rejected whole. */
export const MAX_HUNKS = 2_000;

export const changeListSchema = z
  .object({ items: z.array(changeSchema), tracking: trackingSchema })
  .meta({ id: "ChangeList" });
export type ChangeList = z.infer<typeof changeListSchema>;

const selection = z.strictObject({
  id: changeIdSchema,
  revision: countSchema,
  hunks: z.array(z.string().min(1).max(64)).min(1).max(MAX_HUNKS).optional(),
});

const selectionFields = {
  changes: z.array(selection).min(1).max(10_000).optional(),
  /** At their current revision. */
  changeIds: z.array(changeIdSchema).min(1).max(10_000).optional(),
};

/** Exactly one of `changes` and `changeIds` (W-6). */
export const applyChangesSchema = z
  .strictObject({
    ...selectionFields,
    /** Goes on although HEAD no longer contains the base (W-8). */
    onto: z.literal("current").optional(),
  })
  .refine(hasOneSelection, "Name either changes or changeIds.")
  .meta({ id: "ApplyChanges" });
export type ApplyChanges = z.infer<typeof applyChangesSchema>;

export const rejectChangesSchema = z
  .strictObject(selectionFields)
  .refine(hasOneSelection, "Name either changes or changeIds.")
  .meta({ id: "RejectChanges" });
export type RejectChanges = z.infer<typeof rejectChangesSchema>;

export const reviewChangesSchema = z
  .strictObject({
    changes: z
      .array(z.strictObject({ id: changeIdSchema, revision: countSchema }))
      .min(1)
      .max(10_000),
    reviewed: z.boolean(),
  })
  .meta({ id: "ReviewChanges" });
export type ReviewChanges = z.infer<typeof reviewChangesSchema>;

export const undoChangesSchema = z
  .strictObject({ operationId: operationIdSchema })
  .meta({ id: "UndoChanges" });

/** A remark on a line of a change, which becomes an input of a session (W-6). */
export const commentChangeSchema = z
  .strictObject({
    changeId: changeIdSchema,
    revision: countSchema,
    side: z.enum(["old", "new"]),
    line: z.int().min(1).max(10_000_000),
    text: z.string().min(1).max(65_536),
    /** Default: the session in which the line's hunk was made, else that of the newest contribution. */
    sessionId: sessionIdSchema.optional(),
    /** Default: the agent that made the hunk in that session, else the session's. */
    agent: agentIdSchema.optional(),
  })
  .meta({ id: "CommentChange" });
export type CommentChange = z.infer<typeof commentChangeSchema>;

export const OPERATION_KINDS = ["apply", "accept", "reject", "undo"] as const;

/** One act of review: what it did can be undone exactly, by its id (W-7). */
export const changeOperationSchema = z
  .object({
    operationId: operationIdSchema,
    kind: z.enum(OPERATION_KINDS),
    workspaceId: workspaceIdSchema,
    state: z.enum(["running", "done", "undone", "conflict"]),
    paths: z.array(z.string()),
    undoes: operationIdSchema.optional(),
    time: z.object({ created: timeSchema, ended: timeSchema.optional() }),
  })
  .meta({ id: "ChangeOperation" });
export type ChangeOperation = z.infer<typeof changeOperationSchema>;

export const changeResultSchema = z
  .object({
    operationId: operationIdSchema,
    /** Paths taken over, written back or restored. */
    applied: z.array(z.string()),
    changes: z.array(changeSchema),
  })
  .meta({ id: "ChangeResult" });
export type ChangeResult = z.infer<typeof changeResultSchema>;

/** One path that a merge could not decide, with the blob of each side (W-8); rides in the `conflicts` of a CHANGES_CONFLICT problem. */
export const changeConflictSchema = z.object({
  path: z.string(),
  reason: z.string(),
  base: fileVersionSchema.optional(),
  ours: fileVersionSchema.optional(),
  theirs: fileVersionSchema.optional(),
  /** The texts, when they are texts of at most `MAX_PATCH_BYTES`. `ours` is the checkout, `theirs` the change. */
  texts: z
    .object({ base: z.string().optional(), ours: z.string().optional(), theirs: z.string().optional() })
    .optional(),
});
export type ChangeConflict = z.infer<typeof changeConflictSchema>;

export const operationListSchema = z
  .object({ items: z.array(changeOperationSchema) })
  .meta({ id: "ChangeOperationList" });
export type ChangeOperationList = z.infer<typeof operationListSchema>;

function hasOneSelection(body: { changes?: unknown; changeIds?: unknown }): boolean {
  return (body.changes === undefined) !== (body.changeIds === undefined);
}
