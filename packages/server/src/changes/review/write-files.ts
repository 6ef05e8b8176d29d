/**
 * Brings the files of a plan from old to new, or back. Every file is looked at right before it is written and right after: what is neither old nor new is
 * somebody else's, and is not touched (W-8).
 *
 *   old ──write──► new        old ◄──write── new        neither: FilesMoved
 */
import { isHoldfastError } from "@holdfast/kernel";
import type { FileVersion } from "@holdfast/protocol";
import { type Found, type PlannedFile, sameVersion } from "./plan.ts";

/** Files that are read together before and after they are written: one look costs some processes of git, whatever its number of files. */
const FILES_AT_ONCE = 64;

/** The files of one checkout. `write` is durable when it resolves, and never goes through a symbolic link. */
export type CheckoutFiles = {
  /** What is there, by key; nothing, a directory or something behind a link has no entry. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Found>>;
  /** Tells whether a file is still the one that was there, without reading it. */
  identity(key: string): Promise<string>;
  /** `raw` is the blob of the exact bytes, when they are known. */
  write(key: string, version: FileVersion | undefined, raw: string | undefined): Promise<void>;
};

export type Standing = "old" | "new" | "neither";

/** Some files are neither what they were nor what they were to become. */
export class FilesMoved extends Error {
  readonly keys: readonly string[];
  readonly reason: string;

  constructor(keys: readonly string[], reason = "The file changed in the meantime.") {
    super(`${keys.length} files changed under an act of review`);
    this.name = "FilesMoved";
    this.keys = keys;
    this.reason = reason;
  }
}

/** Where a file stands between old and new. A known form on the disk must be met to the byte, else what git would store decides. */
export function stateOf(file: PlannedFile, found: Found | undefined): Standing {
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
  checkout: Pick<CheckoutFiles, "read">,
  files: readonly PlannedFile[],
): Promise<Map<string, Standing>> {
  const found = await checkout.read(files.map(({ key }) => key));
  return new Map(files.map((file) => [file.key, stateOf(file, found.get(file.key))]));
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

/**
 * Writes what is still old, and notes it in `progress`. Rejects FilesMoved when a file is neither, or cannot be written as the directory is now. `passed` runs
 * after each file.
 */
export async function forward(
  checkout: CheckoutFiles,
  files: readonly PlannedFile[],
  progress: Progress,
  passed: () => void,
): Promise<void> {
  for (const group of groupsOf(files)) {
    const seen = await look(checkout, group);
    for (const file of group) {
      if (seen.standings.get(file.key) === "neither") throw new FilesMoved([file.key]);
      if (seen.standings.get(file.key) === "old") {
        if ((await checkout.identity(file.key)) !== seen.identities.get(file.key))
          throw new FilesMoved([file.key]);
        progress.written.add(file.key);
        await put(checkout, file.key, file.new?.version, file.new?.raw);
      }
      passed();
    }
    const found = await checkout.read(group.map(({ key }) => key));
    const moved = group.filter((file) => !matches(file.new, found.get(file.key)));
    if (moved.length > 0) throw new FilesMoved(moved.map(({ key }) => key));
    for (const [key, { raw }] of found) progress.raws.set(key, raw);
  }
}

/** Puts back what is new, in the opposite order; what is old stays. Answers the keys that are neither, which it leaves alone. */
export async function backward(checkout: CheckoutFiles, files: readonly PlannedFile[]): Promise<string[]> {
  const moved: string[] = [];
  for (const group of groupsOf([...files].reverse())) {
    const seen = await look(checkout, group);
    const written: PlannedFile[] = [];
    for (const file of group) {
      const standing = seen.standings.get(file.key);
      if (standing === "old") continue;
      const isSame = (await checkout.identity(file.key)) === seen.identities.get(file.key);
      if (standing === "neither" || !isSame) {
        moved.push(file.key);
        continue;
      }
      await checkout.write(file.key, file.old?.version, file.old?.raw);
      written.push(file);
    }
    const found = await checkout.read(written.map(({ key }) => key));
    moved.push(...written.filter((file) => !matches(file.old, found.get(file.key))).map(({ key }) => key));
  }
  return moved;
}

function* groupsOf(files: readonly PlannedFile[]): Generator<PlannedFile[]> {
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) yield files.slice(at, at + FILES_AT_ONCE);
}

type Look = { identities: Map<string, string>; standings: Map<string, Standing> };

/** The identities are older than what is read, so that a file that changes meanwhile is another one. */
async function look(checkout: CheckoutFiles, files: readonly PlannedFile[]): Promise<Look> {
  const identities = new Map<string, string>();
  for (const { key } of files) identities.set(key, await checkout.identity(key));
  return { identities, standings: await standings(checkout, files) };
}

/** A link or a directory that is in the way now is somebody's change, like any other. */
async function put(
  checkout: CheckoutFiles,
  ...[key, version, raw]: Parameters<CheckoutFiles["write"]>
): Promise<void> {
  try {
    await checkout.write(key, version, raw);
  } catch (error) {
    if (isHoldfastError(error, "PATH_ESCAPES") || isHoldfastError(error, "CONFLICT"))
      throw new FilesMoved([key], error.message);
    throw error;
  }
}
