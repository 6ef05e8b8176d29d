/**
 * Finds the files whose bytes a checkout would not bring back: what git makes of the stored blob for the disk is not what is on the disk (W-3). Every
 * converted file is compared, once per change of it: a file may be converted on its way into a commit in the middle of a turn, and then no index shows it.
 */
import type { BigIntStats } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import {
  bytesOf,
  type GitPath,
  isGitError,
  keyOf,
  type Checkout,
  PLAIN_INDEX,
  runGit,
  smudged,
  writeRaw,
} from "../git/index.ts";
import { type Conversion, conversionsOf } from "./conversions.ts";
import { inChunks } from "./in-chunks.ts";
import { FILE_BYTES, type RawFile } from "./snapshot.ts";

/** Verdicts that are kept for one root. */
const REMEMBERED = 200_000;
/** A file that changed so shortly before, in ms, may change again without any sign of it. */
const RACY_MS = 3_000;
/** Bytes of blobs that are converted in one run. */
const BATCH_BYTES = 32 * 1024 * 1024;

/** Files that were seen to come back as they are, by everything that could change that. */
export type RawMemory = Set<string>;

type Converted = Conversion & { name: string; blob: string; stats: BigIntStats };

export type RawFound = {
  raw: RawFile[];
  /** Converted files that are too large to be compared. */
  tooLarge: GitPath[];
  /** Files may get other bytes of the same length without git seeing a change. */
  isVeiled: boolean;
};

/** `names`: tracked and captured paths from the top; `skip` says which were left out. Stores the bytes. */
export async function findRawFiles(
  checkout: Checkout,
  indexFile: string,
  names: readonly string[],
  { memory, skip }: { memory: RawMemory; skip: (name: string) => boolean },
): Promise<RawFound> {
  const prefix = keyOf(checkout.prefix);
  const below = names.filter((name) => name.startsWith(prefix));
  const conversions = await conversionsOf(checkout, indexFile, below);
  if (conversions.size === 0) return { raw: [], tooLarge: [], isVeiled: false };
  const blobs = await regularBlobs(checkout, indexFile);
  const unknown: Converted[] = [];
  await inChunks([...conversions], async ([name, conversion]) => {
    const blob = blobs.get(name);
    if (blob === undefined || skip(name)) return;
    const stats = await lstat(pathOf(checkout, name), { bigint: true }).catch(() => undefined);
    if (stats?.isFile() !== true) return;
    const file = { ...conversion, name, blob, stats };
    if (!memory.has(identityOf(file))) unknown.push(file);
  });
  const sizes = await sizesOf(checkout, unknown);
  const same = (file: Converted) => file.onlyShortens && sizes.get(file.blob) === Number(file.stats.size);
  const isLarge = ({ stats }: Converted) => stats.size > FILE_BYTES;
  const doubtful = unknown.filter((file) => !same(file));
  const tooLarge = doubtful.filter(isLarge).map(({ name }) => name.slice(prefix.length));
  const compared = doubtful.filter((file) => !isLarge(file));
  const differing = await compare(checkout, indexFile, { files: compared, sizes });
  remember(
    checkout,
    memory,
    unknown.filter((file) => !differing.has(file.name) && !isLarge(file)),
  );
  const keys = [...differing].map((name) => name.slice(prefix.length)).toSorted();
  const raw = [...(await writeRaw(checkout, keys))].map(([key, blob]) => ({ key, blob }));
  // Line ends that come back as they are have no second form of the same length.
  const isVeiled = raw.length > 0 || [...conversions.values()].some((each) => !each.onlyLineEnds);
  return { raw, tooLarge, isVeiled };
}

/** The names whose files are not what their blob becomes on the disk. */
async function compare(
  checkout: Checkout,
  indexFile: string,
  { files, sizes }: { files: readonly Converted[]; sizes: ReadonlyMap<string, number> },
): Promise<Set<string>> {
  const differing = new Set<string>();
  let batch: Converted[] = [];
  let bytes = 0;
  const flush = async () => {
    const contents = await smudged(checkout, batch, indexFile).catch((error: unknown) => {
      // A filter that fails at a checkout brings nothing back: all of these are kept as they are.
      if (isGitError(error, "failed") || isGitError(error, "tooLong")) return undefined;
      throw error;
    });
    const some = batch;
    await inChunks([...some.keys()], async (at) => {
      const file = some[at];
      if (file === undefined) return;
      const found = await readFile(pathOf(checkout, file.name)).catch(() => undefined);
      if (found !== undefined && contents?.[at]?.equals(found) !== true) differing.add(file.name);
    });
    batch = [];
    bytes = 0;
  };
  for (const file of files) {
    batch.push(file);
    bytes += sizes.get(file.blob) ?? 0;
    if (bytes > BATCH_BYTES) await flush();
  }
  await flush();
  return differing;
}

function remember(checkout: Checkout, memory: RawMemory, files: readonly Converted[]): void {
  if (memory.size + files.length > REMEMBERED) memory.clear();
  const settled = checkout.git.clock.now() - RACY_MS;
  for (const file of files)
    if (Number(file.stats.mtimeMs) < settled && Number(file.stats.ctimeMs) < settled)
      memory.add(identityOf(file));
}

function identityOf({ name, blob, attributes, stats }: Converted): string {
  const { ino, size, mtimeNs, ctimeNs } = stats;
  return [name, blob, attributes, ino, size, mtimeNs, ctimeNs].join("\0");
}

function pathOf(checkout: Checkout, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${checkout.workTree}/`), bytesOf(name)]);
}

async function regularBlobs(checkout: Checkout, indexFile: string): Promise<Map<string, string>> {
  const { stdout } = await runGit(checkout, ["ls-files", "-s", "-z"], { indexFile, config: PLAIN_INDEX });
  const blobs = new Map<string, string>();
  for (const line of stdout.toString("latin1").split("\0")) {
    const [, blob, name] = /^100\d+ ([0-9a-f]+) 0\t([^]*)$/.exec(line) ?? [];
    if (blob !== undefined && name !== undefined) blobs.set(name, blob);
  }
  return blobs;
}

async function sizesOf(checkout: Checkout, files: readonly Converted[]): Promise<Map<string, number>> {
  if (files.length === 0) return new Map();
  const blobs = [...new Set(files.map(({ blob }) => blob))];
  const { text } = await runGit(checkout, ["cat-file", "--batch-check=%(objectname) %(objectsize)"], {
    stdin: `${blobs.join("\n")}\n`,
  });
  return new Map(
    text
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf(" ")), Number(line.slice(line.indexOf(" ") + 1))]),
  );
}
