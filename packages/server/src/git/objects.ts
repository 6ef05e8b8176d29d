import { HoldfastError } from "@holdfast/kernel";
import { type GitSite, runGit } from "./site.ts";

/** Objects and refs are on the disk when a run ends, not only in memory (D-1; git 2.36 and newer know `core.fsync`, older ones sync what they did). */
export const DURABLE = ["core.fsync=loose-object,pack,reference", "core.fsyncMethod=fsync"];

/** Most bytes of one object that are read into memory. */
export const MAX_BLOB_BYTES = 64 * 1024 * 1024;

/** Content of a blob. Rejects GitError: `tooLong` beyond `maxBytes`, `failed` when there is none. */
export async function readBlob(site: GitSite, blob: string, maxBytes = MAX_BLOB_BYTES): Promise<Buffer> {
  return (await runGit(site, ["cat-file", "blob", blob], { maxBytes })).stdout;
}

/** Stores bytes as they are and answers the blob's id. Durable. */
export async function writeBlob(site: GitSite, bytes: Uint8Array | string): Promise<string> {
  const { text } = await runGit(site, ["hash-object", "-w", "--stdin"], { stdin: bytes, config: DURABLE });
  return text;
}

/** Stores a tree of entries as `ls-tree` prints them, and answers its id. Durable. */
export async function makeTree(site: GitSite, entries: readonly string[]): Promise<string> {
  return (await runGit(site, ["mktree"], { stdin: `${entries.join("\n")}\n`, config: DURABLE })).text;
}

/** The tree without entries; stored. */
export async function emptyTree(site: GitSite): Promise<string> {
  return (await runGit(site, ["mktree"])).text;
}

/** The tree of a commit or tree. NOT_FOUND when the repository has neither. */
export async function treeOf(site: GitSite, treeish: string): Promise<string> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${treeish}^{tree}`];
  const { exitCode, text } = await runGit(site, args, { exits: [0, 1, 128] });
  if (exitCode !== 0)
    throw new HoldfastError("NOT_FOUND", `The repository has no tree ${treeish.slice(0, 100)}.`);
  return text;
}
