/**
 * Copies the ignored files that a project's settings list into a new worktree (W-2). Nothing leaves the repository, on either side: a file is
 * read and written only where the real directory is inside, and symbolic links are copied as links, when they stay inside.
 */
import { constants } from "node:fs";
import { copyFile, lstat, mkdir, readlink, realpath, symlink } from "node:fs/promises";
import { dirname, posix, sep } from "node:path";
import { HoldfastError } from "@holdfast/kernel";

/** Most files, and bytes of them, that are copied into one worktree. */
export const COPY_FILES = 10_000;
export const COPY_BYTES = 1024 ** 3;

/** Refuses a pattern that could name anything outside, or mean more than it says to git. Throws UNPROCESSABLE. */
export function requireCopyPatterns(patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const parts = pattern.split("/");
    if (pattern.startsWith("/") || pattern.startsWith(":") || pattern.includes("\0") || parts.includes(".."))
      throw refusal(`${JSON.stringify(pattern)} does not name a file below the top of the repository.`);
    if (parts.some((part) => part.toLowerCase() === ".git")) throw refusal("Nothing of .git is copied.");
  }
}

/** Bytes of a path as Latin-1 to what the file system takes. */
const bytesOf = (...parts: string[]): Buffer => Buffer.from(parts.join(sep), "latin1");
const latin = (path: string): string => Buffer.from(path).toString("latin1");

/** Copies `keys` (paths below both tops, their bytes as Latin-1); answers those that were left out. Rejects UNPROCESSABLE beyond the limits. */
export async function copyIgnored(from: string, to: string, keys: readonly string[]): Promise<string[]> {
  if (keys.length > COPY_FILES)
    throw refusal(`${keys.length} ignored files are listed to be copied; ${COPY_FILES} is the limit.`);
  const [source, target] = [latin(await realpath(from)), latin(await realpath(to))];
  const left: string[] = [];
  let bytes = 0;
  for (const key of keys) {
    const file = await lstat(bytesOf(source, key)).catch(() => undefined);
    bytes += file?.isFile() === true ? file.size : 0;
    if (bytes > COPY_BYTES)
      throw refusal(`The ignored files that are listed to be copied are larger than ${COPY_BYTES} bytes.`);
    const isCopied =
      file !== undefined && (await copyOne(source, target, key, file.isSymbolicLink(), file.isFile()));
    if (!isCopied) left.push(key);
  }
  return left;
}

async function copyOne(
  source: string,
  target: string,
  key: string,
  isLink: boolean,
  isFile: boolean,
): Promise<boolean> {
  const [from, to] = [bytesOf(source, key), bytesOf(target, key)];
  if (!(await isRealInside(source, dirname(`${source}/${key}`)))) return false;
  if (!(await makeInside(target, posix.dirname(key)))) return false;
  if ((await lstat(to).catch(() => undefined)) !== undefined) return false;
  if (isFile) {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return true;
  }
  if (!isLink) return false;
  const goal = (await readlink(from, { encoding: "buffer" })).toString("latin1");
  const end = posix.normalize(posix.join(posix.dirname(key), goal));
  if (goal.startsWith("/") || end === ".." || end.startsWith("../")) return false;
  await symlink(Buffer.from(goal, "latin1"), to);
  return true;
}

/** Whether a directory's real path is the top or below it. */
async function isRealInside(top: string, directory: string): Promise<boolean> {
  const real = await realpath(Buffer.from(directory, "latin1"), { encoding: "buffer" }).catch(
    () => undefined,
  );
  const path = real?.toString("latin1");
  return path !== undefined && (path === top || path.startsWith(`${top}/`));
}

/** Makes the directories of a path one by one, so that no symbolic link of the checkout leads one of them out. */
async function makeInside(top: string, path: string): Promise<boolean> {
  let at = top;
  for (const part of path.split("/").filter((name) => name !== "" && name !== ".")) {
    at = `${at}/${part}`;
    await mkdir(Buffer.from(at, "latin1")).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    });
    if (!(await isRealInside(top, at))) return false;
  }
  return true;
}

function refusal(message: string): HoldfastError {
  return new HoldfastError("UNPROCESSABLE", message);
}
