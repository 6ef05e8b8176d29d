/**
 * What a rescue takes along beside its tree (W-11): what stands in a worktree and git cannot hold, and what git keeps of the worktree itself, which goes
 * with it (repositories of its submodules, its sparse checkout). Here it is chosen and signed; `pack.ts` stores it, `unpack.ts` brings it back.
 */
import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { access, lstat } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf, type GitPath } from "../../git/index.ts";
import { type DiskEntry, type Unheld, walkDisk, WHOLE_FILE_BYTES } from "../../snapshot/index.ts";

/** Entries that one parcel takes, and their bytes together (W-11); what is beyond, in the order of the paths, is not kept. */
export const BESIDE_ENTRIES = 50_000;
export const BESIDE_BYTES = 4 * 1024 * 1024 * 1024;

/** Files of git's entry that say what of the repository is on the disk. */
export const SPARSE_FILES: readonly GitPath[] = ["config.worktree", "info/sparse-checkout"];

/** `files`: below the top of the worktree; `git`: below git's own directory of it. */
export type Where = "files" | "git";

export type ParcelEntry = {
  in: Where;
  key: GitPath;
  kind: "file" | "link" | "directory";
  /** Permission bits. */
  mode: number;
  /** Bytes when it was looked at; 0 of a directory. */
  size: number;
};

export type Parcel = {
  entries: ParcelEntry[];
  /** Keys that no rescue can hold. */
  unsaved: GitPath[];
  /** The same for the same entries at the same times on the disk. */
  sign: string;
};

/** Chooses from what stands below `top` and is in no tree, and from git's own directory of the worktree. Nothing is stored. */
export async function parcelOf(top: string, gitDir: string, unheld: readonly Unheld[]): Promise<Parcel> {
  const own = await ownOf(gitDir);
  const parcel: Parcel = { entries: [], unsaved: [], sign: "" };
  const hash = createHash("sha1");
  let bytes = 0;
  const choose = async (where: Where, root: string, { key, kind }: DiskEntry) => {
    const stats = await lookAt(root, key);
    if (stats === undefined) return;
    const size = kind === "file" || kind === "link" ? Number(stats.size) : 0;
    const isRoom = parcel.entries.length < BESIDE_ENTRIES && bytes + size <= BESIDE_BYTES;
    const taken = isRoom && size <= WHOLE_FILE_BYTES ? await takenAs(root, key, stats) : undefined;
    hash.update(`${where}\0${key}\0${taken}\0${signOf(stats)}\0`);
    if (taken === undefined) parcel.unsaved.push(where === "files" ? key : `.git/${key}`);
    else {
      bytes += size;
      parcel.entries.push({ in: where, key, kind: taken, mode: Number(stats.mode & 0o777n), size });
    }
  };
  for (const entry of own) await choose("git", gitDir, entry);
  for (const entry of unheld) await choose("files", top, entry);
  return { ...parcel, sign: hash.digest("hex") };
}

/** A directory has other times and sizes for each file system: only that it is there counts. */
function signOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return String(stats.mode);
  return [stats.ino, stats.mode, stats.size, stats.mtimeNs, stats.ctimeNs].join(":");
}

async function ownOf(gitDir: string): Promise<DiskEntry[]> {
  const found: DiskEntry[] = SPARSE_FILES.map((key) => ({ key, kind: "file" }));
  if ((await lookAt(gitDir, "modules"))?.isDirectory() !== true) return found;
  await walkDisk({
    root: join(gitDir, "modules"),
    isSkipped: () => false,
    links: new Set(),
    entersRepositories: true,
    onEntry: ({ key, kind }) => void found.push({ key: `modules/${key}`, kind }),
  });
  return found;
}

function lookAt(root: string, key: GitPath): Promise<BigIntStats | undefined> {
  return lstat(pathIn(root, key), { bigint: true }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  });
}

async function takenAs(
  root: string,
  key: GitPath,
  stats: BigIntStats,
): Promise<ParcelEntry["kind"] | undefined> {
  if (stats.isSymbolicLink()) return "link";
  const isPlain = stats.isFile() || stats.isDirectory();
  const isReadable = await access(pathIn(root, key), constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!isPlain || !isReadable) return undefined;
  return stats.isFile() ? "file" : "directory";
}

export const pathIn = (root: string, key: GitPath): Buffer =>
  Buffer.concat([Buffer.from(`${root}/`), bytesOf(key)]);
