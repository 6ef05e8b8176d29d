import { newId } from "@holdfast/kernel";
import type { SnapshotMark } from "../../store/index.ts";
import { contributors } from "./left-rows.ts";
import type { Former } from "./plan.ts";
import type { Chosen } from "./selection.ts";

/** Tells the sessions whose work an act takes out of the files, or puts back there, which tree these are now. */
export function marksOf(decided: readonly Chosen[], snapshot: string, now: number): SnapshotMark[] {
  const sessions = new Set(decided.flatMap(contributors));
  return [...sessions].map((sessionId) => ({ sessionId, partId: newId("prt", now), snapshot }));
}

/** What was decided, as the plan of the act keeps it. */
export const chosenBefore = (former: readonly Former[]): Chosen[] =>
  former.map(({ row, hunks }) => ({ change: row, hunks: hunks === "all" ? hunks : new Set(hunks) }));
