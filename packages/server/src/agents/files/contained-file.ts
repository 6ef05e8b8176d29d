/**
 * Files that an agent reads and writes through its client (A-2, I-6). Paths are resolved on the real file system, symbolic links included.
 *
 * Invariants: nothing outside of the session's directory, nothing of the data directory and nothing of git's own is touched; a write is whole
 * or did not happen; bytes that are no text are never given out as text, so that an agent cannot write them back broken.
 */
import { constants } from "node:fs";
import {
  access,
  type FileHandle,
  lstat,
  mkdir,
  open,
  realpath,
  rename,
  stat,
  unlink,
} from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { HoldfastError, isInside, randomHex } from "@holdfast/kernel";

/** Most bytes of a file that is read or written through here: what a snapshot holds of one file (W-3). */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;

const TEMPORARY_BYTES = 8;

/** Where an agent works, and what it may not touch there. Paths are absolute; they need not be real ones. */
export type FileScope = {
  directory: string;
  dataDirectory: string;
  /** Worktrees of sessions stand here, maybe inside of the data directory: whoever works in one may. */
  worktreeDirectory: string;
};

/** The real path of a file that may not exist yet. Rejects PATH_ESCAPES, for writing also where it is git's own. */
export async function locate(place: FileScope, named: string, use: "read" | "write"): Promise<string> {
  const root = await realDirectory(place.directory);
  const target = named.includes("\0") ? undefined : await realTarget(resolve(root, named));
  if (target === undefined || target === root || !isInside(root, target)) {
    throw escapes(named, "is not inside of the session's directory");
  }
  const [data, worktrees] = await Promise.all([
    realDirectory(place.dataDirectory),
    realDirectory(place.worktreeDirectory),
  ]);
  // Who works in a worktree there stays in it; from elsewhere the worktrees of others are Holdfast's own.
  if (isInside(data, target) && !isInside(worktrees, root)) {
    throw escapes(named, "belongs to Holdfast itself");
  }
  if (use === "write" && relative(root, target).split(sep).some(isGitName))
    throw escapes(named, "is git's own, which is not written through here");
  return target;
}

/** A path that `locate` answered, as a person knows it. */
export async function shownPath(place: FileScope, path: string): Promise<string> {
  return relative(await realDirectory(place.directory), path);
}

/**
 * Lines of a text file: `line` counts from 1, `limit` is a number of lines. Rejects NOT_FOUND, TOO_LARGE, and UNPROCESSABLE for what is no
 * file or no UTF-8.
 */
export async function readLines(path: string, range: { line: number; limit?: number }): Promise<string> {
  const file = await openRegular(path, constants.O_RDONLY);
  try {
    return linesOf(decode(path, await readWhole(path, file)), range.line, range.limit);
  } finally {
    await file.close();
  }
}

/** The content of any regular file. Rejects NOT_FOUND, TOO_LARGE, and UNPROCESSABLE for what is no file. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const file = await openRegular(path, constants.O_RDONLY);
  try {
    return await readWhole(path, file);
  } finally {
    await file.close();
  }
}

/**
 * Replaces or makes a file, and the directories that it needs; the permissions of an existing one stay. The path is one that `locate` answered.
 * Rejects TOO_LARGE, and UNPROCESSABLE for what is no file or must not be written.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > MAX_FILE_BYTES) throw tooLarge(path, bytes.length);
  const mode = await modeOf(path);
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = join(directory, `.${basename(path).slice(0, 64)}.${randomHex(TEMPORARY_BYTES)}.tmp`);
  const file = await open(temporary, "wx", mode ?? 0o666);
  try {
    await fill(file, bytes, mode);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await sync(directory);
}

/** The real path of the deepest ancestor that exists, and the rest as it is; `undefined` for a link that leads nowhere. */
async function realTarget(target: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = target; ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...missing);
    } catch (error) {
      if (!isMissing(error) || (await isThere(at)) || dirname(at) === at) return undefined;
      missing.unshift(basename(at));
    }
  }
}

async function realDirectory(path: string): Promise<string> {
  return (await realTarget(resolve(path))) ?? resolve(path);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Without waiting for a pipe's other end, and not through a link that was made meanwhile. */
async function openRegular(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(
    (error: unknown) => {
      throw isMissing(error)
        ? new HoldfastError("NOT_FOUND", `${path} does not exist.`)
        : unusable(path, "cannot be opened");
    },
  );
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw unusable(path, "is no regular file");
}

async function readWhole(path: string, file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  if (size > MAX_FILE_BYTES) throw tooLarge(path, size);
  const pieces: Buffer[] = [];
  let read = 0;
  for (;;) {
    // One byte more than it should have: a file that grows is noticed.
    const piece = Buffer.alloc(Math.max(1, size + 1 - read));
    const { bytesRead } = await file.read(piece, 0, piece.length, read);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, bytesRead));
    read += bytesRead;
    if (read > MAX_FILE_BYTES) throw tooLarge(path, read);
  }
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unusable(path, "is no text in UTF-8");
  }
}

/** Whole lines with their ends, as they are in the file. */
function linesOf(text: string, line: number, limit: number | undefined): string {
  const start = skipLines(text, 0, line - 1);
  return text.slice(start, limit === undefined ? undefined : skipLines(text, start, limit));
}

function skipLines(text: string, from: number, count: number): number {
  let at = from;
  for (let skipped = 0; skipped < count && at < text.length; skipped += 1) {
    const end = text.indexOf("\n", at);
    at = end === -1 ? text.length : end + 1;
  }
  return at;
}

/** Permissions of the file that is there; `undefined` when there is none. */
async function modeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw unusable(path, "is no regular file");
  await access(path, constants.W_OK).catch(() => {
    throw unusable(path, "is read-only");
  });
  return found.mode & 0o7777;
}

async function fill(file: FileHandle, bytes: Buffer, mode: number | undefined): Promise<void> {
  try {
    await file.writeFile(bytes);
    // The umask took what the old file had.
    if (mode !== undefined) await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isGitName = (name: string): boolean => name.toLowerCase() === ".git";

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function escapes(path: string, why: string): HoldfastError {
  return new HoldfastError("PATH_ESCAPES", `${JSON.stringify(path.slice(0, 1_024))} ${why}.`);
}

function unusable(path: string, why: string): HoldfastError {
  return new HoldfastError("UNPROCESSABLE", `${path} ${why}.`);
}

function tooLarge(path: string, bytes: number): HoldfastError {
  return new HoldfastError("TOO_LARGE", `${path} has ${bytes} bytes; the most is ${MAX_FILE_BYTES}.`);
}
