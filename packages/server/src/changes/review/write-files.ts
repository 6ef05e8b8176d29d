/**
 * Brings the files of a plan from old to new, or back. Every file is looked at right before it is written and right after: what is neither old nor new is
 * somebody else's, and is not touched (W-8).
 *
 *   old ──write──► new        old ◄──write── new        neither: FilesMoved
 */
import type { FileVersion } from "@holdfast/protocol";
import { type Found, type PlannedFile, sameVersion } from "./plan.ts";

/** The files of one checkout. `write` is durable when it resolves, and never goes through a symbolic link. */
export type Checkout = {
  read(key: string): Promise<Found | undefined>;
  write(key: string, version: FileVersion | undefined, raw: string | undefined): Promise<void>;
};

export type Standing = "old" | "new" | "neither";

/** Some files are neither what they were nor what they were to become. */
export class FilesMoved extends Error {
  readonly keys: readonly string[];

  constructor(keys: readonly string[]) {
    super(`${keys.length} files changed under an act of review`);
    this.name = "FilesMoved";
    this.keys = keys;
  }
}

/** Where a file stands between old and new. A known form on the disk must be met to the byte, else what git would store decides. */
export function standingOf(file: PlannedFile, found: Found | undefined): Standing {
  if (matches(file.old, found)) return "old";
  if (matches(file.new, found)) return "new";
  return "neither";
}

function matches(wanted: PlannedFile["old"] | PlannedFile["new"], found: Found | undefined): boolean {
  if (wanted === null || found === undefined) return wanted === null && found === undefined;
  return sameVersion(wanted.version, found.version) && (wanted.raw === undefined || wanted.raw === found.raw);
}

/** Where every file stands, by key. */
export async function standings(
  checkout: Checkout,
  files: readonly PlannedFile[],
): Promise<Map<string, Standing>> {
  const all = new Map<string, Standing>();
  for (const file of files) all.set(file.key, standingOf(file, await checkout.read(file.key)));
  return all;
}

/** Files go away before others come, deepest first, so that a file may take the place of a directory and the other way round. */
export function inOrder(files: readonly PlannedFile[]): PlannedFile[] {
  const rank = (file: PlannedFile): number => (file.new === null ? 0 : 1);
  return [...files].sort(
    (one, other) =>
      rank(one) - rank(other) ||
      (rank(one) === 0 ? compare(other.key, one.key) : compare(one.key, other.key)),
  );
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** What an act has done to the files so far. */
export type Progress = {
  /** Keys that this process has written. */
  written: Set<string>;
  /** The blob of the bytes on the disk of every file that is new now. */
  raws: Map<string, string>;
};

/** Writes what is still old, one by one, and notes it in `progress`. Rejects FilesMoved at the first file that is neither. `passed` runs after each file. */
export async function forward(
  checkout: Checkout,
  files: readonly PlannedFile[],
  progress: Progress,
  passed: () => void,
): Promise<void> {
  for (const file of files) {
    const standing = standingOf(file, await checkout.read(file.key));
    if (standing === "neither") throw new FilesMoved([file.key]);
    if (standing === "old") {
      progress.written.add(file.key);
      await checkout.write(file.key, file.new?.version, file.new?.raw);
    }
    const found = await checkout.read(file.key);
    if (!matches(file.new, found)) throw new FilesMoved([file.key]);
    if (found !== undefined) progress.raws.set(file.key, found.raw);
    passed();
  }
}

/** Puts back what is new, in the opposite order; what is old stays. Answers the keys that are neither, which it leaves alone. */
export async function backward(checkout: Checkout, files: readonly PlannedFile[]): Promise<string[]> {
  const moved: string[] = [];
  for (const file of [...files].reverse()) {
    const standing = standingOf(file, await checkout.read(file.key));
    if (standing === "neither") moved.push(file.key);
    if (standing !== "new") continue;
    await checkout.write(file.key, file.old?.version, file.old?.raw);
    if (!matches(file.old, await checkout.read(file.key))) moved.push(file.key);
  }
  return moved;
}
