import { z } from "zod";
import { actorSchema, countSchema, timeSchema } from "./common.ts";
import { projectIdSchema, sessionIdSchema, turnIdSchema, workspaceIdSchema, worktreeIdSchema } from "./id.ts";

/** Largest number of paths that a report or a manifest names; the rest is a count (W-3, W-10). */
export const MAX_NAMED_PATHS = 200;

export const worktreeStateSchema = z.enum(["creating", "active", "archived", "removing", "removed", "lost"]);
export type WorktreeState = z.infer<typeof worktreeStateSchema>;

/** Where the work of a worktree was put before it went away (W-11). */
export const rescueSchema = z.object({
  ref: z.string(),
  commit: z.string(),
  /** Set when HEAD was on no branch: a ref of its own keeps that commit. */
  headRef: z.string().optional(),
  /** Files and directories that git cannot hold and that are kept beside the tree. */
  besides: countSchema.optional(),
  expires: timeSchema,
});
export type Rescue = z.infer<typeof rescueSchema>;

/** One git worktree that Holdfast made (W-1). It outlives its sessions; `path` is its top, which is not always where sessions work. */
export const worktreeSchema = z
  .object({
    id: worktreeIdSchema,
    projectId: projectIdSchema,
    workspaceId: workspaceIdSchema,
    path: z.string(),
    branch: z.string(),
    baseCommit: z.string(),
    baseTree: z.string(),
    /** Real path of the repository's common git directory. */
    repository: z.string(),
    state: worktreeStateSchema,
    owner: actorSchema,
    rescue: rescueSchema.optional(),
    /** Bytes on disk as last measured. */
    size: countSchema.optional(),
    /** Why it is in its state, where that needs words: a failed setup, a missing directory. */
    note: z.string().optional(),
    time: z.object({
      created: timeSchema,
      updated: timeSchema,
      archived: timeSchema.optional(),
      removed: timeSchema.optional(),
    }),
  })
  .meta({ id: "Worktree" });
export type Worktree = z.infer<typeof worktreeSchema>;

/** What would be lost, or cannot be told (W-10). `unknown`: git could not answer, which counts as risk. */
export const RISK_KINDS = [
  "liveTurn",
  "liveProcess",
  "uncommitted",
  "untracked",
  "ignored",
  "unpushed",
  "detached",
  "inProgress",
  "submodule",
  "nestedRepository",
  /** What git does not list, and a rescue takes beside its tree. */
  "unlisted",
  /** What no rescue can take: special files, what cannot be read, what is beyond its limits. */
  "unsaved",
  "unappliedChanges",
  "locked",
  "missing",
  "moved",
  "foreign",
  "unknown",
] as const;
export const riskKindSchema = z.enum(RISK_KINDS);
export type RiskKind = z.infer<typeof riskKindSchema>;

/** `rescued`: the rescue ref will hold it; else it is gone after a deletion. */
export const riskSchema = z.object({
  kind: riskKindSchema,
  message: z.string(),
  count: countSchema.optional(),
  /** At most `MAX_NAMED_PATHS`. */
  paths: z.array(z.string()).optional(),
  rescued: z.boolean(),
});
export type Risk = z.infer<typeof riskSchema>;

/** The answer before any deletion. `safe`: nothing would be lost, and no question was left open. */
export const riskReportSchema = z
  .object({
    target: z.object({ kind: z.enum(["session", "workspace", "worktree"]), id: z.string() }),
    safe: z.boolean(),
    risks: z.array(riskSchema),
    worktreeId: worktreeIdSchema.optional(),
    time: timeSchema,
  })
  .meta({ id: "RiskReport" });
export type RiskReport = z.infer<typeof riskReportSchema>;

/** What a pass of the reaper did, or with `dryRun` would do (W-12). */
export const pruneReportSchema = z
  .object({
    dryRun: z.boolean(),
    items: z.array(
      z.object({
        path: z.string(),
        worktreeId: worktreeIdSchema.optional(),
        action: z.enum(["removed", "rescued", "kept", "unknown"]),
        reason: z.string(),
      }),
    ),
  })
  .meta({ id: "PruneReport" });
export type PruneReport = z.infer<typeof pruneReportSchema>;

const command = z.array(z.string().min(1).max(4_096)).min(1).max(64);

/** How worktrees of a project are made (W-2, W-11). Set by the owner through the API, never by a file of the repository: a clone must not run programs. */
export const worktreeSettingsSchema = z
  .strictObject({
    /** Ignored files to copy into a new worktree: paths or globs relative to the repository's top. */
    copy: z.array(z.string().min(1).max(1_024)).max(64).optional(),
    /** Program and arguments run in a new worktree, without a shell. */
    setup: command.optional(),
    /** The same before a worktree is removed. */
    teardown: command.optional(),
    /** Whether the repository's hooks run when a worktree is made; default false. */
    hooks: z.boolean().optional(),
    /** Whether turns in the project and its worktrees take snapshots of the files (W-3); default true. */
    snapshots: z.boolean().optional(),
  })
  .meta({ id: "WorktreeSettings" });
export type WorktreeSettings = z.infer<typeof worktreeSettingsSchema>;

/** How long setup and teardown commands may take, in ms (W-2, W-11). */
export const SETUP_MS = 600_000;
export const TEARDOWN_MS = 60_000;

/** What a snapshot could not hold, and why (W-3). */
export const uncapturedSchema = z.object({
  path: z.string(),
  reason: z.enum([
    "ignored",
    "nestedRepository",
    "submodule",
    "filter",
    "tooLarge",
    "excluded",
    "unreadable",
    /** git refuses the name, or takes it for its own. */
    "name",
    /** A pipe, a socket or a device. */
    "special",
    /** git does not list it. */
    "unlisted",
  ]),
});
export type Uncaptured = z.infer<typeof uncapturedSchema>;

/** Turns without snapshots that are named, the newest last. */
export const MAX_UNWATCHED = 20;
/** How long they are named, in ms: 7 days, as long as snapshots that nobody needs are kept (W-3). */
export const UNWATCHED_MS = 7 * 24 * 3_600_000;

/** A turn that was not watched, or not to its end, and why: what it changed is listed as `unknown` (W-3, W-5). */
export const unwatchedSchema = z.object({
  turnId: turnIdSchema,
  sessionId: sessionIdSchema,
  reason: z.string(),
  time: timeSchema,
});
export type UnwatchedTurn = z.infer<typeof unwatchedSchema>;

/** Whether turns in a workspace take snapshots, and what the newest one left out (W-3). */
export const trackingSchema = z
  .object({
    state: z.enum(["on", "off"]),
    /** Why it is off: limits, a home directory, a repository that git refuses. */
    reason: z.string().optional(),
    uncaptured: z.array(uncapturedSchema).max(MAX_NAMED_PATHS),
    uncapturedCount: countSchema,
    /** The tree that pending changes are measured against, and the newest one. Absent before the first turn. */
    baseline: z.string().optional(),
    newest: z.string().optional(),
    /** The newest snapshot's commit, and the commit that HEAD named then, when there was one. */
    commit: z.string().optional(),
    head: z.string().optional(),
    /** Turns with a snapshot before and none after them yet: what differs since may be theirs. */
    working: z.array(turnIdSchema).optional(),
    /** git's directory that keeps its snapshots. Absent before the first one. */
    repository: z.string().optional(),
    unwatched: z.array(unwatchedSchema).max(MAX_UNWATCHED).optional(),
  })
  .meta({ id: "Tracking" });
export type Tracking = z.infer<typeof trackingSchema>;

export const worktreeListSchema = z.object({ items: z.array(worktreeSchema) }).meta({ id: "WorktreeList" });
export const restoreWorktreeSchema = z
  .strictObject({ from: z.enum(["rescue", "base"]) })
  .meta({ id: "RestoreWorktree" });
export type RestoreWorktree = z.infer<typeof restoreWorktreeSchema>;

export const pruneWorktreesSchema = z
  .strictObject({ dryRun: z.boolean().optional() })
  .meta({ id: "PruneWorktrees" });
