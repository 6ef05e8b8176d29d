/** What the texts of an input mention: each file and agent becomes a part behind its text, with the words that it came from. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { extname, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { HoldfastError, isHoldfastError } from "@holdfast/kernel";
import {
  HTTP_LIMITS,
  type InputPart,
  type LineWindow,
  type Mention,
  mentionsOf,
  type Subagent,
} from "@holdfast/protocol";
import { type AttachmentScope, FILE_BYTES } from "./file-part.ts";
import { resolveInWorkspace } from "./workspace-path.ts";

type FileInput = Extract<InputPart, { type: "file" }>;
type AgentInput = Extract<InputPart, { type: "agent" }>;

const TEXT = "text/plain";
const DIRECTORY = "application/x-directory";
/** What is no text, and no picture that models take. */
const UNKNOWN = "application/octet-stream";

/** Kinds of files that are given to a model as they are; everything else is text, or nothing that a model reads. */
const MEDIA: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".pdf": "application/pdf",
  ".mp3": "audio/mpeg",
  ".wav": "audio/wav",
};

/** Where a word begins that may be a mention. */
const SIGN = /(?<=^|[\s(])@/g;

/** Bytes at the beginning of a file that tell text from other content, as git does. */
const LOOKED_AT = 8_000;

/**
 * The parts with one for each file that is mentioned, and each of these agents, once, behind the text that mentions it first. Words that are neither stay
 * words, unless they can only be a path; a name of both is the file. Rejects UNPROCESSABLE, PATH_ESCAPES or TOO_LARGE, naming the mention.
 */
export async function withMentions(
  parts: readonly InputPart[],
  place: AttachmentScope,
  subagents: readonly Subagent[] = [],
): Promise<InputPart[]> {
  const all: InputPart[] = [];
  const known = new Set<string>();
  const looked = new Set<string>();
  let words: number = HTTP_LIMITS.mentionWords;
  for (const part of parts) {
    all.push(part);
    if (part.type !== "text" || part.synthetic === true || part.ignored === true) continue;
    words -= signsIn(part.text, words);
    if (words < 0) throw refusal("An input", `has at most ${HTTP_LIMITS.mentionWords} words with an @`);
    for (const mention of mentionsOf(part.text)) {
      if (looked.has(mention.text.value)) continue;
      if (looked.size === HTTP_LIMITS.mentionLooks)
        throw refusal("An input", `has at most ${HTTP_LIMITS.mentionLooks} words with an @ to look up`);
      looked.add(mention.text.value);
      const found = (await fileOf(mention, place)) ?? agentOf(mention, subagents);
      const key = found?.type === "file" ? found.url : found?.name;
      if (found === undefined || key === undefined || known.has(key)) continue;
      if (known.size === HTTP_LIMITS.mentions)
        throw refusal("An input", `mentions at most ${HTTP_LIMITS.mentions} files and agents`);
      known.add(key);
      all.push(found);
    }
  }
  return all;
}

/** How many words of a text may be mentions; one more than `most` stands for all that are more. */
function signsIn(text: string, most: number): number {
  let count = 0;
  for (const _ of text.matchAll(SIGN)) {
    count += 1;
    if (count > most) break;
  }
  return count;
}

function agentOf({ path, text }: Mention, subagents: readonly Subagent[]): AgentInput | undefined {
  if (!subagents.some(({ name }) => name === path)) return undefined;
  return { type: "agent", name: path, source: text };
}

async function fileOf(mention: Mention, place: AttachmentScope): Promise<FileInput | undefined> {
  const { path, lines, text } = mention;
  const real = await located(mention, place);
  if (real === undefined) return undefined;
  const mime = await mimeOf(real, text.value);
  const name = relative(place.directory, resolve(place.directory, path)).split(sep).join("/");
  const url = pathToFileURL(real);
  if (lines !== undefined) {
    addLines(url, lines, mime, text.value);
    await requireLine(real, lines.start, text.value);
  }
  return {
    type: "file",
    mime,
    filename: name === "" ? "." : name,
    url: url.href,
    source: { type: "file", path: name === "" ? "." : name, text },
  };
}

/** The real path; `undefined` for words. */
async function located({ path, isPath, text }: Mention, place: AttachmentScope): Promise<string | undefined> {
  try {
    return await resolveInWorkspace(place.directory, path, place.reserved);
  } catch (refusal) {
    if (!isHoldfastError(refusal)) throw refusal;
    if (!isPath) return undefined;
    const what =
      refusal.code === "PATH_ESCAPES"
        ? `${text.value} leads out of ${place.directory}.`
        : `There is no ${path} in ${place.directory}.`;
    throw new HoldfastError(refusal.code, `${what} Write \\${text.value} where only the words are meant.`);
  }
}

function addLines(url: URL, { start, end }: LineWindow, mime: string, words: string): void {
  if (mime !== TEXT) throw refusal(words, "has no lines: it is no text");
  if (start < 1 || end < start) throw refusal(words, "names lines that there cannot be");
  url.searchParams.set("start", String(start));
  url.searchParams.set("end", String(end));
}

/** Lines behind the end of a file would be nothing. What is too large to be taken whole is not counted. */
async function requireLine(path: string, line: number, words: string): Promise<void> {
  const file = await opened(path, words);
  try {
    if ((await file.stat()).size > FILE_BYTES) return;
    const lines = (await file.readFile("utf8")).split("\n");
    const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
    if (line > count) throw refusal(words, `names lines that are not there: the file has ${count}`);
  } finally {
    await file.close();
  }
}

/** Without waiting for a pipe's other end. */
const opened = (path: string, words: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => {
    throw refusal(words, "cannot be read");
  });

async function mimeOf(path: string, words: string): Promise<string> {
  const file = await opened(path, words);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) return DIRECTORY;
    if (!stats.isFile()) throw refusal(words, "is no regular file");
    const mime = MEDIA[extname(path).toLowerCase()] ?? ((await isText(file)) ? TEXT : UNKNOWN);
    if (mime !== TEXT && mime !== UNKNOWN && stats.size > FILE_BYTES)
      throw new HoldfastError("TOO_LARGE", `${words} has ${stats.size} bytes; the most is ${FILE_BYTES}.`);
    return mime;
  } finally {
    await file.close();
  }
}

async function isText(file: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOKED_AT), 0, LOOKED_AT, 0);
  return !buffer.subarray(0, bytesRead).includes(0);
}

const refusal = (words: string, why: string): HoldfastError =>
  new HoldfastError("UNPROCESSABLE", `${words} ${why}.`);
