/**
 * Brings one file of a checkout to a version. Atomic: the content is made in a file beside it, synced, and renamed over it; a kill at any moment leaves
 * the old or the new file and at most that file beside it, whose name depends on the file's own, so that the next write or sweep takes it away.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rmdir, symlink, unlink } from "node:fs/promises";
import { faultPoint, HoldfastError } from "@holdfast/kernel";
import type { FileVersion } from "@holdfast/protocol";
import {
  type ContainedDirectory,
  findParent,
  makeParent,
  orUndefined,
  removeEmptyParents,
} from "./contained-parent.ts";
import { bytesOf, type GitPath, showPath } from "./git-path.ts";
import { readBlob } from "./objects.ts";
import { namedFromTop, type Checkout } from "./repository.ts";
import { writeContent } from "./smudge.ts";

/** The last part of the name of an unfinished write. */
export const UNFINISHED = /(^|\/)\.holdfast-[0-9a-f]{16}\.tmp$/;
/** Longest target of a symbolic link, in bytes (Linux: PATH_MAX). */
const LINK_BYTES = 4_096;

/**
 * Writes a version, or with `undefined` removes the file and the directories that are empty then. `raw` is the blob of the bytes to write; without
 * it git converts the version's blob as at a checkout. Durable when it resolves. PATH_ESCAPES when a link is on the way or a directory with something in
 * it is there; CONFLICT when a file is where a directory is needed; UNPROCESSABLE for a nested repository; GitError leaves the file as it was.
 */
export async function writeVersion(
  checkout: Checkout,
  key: GitPath,
  version: FileVersion | undefined,
  raw?: string,
): Promise<void> {
  if (version === undefined) return removeFile(checkout, key);
  if (version.mode === "160000")
    throw new HoldfastError(
      "UNPROCESSABLE",
      `${showPath(key)} is a nested repository, which is not written.`,
    );
  const parent = await makeParent(checkout.root, key);
  const name = nameOf(key);
  const beside = unfinishedName(name);
  try {
    await unlink(parent.pathOf(beside)).catch(orUndefined("ENOENT"));
    await clearWay(parent, name, key);
    try {
      if (version.mode === "120000") await makeLink(checkout, parent.pathOf(beside), raw ?? version.blob);
      else await makeFile(checkout, parent, key, { version, raw });
      faultPoint("worktree.write.synced");
      await rename(parent.pathOf(beside), parent.pathOf(name));
    } catch (error) {
      await unlink(parent.pathOf(beside)).catch(() => undefined);
      throw error;
    }
    faultPoint("worktree.write.renamed");
    await parent.sync();
  } finally {
    await parent.close();
  }
}

/** Removes what killed writes of these files left beside them. */
export async function sweepWrites(checkout: Checkout, keys: readonly GitPath[]): Promise<void> {
  for (const key of keys) {
    const parent = await findParent(checkout.root, key);
    if (parent === undefined) continue;
    try {
      await unlink(parent.pathOf(unfinishedName(nameOf(key)))).catch(orUndefined("ENOENT"));
    } finally {
      await parent.close();
    }
  }
}

const nameOf = (key: GitPath): GitPath => key.slice(key.lastIndexOf("/") + 1);

function unfinishedName(name: GitPath): GitPath {
  return `.holdfast-${createHash("sha256").update(bytesOf(name)).digest("hex").slice(0, 16)}.tmp`;
}

async function removeFile(checkout: Checkout, key: GitPath): Promise<void> {
  const parent = await findParent(checkout.root, key);
  if (parent === undefined) {
    // Nothing is there, or it is behind a link: then it is not a file of this place.
    return;
  }
  const name = nameOf(key);
  try {
    const found = await parent.look(name);
    if (found?.isDirectory() === true) throw directoryInTheWay(key);
    await unlink(parent.pathOf(unfinishedName(name))).catch(orUndefined("ENOENT"));
    if (found === undefined) return;
    await unlink(parent.pathOf(name));
    faultPoint("worktree.write.removed");
    await parent.sync();
  } finally {
    await parent.close();
  }
  await removeEmptyParents(checkout.root, key);
}

/** A directory without anything in it gives way, as at a checkout. */
async function clearWay(parent: ContainedDirectory, name: GitPath, key: GitPath): Promise<void> {
  if ((await parent.look(name))?.isDirectory() !== true) return;
  await rmdir(parent.pathOf(name)).catch(() => {
    throw directoryInTheWay(key);
  });
}

async function makeLink(checkout: Checkout, path: Buffer, blob: string): Promise<void> {
  await symlink(await readBlob(checkout, blob, LINK_BYTES), path);
  faultPoint("worktree.write.made");
}

async function makeFile(
  checkout: Checkout,
  parent: ContainedDirectory,
  key: GitPath,
  content: { version: FileVersion; raw: string | undefined },
): Promise<void> {
  const name = nameOf(key);
  const found = await parent.look(name);
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
  const handle = await open(parent.pathOf(unfinishedName(name)), flags, 0o666);
  try {
    faultPoint("worktree.write.made");
    await writeContent(checkout, namedFromTop(checkout, key), content, handle);
    const mode = found?.isFile() === true ? Number(found.mode & 0o777n) : (await handle.stat()).mode & 0o777;
    await handle.chmod(content.version.mode === "100755" ? mode | ((mode & 0o444) >> 2) : mode & ~0o111);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function directoryInTheWay(key: GitPath): HoldfastError {
  return new HoldfastError(
    "PATH_ESCAPES",
    `A directory with files in it stands where ${showPath(key)} should be.`,
  );
}
