import { constants } from "node:fs";
import { glob, open, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { isInside } from "@holdfast/kernel";
import { FILE_CHARACTERS, type InstructionSources } from "./instructions.ts";

const MOST_PATHS = 200;
/** No more than this is read of a file or a page: UTF-8 has at most four bytes for a character. */
const MOST_BYTES = FILE_CHARACTERS * 4;

/** Files of this machine, and pages. */
export const instructionSources: InstructionSources = {
  async readText(path, within) {
    const real = await realpath(path);
    if (within !== undefined && !isInside(await realpath(within), real))
      throw new Error(`${path} leads out of ${within}.`);
    // A pipe that nobody writes to would hold whoever opens it.
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      // A pipe or a device would never end.
      if (!(await file.stat()).isFile()) throw new Error(`${path} is no file.`);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MOST_BYTES) });
      return buffer.subarray(0, bytesRead).toString("utf8");
    } finally {
      await file.close();
    }
  },
  async glob(pattern, directory) {
    const found: string[] = [];
    for await (const path of glob(pattern, { cwd: directory })) {
      found.push(resolve(directory, path));
      if (found.length >= MOST_PATHS) break;
    }
    return found;
  },
  async fetchText(url, signal) {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
    return textOf(response);
  },
};

async function textOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) break;
  }
  return Buffer.concat(pieces).toString("utf8");
}
