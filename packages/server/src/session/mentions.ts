/** What the texts of an input mention: each file, symbol, resource and agent becomes a part behind its text, with the words that it came from. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { extname, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { HoldfastError, isHoldfastError } from "@holdfast/kernel";
import {
  HTTP_LIMITS,
  type InputPart,
  linesOfRange,
  type LineWindow,
  type Mention,
  mentionsOf,
  type ResourceMention,
  resourceMentionsOf,
  type Subagent,
  type SymbolList,
  symbolsNamed,
} from "@holdfast/protocol";
import type { Symbols } from "../symbols/index.ts";
import { type AttachmentScope, FILE_BYTES } from "./file-part.ts";
import { symbolsAt } from "./file-symbols.ts";
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

/** Symbols of one name that a refusal tells. */
const SHOWN_SYMBOLS = 5;

/** Bytes at the beginning of a file that tell text from other content, as git does. */
const LOOKED_AT = 8_000;

/** What a mention may mean beside a file. */
type Known = { subagents?: readonly Subagent[] | undefined; symbols: Symbols };

/**
 * The parts with one for each file and symbol that is mentioned, and each of these agents, once, behind the text that mentions it first. Words that are neither stay
 * words, unless they can only be a path; a name of both is the file. Rejects UNPROCESSABLE, PATH_ESCAPES or TOO_LARGE, naming the mention.
 */
export async function withMentions(
  parts: readonly InputPart[],
  place: AttachmentScope,
  { subagents = [], symbols }: Known,
): Promise<InputPart[]> {
  const all: InputPart[] = [];
  const symbolsIn = readOnce(symbols);
  const known = new Set<string>();
  const looked = new Set<string>();
  let words: number = HTTP_LIMITS.mentionWords;
  for (const part of parts) {
    all.push(part);
    if (part.type !== "text" || part.synthetic === true || part.ignored === true) continue;
    words -= signsIn(part.text, words);
    if (words < 0) throw refusal("An input", `has at most ${HTTP_LIMITS.mentionWords} words with an @`);
    for (const mention of mentionsIn(part.text)) {
      if (looked.has(mention.text.value)) continue;
      if (looked.size === HTTP_LIMITS.mentionLooks)
        throw refusal("An input", `has at most ${HTTP_LIMITS.mentionLooks} words with an @ to look up`);
      looked.add(mention.text.value);
      const found =
        "uri" in mention
          ? referenceTo(mention)
          : ((await fileOf(mention, place, symbolsIn)) ?? agentOf(mention, subagents));
      const key = found === undefined ? undefined : keyOf(found);
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

function agentOf({ path, symbol, text }: Mention, subagents: readonly Subagent[]): AgentInput | undefined {
  if (symbol !== undefined || !subagents.some(({ name }) => name === path)) return undefined;
  return { type: "agent", name: path, source: text };
}

const mentionsIn = (text: string): (Mention | ResourceMention)[] =>
  [...mentionsOf(text), ...resourceMentionsOf(text)].toSorted(
    (one, other) => one.text.start - other.text.start,
  );

/** A reference to the resource; what it holds is read behind this. */
function referenceTo({ server, uri, text }: ResourceMention): FileInput {
  const source = { type: "resource", clientName: server, uri, text } as const;
  return { type: "file", mime: TEXT, url: `mcp://${server}/${uri}`, source };
}

type SymbolsIn = (real: string, shown: string) => Promise<SymbolList>;

/** A file is read once for all that an input mentions of it. */
function readOnce(symbols: Symbols): SymbolsIn {
  const lists = new Map<string, Promise<SymbolList>>();
  return (real, shown) => {
    const list = lists.get(real) ?? symbolsAt(symbols, real, shown);
    lists.set(real, list);
    return list;
  };
}

/** What is taken once: symbols may share their lines. */
function keyOf(part: FileInput | AgentInput): string {
  if (part.type === "agent") return part.name;
  return part.source?.type === "symbol" ? `${part.url} ${part.source.name}` : part.url;
}

async function fileOf(
  mention: Mention,
  place: AttachmentScope,
  symbolsIn: SymbolsIn,
): Promise<FileInput | undefined> {
  const { path, symbol } = mention;
  if (symbol !== undefined) {
    // The name of a file may hold a #.
    const whole = { path: `${path}#${symbol}`, isPath: false, text: mention.text };
    return (await fileOf(whole, place, symbolsIn)) ?? symbolOf(mention, symbol, place, symbolsIn);
  }
  const real = await located(mention, place);
  if (real === undefined) return undefined;
  const { lines, text } = mention;
  const mime = await mimeOf(real, text.value);
  const url = pathToFileURL(real);
  if (lines !== undefined) {
    addLines(url, lines, mime, text.value);
    await requireLine(real, lines.start, text.value);
  }
  const name = nameIn(place, path);
  return { type: "file", mime, filename: name, url: url.href, source: { type: "file", path: name, text } };
}

/** As a path from the directory of the session. */
function nameIn({ directory }: AttachmentScope, path: string): string {
  const name = relative(directory, resolve(directory, path)).split(sep).join("/");
  return name === "" ? "." : name;
}

async function symbolOf(
  mention: Mention,
  symbol: string,
  place: AttachmentScope,
  symbolsIn: SymbolsIn,
): Promise<FileInput | undefined> {
  const { path, text, isPath } = mention;
  const real = await located(mention, place);
  if (real === undefined) return undefined;
  const name = nameIn(place, path);
  const { language, items } = await symbolsIn(real, name);
  const refuse = (why: string) =>
    refusal(text.value, `${why}. Write \\${text.value} where only the words are meant`);
  if (language === undefined) {
    if (!isPath) return undefined;
    throw refuse(
      "names a symbol of a file that has none: they are known of TypeScript, JavaScript, Python, Go and Rust",
    );
  }
  const [found, ...more] = symbolsNamed(items, symbol);
  if (found === undefined) throw refuse(`names no symbol of ${name}`);
  if (more.length > 0) {
    const places = [found, ...more].slice(0, SHOWN_SYMBOLS);
    const shown = places.map((each) => `${each.name} in line ${linesOfRange(each.range).start}`).join(", ");
    throw refuse(`names ${more.length + 1} symbols of ${name} (${shown}): name one in full, or its lines`);
  }
  const url = pathToFileURL(real);
  addLines(url, linesOfRange(found.range), TEXT, text.value);
  return {
    type: "file",
    mime: TEXT,
    filename: name,
    url: url.href,
    source: { type: "symbol", path: name, ...found, text },
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
