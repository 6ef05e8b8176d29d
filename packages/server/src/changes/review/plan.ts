/**
 * What an act of review is going to do, written down before anything is touched (W-8, W-9): every file with what it holds now and what it will hold, the trees
 * that move, and the rows that go with them. All that a crash leaves behind can be judged from it alone.
 */
import { HoldfastError } from "@holdfast/kernel";
import {
  changeIdSchema,
  fileVersionSchema,
  type FileVersion,
  type JsonObject,
  operationIdSchema,
  type SessionId,
} from "@holdfast/protocol";
import { z } from "zod";
import type { ChangeWrite, SnapshotMark, StoredChange } from "../../store/index.ts";

/** Most bytes of a plan as JSON (W-8); what is larger has to be done in several acts. */
const MAX_PLAN_BYTES = 32 * 1024 * 1024;

/** A file as it is in a checkout: what git would store, and the blob of the bytes on the disk (W-3). */
const foundSchema = z.object({ version: fileVersionSchema, raw: z.string() });
export type Found = z.infer<typeof foundSchema>;

const plannedFileSchema = z.object({
  key: z.string(),
  old: foundSchema.nullable(),
  /** `raw` is known when bytes are put back that were there before. */
  new: z.object({ version: fileVersionSchema, raw: z.string().optional() }).nullable(),
  /** What trees have on the side where no file is: a sparse checkout leaves it off the disk. */
  hidden: fileVersionSchema.optional(),
});
export type PlannedFile = z.infer<typeof plannedFileSchema>;

const entrySchema = z.object({
  key: z.string(),
  old: fileVersionSchema.nullable(),
  new: fileVersionSchema.nullable(),
});
/** One path of a tree that moves. */
export type Entry = z.infer<typeof entrySchema>;

/** Rows and refs are trusted JSON of this program: they were typed when they were written, and are read by the same version or a later one. */
const trusted = <T>() => z.custom<T>((value) => typeof value === "object" && value !== null);

/** A row as it was before, and which of its hunks were decided. */
export type Former = { row: StoredChange; hunks: "all" | string[] };

const planSchema = z.object({
  /** Where files are written: the top of a checkout. */
  root: z.string(),
  files: z.array(plannedFileSchema),
  /** What moves in the baseline and in the newest tree of the reviewed workspace. */
  baseline: z.array(entrySchema),
  newest: z.array(entrySchema),
  /** Refs to make before the rows move, by name (W-9). */
  refs: z.array(z.object({ ref: z.string(), commit: z.string() })),
  /** Refs of this operation and trees that were left behind: named here, they stay as long as it can be undone (W-3). */
  keeps: z.array(z.string()),
  write: trusted<ReviewWrite>(),
  former: z.array(trusted<Former>()),
  /** Paths, and changes whose rows are part of the answer as far as they are left. */
  applied: z.array(z.string()),
  changeIds: z.array(changeIdSchema),
});
export type Plan = z.infer<typeof planSchema>;

export type ReviewWrite = Omit<ChangeWrite, "actor"> & {
  notes: { sessionId: SessionId; kind: "rejected"; paths: string[] }[];
  /** Absent in plans of before. */
  marks?: SnapshotMark[];
  /** The project directory that was written to, when it is watched as well. */
  others: Omit<ChangeWrite, "actor">[];
};

const undoes = operationIdSchema.optional();
const stepSchema = z.discriminatedUnion("stage", [
  /** Nothing was written. */
  z.object({ stage: z.literal("begun"), undoes }),
  /** Files may have been written, and it goes forward. */
  z.object({ stage: z.literal("planned"), undoes, plan: planSchema }),
  /** It goes back. */
  z.object({ stage: z.literal("undoing"), undoes, plan: planSchema }),
  /** Without a plan nothing was done. `moved`: paths of files that were neither old nor new. */
  z.object({
    stage: z.literal("ended"),
    undoes,
    plan: planSchema.omit({ write: true }).optional(),
    moved: z.array(z.string()).optional(),
  }),
]);
/** What an act of review has stored of itself. */
export type ReviewStep = z.infer<typeof stepSchema>;

/** Reads what an act of review stored. Throws when it is none of this program's. */
export const readStep = (data: JsonObject): ReviewStep => stepSchema.parse(data);

/** A plan whose rows are written, or will never be. */
export type EndedPlan = Omit<Plan, "write">;

/** The plan of an act as far as it got. */
export const storedPlan = (step: ReviewStep): EndedPlan | undefined =>
  step.stage === "begun" ? undefined : step.plan;

/** Throws UNPROCESSABLE when a plan is larger than one act may be. */
export function requirePlanSize(plan: Plan): void {
  if (JSON.stringify(plan).length > MAX_PLAN_BYTES)
    throw new HoldfastError(
      "UNPROCESSABLE",
      "This is too much for one act of review. Choose fewer changes at a time.",
    );
}

/** The plan that undoes another: files and trees go back, and so do rows. */
export function reversed(
  plan: Pick<Plan, "files" | "baseline" | "newest">,
): Pick<Plan, "files" | "baseline" | "newest"> {
  const back = (entries: readonly Entry[]): Entry[] =>
    entries.map(({ key, old, new: next }) => ({ key, old: next, new: old }));
  return {
    files: plan.files
      .map(({ key, old, new: next, hidden }) => ({
        key,
        ...(hidden === undefined ? {} : { hidden }),
        old: next === null ? null : { version: next.version, raw: next.raw ?? next.version.blob },
        new: old,
      }))
      .reverse(),
    baseline: back(plan.baseline),
    newest: back(plan.newest),
  };
}

export const sameVersion = (
  one: FileVersion | null | undefined,
  other: FileVersion | null | undefined,
): boolean =>
  (one ?? undefined)?.blob === (other ?? undefined)?.blob &&
  (one ?? undefined)?.mode === (other ?? undefined)?.mode;

/** What a file's plan means for a tree. */
export const entryOf = ({ key, old, new: next, hidden }: PlannedFile): Entry => ({
  key,
  old: old?.version ?? hidden ?? null,
  new: next?.version ?? hidden ?? null,
});
