/** Decides for every path that differs from the index whether and how it goes into a snapshot. */
import { constants } from "node:fs";
import { access, lstat, unlink } from "node:fs/promises";
import type { FileVersion } from "@holdfast/protocol";
import { bytesOf, keyOf, type Checkout, type TreeEdit, UNFINISHED } from "../git/index.ts";
import { inChunks } from "./in-chunks.ts";
import type { LeftOut } from "./left-out.ts";
import { type SnapshotLimits, SnapshotRefused } from "./snapshot.ts";
import type { Modified, Status } from "./status.ts";

/** A write that was cut short is older than this, in ms; younger ones may still run. */
const UNFINISHED_MS = 600_000;

/** Names are from the top of the checkout. */
export type Candidates = {
  /** Files to read. */
  add: string[];
  /** Entries to write as they are, or take out. */
  edits: TreeEdit[];
};

export type Survey = {
  checkout: Checkout;
  status: Status;
  leftOut: LeftOut;
  /** Names from the top that are the program's own, with a slash at the end. */
  own: readonly string[];
  limits: SnapshotLimits;
  now: number;
};

/** Rejects SnapshotRefused beyond the limits of W-3. */
export async function chooseCandidates(survey: Survey): Promise<Candidates> {
  const { status, leftOut, own, checkout, limits } = survey;
  const keyOfName = (name: string) => name.slice(keyOf(checkout.prefix).length);
  const chosen: Candidates = { add: [], edits: [] };
  let bytes = 0;
  const isOwn = (name: string) =>
    own.some((directory) => name.startsWith(directory) || directory === `${name}/`);
  const paths: Modified[] = [
    ...status.modified,
    ...status.untracked.map((name) => ({ name, isSubmodule: false, isGone: false, isDirty: false })),
  ];
  const tracked = new Set(status.modified.map(({ name }) => name));
  for (const directory of own) {
    if (paths.some(({ name }) => isOwn(name))) leftOut.add(keyOfName(directory), "excluded");
  }
  await inChunks(paths, async (path) => {
    const { name } = path;
    if (isOwn(name)) return;
    const size = await choose(survey, path, tracked.has(name), chosen, (reason) =>
      leftOut.add(keyOfName(name), reason),
    );
    bytes += size;
  });
  if (chosen.add.length > limits.files) throw tooMany(limits);
  if (bytes > limits.bytes)
    throw new SnapshotRefused(`More than ${limits.bytes / 1024 ** 3} GiB of changed or untracked files.`);
  return chosen;
}

/** Answers the bytes that are to be read. */
async function choose(
  { checkout, limits, now }: Survey,
  { name, isSubmodule, isGone, isDirty, unmerged }: Modified,
  isTracked: boolean,
  chosen: Candidates,
  leaveOut: (reason: Parameters<LeftOut["add"]>[1]) => void,
): Promise<number> {
  const stay = (): number => {
    // An unmerged entry can be in no tree: the side that the checkout started from stands for it.
    if (unmerged !== undefined)
      chosen.edits.push({ key: name, version: unmerged satisfies FileVersion | null });
    return 0;
  };
  if (name.endsWith("/")) {
    leaveOut("nestedRepository");
    return 0;
  }
  if (isDirty) leaveOut("submodule");
  const path = Buffer.concat([Buffer.from(`${checkout.workTree}/`), bytesOf(name)]);
  const stats = isGone ? undefined : await lstat(path).catch(() => undefined);
  if (stats === undefined || (stats.isDirectory() && !isSubmodule)) {
    if (isTracked) chosen.edits.push({ key: name, version: null });
    return 0;
  }
  if (UNFINISHED.test(name)) {
    if (now - stats.mtimeMs > UNFINISHED_MS) await unlink(path).catch(() => undefined);
    return 0;
  }
  if (stats.isFile() && stats.size > limits.fileBytes) {
    leaveOut("tooLarge");
    return stay();
  }
  const isStorable = stats.isFile() || stats.isSymbolicLink() || stats.isDirectory();
  if (!isStorable || (stats.isFile() && !(await isReadable(path)))) {
    leaveOut(isStorable ? "unreadable" : "special");
    return stay();
  }
  chosen.add.push(name);
  return stats.isFile() ? stats.size : 0;
}

async function isReadable(path: Buffer): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

function tooMany({ files }: SnapshotLimits): SnapshotRefused {
  return new SnapshotRefused(`More than ${files.toLocaleString("en")} changed or untracked files.`);
}
