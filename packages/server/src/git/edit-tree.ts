import type { FileVersion } from "@holdfast/protocol";
import { argumentOf, bytesOf, type GitPath } from "./git-path.ts";
import { DURABLE, emptyTree } from "./objects.ts";
import type { Checkout } from "./repository.ts";
import { runGit } from "./site.ts";
import { PLAIN_INDEX, withTemporaryIndex } from "./temporary-index.ts";

/** New content of a path of a tree, or null where it goes. */
export type TreeEdit = { key: GitPath; version: FileVersion | null };

/** Paths that are asked for one by one; for more the whole tree is read. */
const FEW = 64;

/**
 * Stores a tree that is `base` with some entries replaced, added or taken out; without `base` it starts empty. Whatever stands in the way of an added
 * path (a file where a directory must be, or the other way round) goes.
 */
export async function editTree(
  checkout: Checkout,
  base: string | undefined,
  edits: readonly TreeEdit[],
): Promise<string> {
  if (edits.length === 0) return base ?? emptyTree(checkout);
  return withTemporaryIndex(checkout.git, async (indexFile) => {
    const options = { indexFile, config: [...PLAIN_INDEX, ...DURABLE] };
    if (base !== undefined) await runGit(checkout, ["read-tree", base], options);
    await runGit(checkout, ["update-index", "-z", "--add", "--replace", "--index-info"], {
      ...options,
      stdin: indexInfo(edits, base?.length),
    });
    return (await runGit(checkout, ["write-tree"], options)).text;
  });
}

/** What `update-index --index-info` reads: removals first, so that nothing stands in the way of what comes. `idLength` is that of the repository's ids. */
export function indexInfo(edits: readonly TreeEdit[], idLength?: number): Buffer {
  const digits = idLength ?? edits.find(({ version }) => version !== null)?.version?.blob.length ?? 40;
  const gone = edits.filter(({ version }) => version === null);
  const made = edits.filter(({ version }) => version !== null);
  const lines = [...gone, ...made].map(({ key, version }) =>
    version === null ? `0 ${"0".repeat(digits)}\t${key}\0` : `${version.mode} ${version.blob}\t${key}\0`,
  );
  return bytesOf(lines.join(""));
}

/** The entries of a tree that have one of these paths. Directories are no entries. */
export async function readEntries(
  checkout: Checkout,
  tree: string,
  keys: readonly GitPath[],
): Promise<Map<GitPath, FileVersion>> {
  const wanted = new Set(keys);
  const names = keys.map(argumentOf);
  const few = names.length <= FEW && names.every((name) => name !== undefined) ? names : undefined;
  if (keys.length === 0) return new Map();
  const { stdout } = await runGit(checkout, [
    "ls-tree",
    "-r",
    "-z",
    "--full-tree",
    tree,
    ...(few ? ["--", ...few] : []),
  ]);
  const found = new Map<GitPath, FileVersion>();
  for (const line of stdout.toString("latin1").split("\0")) {
    const [, mode, blob, key] = /^(\d+) \w+ ([0-9a-f]+)\t([^]*)$/.exec(line) ?? [];
    if (mode !== undefined && blob !== undefined && key !== undefined && wanted.has(key))
      found.set(key, { blob, mode });
  }
  return found;
}
