/**
 * What stands on the disk, by looking: git says nothing of much of it (what is below a submodule that is not filled, names that it refuses, pipes, empty
 * directories), and what it does not say is lost with a directory all the same (W-3, W-10).
 */
import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import { bytesOf, type GitPath, UNFINISHED } from "../git/index.ts";
import { type DiskEntry, SnapshotRefused, type Within } from "./snapshot.ts";

/** Entries of one walk: a tree of more is refused. */
const MOST_ENTRIES = 2_000_000;

export type Walk = {
  root: string;
  /** Keys that are passed by; those of directories end with a slash. */
  isSkipped: (key: GitPath) => boolean;
  /** Submodules of the index. */
  links: ReadonlySet<GitPath>;
  /** Whether repositories below the root are looked into. */
  entersRepositories: boolean;
  onEntry: (entry: DiskEntry) => void;
};

/** Tells every entry that is no directory, and those that hold nothing. Answers what stands there in short: the same text, the same names. */
export async function walkDisk(walk: Walk): Promise<string> {
  const { root, isSkipped, links, onEntry } = walk;
  const sign = createHash("sha1");
  const pending: { key: GitPath; within: Within | undefined }[] = [{ key: "", within: undefined }];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const tell = (key: GitPath, kind: DiskEntry["kind"], within: Within | undefined) => {
      sign.update(`${kind}\0${key}\0`);
      // A submodule that was never filled is an empty directory, as a checkout makes it.
      if (kind === "directory" && links.has(key)) return;
      onEntry({ key, kind, ...(within === undefined ? {} : { within }) });
    };
    const { key } = next;
    const listing = await list(root, key);
    if (!Array.isArray(listing)) {
      if (listing === "closed") tell(key, "closed", next.within);
      continue;
    }
    count += listing.length;
    if (count > MOST_ENTRIES)
      throw new SnapshotRefused(`More than ${MOST_ENTRIES.toLocaleString("en")} files stand there.`);
    const within = (await ownerOf(walk, key, listing)) ?? next.within;
    if (!walk.entersRepositories && within?.key === key && within.kind !== "unfilled") {
      tell(key, "repository", within);
      continue;
    }
    if (listing.length === 0 && key !== "") tell(key, "directory", within);
    for (const entry of listing) {
      const below = key === "" ? entry.name : `${key}/${entry.name}`;
      // git's own, and what a write of ours has not finished.
      if (below === ".git" || UNFINISHED.test(below)) continue;
      if (entry.isDirectory()) {
        if (!isSkipped(`${below}/`)) pending.push({ key: below, within });
      } else if (!isSkipped(below)) tell(below, kindOf(entry), within);
    }
  }
  return sign.digest("hex");
}

const kindOf = (entry: Dirent): DiskEntry["kind"] =>
  entry.isFile() ? "file" : entry.isSymbolicLink() ? "link" : "special";

/** `gone`: it went away meanwhile. */
async function list(root: string, key: GitPath): Promise<Dirent[] | "closed" | "gone"> {
  try {
    return await readdir(pathOf(root, key), { withFileTypes: true, encoding: "latin1" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (key !== "" && (code === "ENOENT" || code === "ENOTDIR")) return "gone";
    if (code === "EACCES" || code === "EPERM") return "closed";
    throw error;
  }
}

const pathOf = (root: string, key: GitPath): Buffer =>
  Buffer.concat([Buffer.from(root), Buffer.from("/"), bytesOf(key)]);

async function ownerOf({ root, links }: Walk, key: GitPath, listing: Dirent[]): Promise<Within | undefined> {
  if (key === "") return undefined;
  const isFilled = listing.some(({ name }) => name === ".git") && (await isRepository(pathOf(root, key)));
  if (links.has(key)) return { key, kind: isFilled ? "submodule" : "unfilled" };
  return isFilled ? { key, kind: "nested" } : undefined;
}

/** Whether git would take the `.git` of a directory for a repository, or for the way to one. */
async function isRepository(directory: Buffer): Promise<boolean> {
  const dotGit = Buffer.concat([directory, Buffer.from("/.git")]);
  try {
    const isFile = (await stat(dotGit)).isFile();
    const way = isFile ? /^gitdir: ([^]*?)\s*$/.exec(await readFile(dotGit, "latin1"))?.[1] : ".git";
    if (way === undefined) return false;
    const from = way.startsWith("/") ? [] : [directory, Buffer.from("/")];
    await access(Buffer.concat([...from, bytesOf(way), Buffer.from("/HEAD")]));
    return true;
  } catch {
    return false;
  }
}
