import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError, storageRefusal } from "@holdfast/kernel";
import {
  bytesOf,
  checkApply,
  commitTree,
  deleteRefs,
  diffTrees,
  editTree,
  hunksOf,
  isAncestor,
  isGitError,
  isSparse,
  listRefs,
  mergeTrees,
  patchesOf,
  type Checkout,
  readBlob,
  readEntries,
  readVersions,
  skippedVersions,
  sweepWrites,
  updateRef,
  writeBlob,
  writeVersion,
} from "../../git/index.ts";
import type { ReviewRepository, Patch } from "./review-repository.ts";
import type { CheckoutFiles } from "./write-files.ts";

/** What of a repository for reviews git alone can do; snapshots come from those who take them. */
export type GitReviewRepository = Omit<ReviewRepository, "snapshot">;

/** The repository of a checkout, for reviews: thin over git, in this room's words. */
export function gitReviewRepository(checkout: Checkout): GitReviewRepository {
  return {
    root: checkout.root,
    checkout: checkoutFilesOf(checkout),
    readBlob: (blob) => readBlob(checkout, blob),
    writeBlob: (bytes) => writeBlob(checkout, bytes),
    editTree: (base, edits) => editTree(checkout, base, edits),
    entries: (tree, keys) => readEntries(checkout, tree, keys),
    async compare(from, to) {
      const changes = await diffTrees(checkout, from, to, { renames: false });
      return changes.map(({ key, before, after }) => ({ key, old: before ?? null, new: after ?? null }));
    },
    differences: (from, to) => diffTrees(checkout, from, to),
    hunks: (from, to, keys) => hunksOf(checkout, from, to, { keys }),
    patches: (from, to, keys, limits) => readPatches(checkout, from, to, keys, limits),
    skipped: (keys) => skippedVersions(checkout, keys),
    isSparse: () => isSparse(checkout),
    async merge(trees) {
      const merged = await mergeTrees(checkout, trees).catch(refuseSlowMerge);
      if ("tree" in merged) return merged;
      return { conflicts: merged.conflicts.map(({ stages, ...conflict }) => ({ ...conflict, ...stages })) };
    },
    commit: (tree, parents, message) => commitTree(checkout, tree, message, { parents }),
    setRef: (ref, commit) => updateRef(checkout, ref, commit),
    async deleteRefs(prefix) {
      const refs = await listRefs(checkout, prefix);
      await deleteRefs(
        checkout,
        refs.map(({ ref }) => ref),
      );
    },
    refusal: (from, to) => checkApply(checkout, from, to).catch(refuseTooMuch),
    hasInHead: (commit) => isAncestor(checkout, commit),
    sweep: (keys) => sweepWrites(checkout, keys),
  };
}

function refuseTooMuch(error: unknown): never {
  if (!isGitError(error, "tooLong")) throw error;
  throw new HoldfastError(
    "UNPROCESSABLE",
    "This is too much for one act of review. Choose fewer changes at a time.",
  );
}

/** A merge driver of the repository is somebody's program: it may hang. */
function refuseSlowMerge(error: unknown): never {
  if (!isGitError(error, "timeout")) throw error;
  throw new HoldfastError(
    "UNPROCESSABLE",
    `${error.message}; nothing was written. Look at the merge drivers that the repository's attributes name.`,
    { cause: error },
  );
}

/** What the system says when a place is not ours to write. */
const UNWRITABLE: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EISDIR", "ENOTDIR"]);

function checkoutFilesOf(checkout: Checkout): CheckoutFiles {
  return {
    read: (keys) => readVersions(checkout, keys),
    write: (key, version, raw) =>
      writeVersion(checkout, key, version, raw).catch((error: unknown) => {
        throw writeRefusal(error);
      }),
    identity: (key) => identityOf(checkout.root, key),
  };
}

/** What the file system or a filter of git would not take is a refusal of its own; a fault of ours stays one. */
function writeRefusal(error: unknown): unknown {
  if (isGitError(error, "failed"))
    return new HoldfastError("CONFLICT", "git could not convert the file for the disk.", { cause: error });
  const refused = storageRefusal(error);
  if (refused !== undefined) return refused;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && UNWRITABLE.has(code))
    return new HoldfastError("CONFLICT", `The file cannot be written (${code}).`, { cause: error });
  return error;
}

/** A directory counts as nothing: what is in it may be on its way out. */
async function identityOf(root: string, key: string): Promise<string> {
  try {
    const path = Buffer.concat([Buffer.from(join(root, "/")), bytesOf(key)]);
    const { ino, size, mode, mtimeNs, ctimeNs, ...stats } = await lstat(path, { bigint: true });
    return stats.isDirectory() ? "" : [ino, size, mode, mtimeNs, ctimeNs].join(":");
  } catch {
    return "";
  }
}

async function readPatches(
  checkout: Checkout,
  from: string,
  to: string,
  keys: readonly string[],
  limits: { each: number; all: number },
): Promise<Map<string, Patch>> {
  const patches = await patchesOf(checkout, from, to, {
    keys,
    maxBytes: limits.each,
    maxTotalBytes: limits.all,
  });
  return new Map(
    [...patches].map(([key, { patch, truncated }]) => [key, { text: patch, isTruncated: truncated }]),
  );
}
