import type { BigIntStats } from "node:fs";
import { readlink } from "node:fs/promises";
import { HoldfastError } from "@holdfast/kernel";
import type { FileVersion } from "@holdfast/protocol";
import { type ContainedDirectory, findParent } from "./contained-parent.ts";
import { indexInfo } from "./edit-tree.ts";
import { argumentOf, bytesOf, type GitPath, showPath } from "./git-path.ts";
import { DURABLE, writeBlob } from "./objects.ts";
import { namedFromTop, type Checkout, readHead } from "./repository.ts";
import { runGit } from "./site.ts";
import { PLAIN_INDEX, withTemporaryIndex } from "./temporary-index.ts";

/** A file as it is: what git would store of it, and the blob of its bytes, which both are stored (W-3). A nested repository has mode `160000`. */
export type FoundVersion = { version: FileVersion; raw: string };

/** How often a file is read again because it changed meanwhile. */
const READS = 5;
/** Paths that the index is asked for by name. */
const FEW = 64;

/** What is at a path of a place; `undefined` when nothing is, or a directory, or what no version can hold. Rejects CONFLICT when it keeps changing. */
export async function readVersion(checkout: Checkout, key: GitPath): Promise<FoundVersion | undefined> {
  return (await readVersions(checkout, [key])).get(key);
}

/** Many files in a few runs of git. Symbolic links are versions of their own, and none on the way to a file is followed. */
export async function readVersions(
  checkout: Checkout,
  keys: readonly GitPath[],
): Promise<Map<GitPath, FoundVersion>> {
  const all = new Map<GitPath, FoundVersion>();
  let left = [...new Set(keys)];
  for (let read = 0; left.length > 0; read += 1) {
    if (read === READS)
      throw new HoldfastError("CONFLICT", `${showPath(left[0] ?? "")} keeps changing while it is read.`);
    const before = await lookAtAll(checkout, left);
    const found = await readFound(checkout, before).catch((error: unknown) => {
      // A file that went away meanwhile fails the run: look again.
      if (read === READS - 1) throw error;
      return undefined;
    });
    const after = await lookAtAll(checkout, left);
    const moved = left.filter((key) => identityOf(before.get(key)) !== identityOf(after.get(key)));
    if (found === undefined) continue;
    for (const [key, version] of found) if (!moved.includes(key)) all.set(key, version);
    left = moved;
  }
  return all;
}

type Seen =
  | { kind: "file"; stats: BigIntStats }
  | { kind: "link"; stats: BigIntStats; target: Buffer }
  | { kind: "repository" };

const identityOf = (seen: Seen | undefined): string => {
  if (seen === undefined || seen.kind === "repository") return seen?.kind ?? "none";
  const { ino, size, mtimeNs, ctimeNs, mode } = seen.stats;
  return [seen.kind, ino, size, mtimeNs, ctimeNs, mode].join(":");
};

async function lookAtAll(checkout: Checkout, keys: readonly GitPath[]): Promise<Map<GitPath, Seen>> {
  const all = new Map<GitPath, Seen>();
  for (const key of keys) {
    const parent = await findParent(checkout.root, key);
    try {
      const seen = parent && (await lookAt(parent, key.slice(key.lastIndexOf("/") + 1)));
      if (seen !== undefined) all.set(key, seen);
    } finally {
      await parent?.close();
    }
  }
  return all;
}

async function lookAt(parent: ContainedDirectory, name: GitPath): Promise<Seen | undefined> {
  const stats = await parent.look(name);
  if (stats === undefined) return undefined;
  if (stats.isFile()) return { kind: "file", stats };
  if (stats.isSymbolicLink())
    return { kind: "link", stats, target: await readlink(parent.pathOf(name), { encoding: "buffer" }) };
  if (!stats.isDirectory()) return undefined;
  const inside = await parent.enter(name);
  try {
    return (await inside.look(".git")) === undefined ? undefined : { kind: "repository" };
  } finally {
    await inside.close();
  }
}

async function readFound(
  checkout: Checkout,
  seen: ReadonlyMap<GitPath, Seen>,
): Promise<Map<GitPath, FoundVersion>> {
  const all = new Map<GitPath, FoundVersion>();
  const files: GitPath[] = [];
  const stored: GitPath[] = [];
  for (const [key, each] of seen) {
    if (each.kind === "repository") {
      const commit = await nestedHead(checkout, key);
      all.set(key, { version: { blob: commit, mode: "160000" }, raw: commit });
    } else {
      stored.push(key);
      if (each.kind === "file") files.push(key);
    }
  }
  const [raws, versions] = await Promise.all([writeRaw(checkout, files), cleanVersions(checkout, stored)]);
  for (const [key, each] of seen) {
    if (each.kind === "repository") continue;
    const version = versions.get(key);
    const raw = each.kind === "file" ? raws.get(key) : await writeBlob(checkout, each.target);
    if (version !== undefined && raw !== undefined) all.set(key, { version, raw });
  }
  return all;
}

async function nestedHead(checkout: Checkout, key: GitPath): Promise<string> {
  const path = argumentOf(namedFromTop(checkout, key));
  const none = "0".repeat(40);
  if (path === undefined) return none;
  const head = await readHead({ git: checkout.git, directory: `${checkout.workTree}/${path}` });
  return head.head?.commit ?? none;
}

/** Stores the bytes of files as they are, unconverted, and answers the blobs. The keys are of regular files. */
export async function writeRaw(checkout: Checkout, keys: readonly GitPath[]): Promise<Map<GitPath, string>> {
  if (keys.length === 0) return new Map();
  const { text } = await runGit(checkout, ["hash-object", "-w", "--no-filters", "--stdin-paths"], {
    stdin: bytesOf(keys.map((key) => `${quote(namedFromTop(checkout, key))}\n`).join("")),
    config: DURABLE,
  });
  const blobs = text.split("\n");
  return new Map(keys.flatMap((key, at) => (blobs[at] === undefined ? [] : [[key, blobs[at]] as const])));
}

/** As git reads a path in a line: in quotes with octal escapes where a byte would be taken for something else. */
function quote(name: string): string {
  if (!/["\\\n\r]/.test(name) && !name.startsWith('"')) return name;
  const escaped = name.replace(
    /["\\\n\r]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `"${escaped}"`;
}

/** What git stores of files: by an index that has what the user's has of them, for their modes and line ends are judged by it. */
async function cleanVersions(
  checkout: Checkout,
  keys: readonly GitPath[],
): Promise<Map<GitPath, FileVersion>> {
  if (keys.length === 0) return new Map();
  const names = new Map(keys.map((key) => [namedFromTop(checkout, key), key]));
  const known = await indexEntries(checkout, [...names.keys()]);
  return withTemporaryIndex(checkout.git, async (indexFile) => {
    const options = { indexFile, config: [...PLAIN_INDEX, ...DURABLE] };
    const edits = [...known].map(([key, { blob, mode }]) => ({ key, version: { blob, mode } }));
    if (edits.length > 0)
      await runGit(checkout, ["update-index", "-z", "--add", "--replace", "--index-info"], {
        ...options,
        stdin: indexInfo(edits),
      });
    await runGit(checkout, ["update-index", "-z", "--add", "--replace", "--stdin"], {
      ...options,
      stdin: bytesOf([...names.keys()].map((name) => `${name}\0`).join("")),
    });
    const now = await indexEntries(checkout, [...names.keys()], indexFile);
    return new Map(
      [...now].flatMap(([name, version]) => {
        const key = names.get(name);
        const { blob, mode } = version;
        return key === undefined ? [] : [[key, { blob, mode }] as const];
      }),
    );
  });
}

/**
 * What the index has of the paths that it was told to leave off the disk: those outside of a sparse checkout, and others of `skip-worktree`. Where no file
 * is, it is not deleted.
 */
export async function skippedVersions(
  checkout: Checkout,
  keys: readonly GitPath[],
): Promise<Map<GitPath, FileVersion>> {
  if (keys.length === 0) return new Map();
  const entries = await indexEntries(
    checkout,
    keys.map((key) => namedFromTop(checkout, key)),
  );
  return new Map(
    keys.flatMap((key) => {
      const entry = entries.get(namedFromTop(checkout, key));
      return entry?.isSkipped === true ? [[key, { blob: entry.blob, mode: entry.mode }] as const] : [];
    }),
  );
}

type IndexEntry = FileVersion & { isSkipped: boolean };

/** Entries of an index by path from the top; of an unmerged path the checkout's own side. */
async function indexEntries(
  checkout: Checkout,
  names: readonly string[],
  indexFile?: string,
): Promise<Map<string, IndexEntry>> {
  const wanted = new Set(names);
  const args = names.map(argumentOf);
  const few = args.length <= FEW && args.every((name) => name !== undefined) ? ["--", ...args] : [];
  const { stdout } = await runGit(checkout, ["ls-files", "-v", "-s", "-z", ...few], {
    // Without it git says of a file that is there that it is not skipped, whatever the index says.
    config: [...PLAIN_INDEX, "sparse.expectFilesOutsideOfPatterns=true"],
    ...(indexFile === undefined ? {} : { indexFile }),
  });
  const found = new Map<string, IndexEntry>();
  for (const line of stdout.toString("latin1").split("\0")) {
    const [, tag, mode, blob, stage, name] = /^(\w) (\d+) ([0-9a-f]+) (\d)\t([^]*)$/.exec(line) ?? [];
    if (mode === undefined || blob === undefined || name === undefined || !wanted.has(name)) continue;
    if (stage === "0" || stage === "2") found.set(name, { blob, mode, isSkipped: /^s$/i.test(tag ?? "") });
  }
  return found;
}
