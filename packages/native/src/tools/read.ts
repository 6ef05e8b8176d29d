import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { z } from "zod";
import {
  alikeNames,
  isBinary,
  listingOf,
  locate,
  MAX_FILE_BYTES,
  openRegular,
  permitReach,
  plain,
  type Place,
} from "./files/index.ts";
import { LineWindow } from "./line-window.ts";
import { mediaType } from "./media-type.ts";
import { type Tool, type ToolContext, ToolError, type ToolResult } from "./tool.ts";

/** Lines that are given unless it is said how many, and at most. */
const DEFAULT_LINES = 2_000;

/** Bytes of a file that are gone through to find a line. */
const MAX_SEARCHED = 512 * 1024 * 1024;

/** Bytes of an image or a PDF that is attached (session-model 8). */
const MAX_MEDIA_BYTES = 10 * 1024 * 1024;

const PIECE_BYTES = 256 * 1024;

const input = z.object({
  path: z.string().describe("A file or directory, absolute or relative to the workspace."),
  offset: z.int().min(1).optional().describe("The first line, counted from 1."),
  limit: z
    .int()
    .min(1)
    .max(DEFAULT_LINES)
    .optional()
    .describe(`Lines; ${DEFAULT_LINES} by default and at most.`),
});

export const readTool: Tool<typeof input> = {
  id: "read",
  kind: "read",
  description:
    "Reads a text file by lines, each with its number and a colon before it, which are not part of the file; an image or a PDF is attached; of a directory the names in it. Long lines are cut. Read before you change a file.",
  input,
  title: ({ path }) => `Read ${plain(path)}`,
  locations: ({ path, offset }, { directory }) => [
    { path: resolve(directory, path), ...(offset === undefined ? {} : { line: offset }) },
  ],
  async run({ path, offset = 1, limit = DEFAULT_LINES }, context) {
    const place = await locate(context, path);
    const title = `Read ${place.shown}`;
    await permitReach(context, place, { title });
    const found = await stat(place.path).catch(() => undefined);
    if (found?.isDirectory() === true) {
      const { text, entries } = await listingOf(place);
      return { title, output: text, metadata: { entries } };
    }
    const file = await openRegular(place);
    if (file === undefined) throw await missing(place);
    try {
      const { size } = await file.stat();
      const start = Buffer.alloc(8_192);
      const { bytesRead } = await file.read(start, 0, start.length, 0);
      const head = start.subarray(0, bytesRead);
      const mime = mediaType(head);
      if (mime !== undefined) return await attached({ place, title, file, size, mime });
      if (isBinary(head)) throw new ToolError(`${place.shown} is no text: ${size} bytes.`);
      return await windowOf({ place, title, file, size, offset, limit, context });
    } finally {
      await file.close();
    }
  },
};

type Opened = { place: Place; title: string; file: FileHandle; size: number };

async function attached({ place, title, file, size, mime }: Opened & { mime: string }): Promise<ToolResult> {
  if (size > MAX_MEDIA_BYTES)
    throw new ToolError(`${place.shown} has ${size} bytes; the most that is attached is ${MAX_MEDIA_BYTES}.`);
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, 0);
  const data = bytes.subarray(0, bytesRead).toString("base64");
  return {
    title,
    output: `(${mime}, ${bytesRead} bytes, attached)`,
    attachments: [{ mime, filename: plain(basename(place.path)), data }],
  };
}

async function windowOf(
  opened: Opened & { offset: number; limit: number; context: ToolContext },
): Promise<ToolResult> {
  const { place, title, file, size, offset, limit, context } = opened;
  const window = new LineWindow(offset, limit);
  const decoder = new StringDecoder("utf8");
  const hash = createHash("sha256");
  // What can be changed is read to its end: its hash tells later whether it still is what was seen.
  const isWhole = size <= MAX_FILE_BYTES;
  const piece = Buffer.alloc(PIECE_BYTES);
  let at = 0;
  for (;;) {
    context.signal.throwIfAborted();
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const bytes = piece.subarray(0, bytesRead);
    if (isWhole) hash.update(bytes);
    window.push(decoder.write(bytes));
    if (at >= (isWhole ? MAX_FILE_BYTES + PIECE_BYTES : MAX_SEARCHED) || (!isWhole && window.isFull)) break;
  }
  if (!window.isFull) window.push(decoder.end());
  const { text, from, to, lines, isEnd } = window.end(at < size);
  if (from > lines && lines > 0 && isEnd)
    throw new ToolError(`${place.shown} has ${lines} lines; there is no line ${offset}.`);
  if (text === "" && !isEnd) throw new ToolError(`${place.shown} is too large to find line ${offset} in it.`);
  const seen = { path: place.path, hash: hash.digest("hex").slice(0, 32), from, to };
  const replaced = text.includes("\ufffd") ? "\n(Some of it may be no UTF-8 and is shown as \ufffd.)" : "";
  const about = lines === 0 ? "(The file is empty.)" : aboutOf({ from, to, lines, isEnd });
  return {
    title,
    output: text === "" ? about : `${text}\n\n${about}${replaced}`,
    metadata: { from, to, ...(isWhole ? { lines, seen: [seen] } : {}) },
  };
}

function aboutOf({
  from,
  to,
  lines,
  isEnd,
}: {
  from: number;
  to: number;
  lines: number;
  isEnd: boolean;
}): string {
  if (isEnd && to >= lines)
    return from === 1 ? `(The whole file: ${lines} lines.)` : `(To the file's end, line ${lines}.)`;
  return `(Lines ${from} to ${to}${isEnd ? ` of ${lines}` : ""}. Go on with offset ${to + 1}.)`;
}

async function missing({ path, shown }: Place): Promise<ToolError> {
  const directory = dirname(path);
  const names = await readdir(directory).catch(() => undefined);
  if (names === undefined) return new ToolError(`${shown} does not exist, nor does its directory.`);
  const alike = alikeNames(basename(path), names).map((name) => plain(join(dirname(shown), name)));
  return new ToolError(
    `${shown} does not exist.${alike.length === 0 ? "" : ` There is ${alike.join(", ")}. Did you mean one of them?`}`,
  );
}
