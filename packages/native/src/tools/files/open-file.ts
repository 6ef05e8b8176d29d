/** Opening and reading files that may be anything: never a device or a pipe, never more than there is room for. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { errorText } from "@holdfast/kernel";
import { ToolError } from "../tool.ts";
import { isMissing, type Place } from "./place.ts";

/** Most bytes of a file that is taken whole, or written: what a snapshot holds of one file (W-3). */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** Undefined when there is nothing. Rejects with a `ToolError` for what is no regular file, without touching it: opening a device may already do something. */
export async function openRegular({ path, shown }: Place): Promise<FileHandle | undefined> {
  try {
    if (!(await lstat(path)).isFile()) throw notRegular(shown);
    // Neither waiting for a pipe's other end nor through a link, should it or a directory on the way have become one meanwhile.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if ((await file.stat()).isFile() && (await realpath(path)) === path) return file;
    await file.close();
    throw notRegular(shown);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    if (isMissing(error)) return undefined;
    throw new ToolError(`${shown} cannot be opened: ${errorText(error)}`);
  }
}

/** The whole content; undefined when there is nothing. Rejects with a `ToolError` for what is no regular file or too large. */
export async function readBytes(place: Place): Promise<Buffer | undefined> {
  const file = await openRegular(place);
  if (file === undefined) return undefined;
  try {
    return await readWhole(place, file);
  } finally {
    await file.close();
  }
}

async function readWhole({ shown }: Place, file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const pieces: Buffer[] = [];
  let read = 0;
  for (;;) {
    if (Math.max(size, read) > MAX_FILE_BYTES)
      throw new ToolError(
        `${shown} has ${Math.max(size, read)} bytes; the most that is changed is ${MAX_FILE_BYTES}.`,
      );
    // One byte more than it should have: a file that grows is noticed.
    const piece = Buffer.alloc(Math.max(4_096, size + 1 - read));
    const { bytesRead } = await file.read(piece, 0, piece.length, read);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, bytesRead));
    read += bytesRead;
  }
}

/** Tells one content from another. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32);
}

function notRegular(shown: string): ToolError {
  return new ToolError(
    `${shown} is no regular file: directories are listed; pipes, sockets and devices are not opened.`,
  );
}
