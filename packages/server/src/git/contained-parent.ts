/**
 * The directory that a file of a checkout stands in, reached from the root without going through a symbolic link. Each part is opened below the
 * one before, so that nobody who swaps a directory for a link meanwhile can lead a read or a write out of the root (Linux; elsewhere the parts are
 * looked at right before they are used).
 */
import { constants, type BigIntStats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rmdir } from "node:fs/promises";
import { HoldfastError } from "@holdfast/kernel";
import { bytesOf, type GitPath, requireKey, showPath } from "./git-path.ts";

const IS_LINUX = process.platform === "linux";
const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** An open directory. `close` it. */
export class ContainedDirectory {
  readonly #handle: FileHandle;
  readonly #path: Buffer;

  constructor(handle: FileHandle, path: Buffer) {
    this.#handle = handle;
    this.#path = path;
  }

  /** A path of an entry that is good as long as the directory is open. */
  pathOf(name: GitPath): Buffer {
    const own = IS_LINUX ? Buffer.from(`/proc/self/fd/${this.#handle.fd}`) : this.#path;
    return Buffer.concat([own, Buffer.from("/"), bytesOf(name)]);
  }

  /** `undefined` when there is no such entry. A link is not followed. */
  async look(name: GitPath): Promise<BigIntStats | undefined> {
    return lstat(this.pathOf(name), { bigint: true }).catch(orUndefined("ENOENT"));
  }

  async enter(name: GitPath): Promise<ContainedDirectory> {
    return new ContainedDirectory(
      await open(this.pathOf(name), FLAGS),
      Buffer.concat([this.#path, Buffer.from("/"), bytesOf(name)]),
    );
  }

  /** Waits until its entries are on the disk. */
  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** The directory of `key`, or `undefined` when a part of the way is missing, no directory, or a link. */
export async function findParent(root: string, key: GitPath): Promise<ContainedDirectory | undefined> {
  try {
    return await walk(root, key, false);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw error;
  }
}

/** The directory of `key`, made where it is missing. PATH_ESCAPES when a part of the way is a link, CONFLICT when it is a file. */
export async function makeParent(root: string, key: GitPath): Promise<ContainedDirectory> {
  return walk(root, key, true);
}

async function walk(root: string, key: GitPath, make: boolean): Promise<ContainedDirectory> {
  requireKey(key);
  let directory = new ContainedDirectory(
    await open(root, constants.O_RDONLY | constants.O_DIRECTORY),
    Buffer.from(root),
  );
  for (const name of key.split("/").slice(0, -1)) {
    const parent = directory;
    try {
      directory = await parent.enter(name).catch(async (error: unknown) => {
        if (!make) throw error;
        await makeDirectory(parent, name, key);
        return parent.enter(name);
      });
    } finally {
      await parent.close();
    }
  }
  return directory;
}

async function makeDirectory(parent: ContainedDirectory, name: GitPath, key: GitPath): Promise<void> {
  const found = await parent.look(name);
  if (found?.isSymbolicLink() === true)
    throw new HoldfastError(
      "PATH_ESCAPES",
      `${showPath(key)} is reached through a symbolic link, which is not followed.`,
    );
  if (found !== undefined && !found.isDirectory())
    throw new HoldfastError("CONFLICT", `A file stands where ${showPath(key)} needs a directory.`);
  await mkdir(parent.pathOf(name)).catch(orUndefined("EEXIST"));
  await parent.sync();
}

/** Removes the directories above `key` that nothing is in any more, up to the root. */
export async function removeEmptyParents(root: string, key: GitPath): Promise<void> {
  const names = key.split("/").slice(0, -1);
  while (names.length > 0) {
    const parent = await findParent(root, names.join("/"));
    const name = names.pop();
    if (parent === undefined || name === undefined) return parent?.close();
    try {
      if ((await parent.look(name))?.isDirectory() !== true) continue;
      await rmdir(parent.pathOf(name));
      await parent.sync();
    } catch {
      // Something is in it, or it is not ours to take away.
      return;
    } finally {
      await parent.close();
    }
  }
}

/** For `catch`: the given error code means that there is nothing. */
export function orUndefined(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  };
}
