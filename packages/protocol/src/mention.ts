import type { InputPart } from "./input.ts";
import type { FilePart, Part } from "./part.ts";
import type { SourceText } from "./source.ts";
import { type FileSymbol, linesOfRange, symbolsNamed } from "./symbol.ts";

/** Lines of a file, counted from 1; both are meant. */
export type LineWindow = { start: number; end: number };

/** Words of a text that may name a file, or an agent of the agent: `@path`, `@path:10-20`, `@path#symbol`, `@"a path with blanks"`. */
export type Mention = {
  path: string;
  lines?: LineWindow;
  /** What is named in the file. A bare path may hold a `#` itself: where there is such a file, that is meant. */
  symbol?: string;
  /**
   * It can hardly be anything but a path: quoted, with lines, beginning like one (`./`, `../`, `~/`), or with the ending of a kind of file. Then
   * it is an error when there is no such file; other words, as `@types/node` or `@Override`, are just words.
   */
  isPath: boolean;
  text: SourceText;
};

const SYMBOL = /[\p{L}\p{N}_$](?:[\p{L}\p{N}\p{M}_$.#]{0,255}[\p{L}\p{N}\p{M}_$])?/u.source;
const WHOLE_SYMBOL = new RegExp(`^${SYMBOL}$`, "u");

/** Behind a blank or `(`, so that `name@host` and `\@path` are words. What a bare path cannot hold is quoted. */
const MENTION = new RegExp(
  `(?<=^|[\\s(])@(?:"([^"\\n]{1,4096})"(?:#(${SYMBOL}))?|([^\\s@"'\`()<>{},;:]{1,4096}))(?::(\\d{1,9})(?:-(\\d{1,9}))?(?![\\w-]))?`,
  "gu",
);

const BARE = /^[^\s@"'`()<>{},;:]*[^\s@"'`()<>{},;:.!?]$/u;
const BEGINNING = /^(?:~|\.{1,2})\//;
const ENDING =
  /\.(?:[cm]?[jt]sx?|json[c5]?|mdx?|pyi?|ipynb|go|rs|java|kts?|c|h|cc|cpp|hpp|cs|rb|php|swift|scala|lua|ex|exs|erl|zig|dart|sh|bash|zsh|fish|ps1|sql|html?|s?css|less|vue|svelte|astro|xml|ya?ml|toml|ini|cfg|conf|env|lock|txt|csv|tsv|log|proto|graphql|gradle|tf|diff|patch|svg|png|jpe?g|gif|webp|pdf|mp3|wav)$/i;

/** The mentions of a text, in order. Pure: whether there is such a file only the server knows. */
export function mentionsOf(text: string): Mention[] {
  return [...text.matchAll(MENTION)].flatMap((found) => {
    const [, quoted, quotedSymbol, bare, first, last] = found;
    const isWithLines = first !== undefined && quotedSymbol === undefined;
    // The end of a sentence is not the end of a path.
    const named = quoted ?? (isWithLines ? bare : withoutEnd(bare ?? "", ".!?"));
    if (
      named === undefined ||
      named === "" ||
      text.startsWith("mcp://", found.index + (quoted === undefined ? 1 : 2))
    )
      return [];
    const isBare = quoted === undefined && !isWithLines;
    // A symbol has its lines already: what stands behind it is no part of the mention.
    const whole = quotedSymbol === undefined ? found[0] : `@"${quoted}"#${quotedSymbol}`;
    const value = isBare ? `@${named}` : whole;
    const split = isBare ? splitSymbol(named) : undefined;
    const path = split?.path ?? named;
    const symbol = split?.symbol ?? quotedSymbol;
    const isPath =
      quoted !== undefined || isWithLines || BEGINNING.test(path) || ENDING.test(path) || ENDING.test(named);
    return [
      {
        path,
        isPath,
        text: { value, start: found.index, end: found.index + value.length },
        ...(isWithLines ? { lines: { start: Number(first), end: Number(last ?? first) } } : {}),
        ...(symbol === undefined ? {} : { symbol }),
      },
    ];
  });
}

/** Signs of a symbol that are tried in one path. */
const MOST_SIGNS = 8;

/** At the first `#` with a name behind it: names may hold one, as `#field` of a class does. */
function splitSymbol(named: string): { path: string; symbol: string } | undefined {
  let at = 0;
  for (let tries = 0; tries < MOST_SIGNS; tries += 1) {
    at = named.indexOf("#", at + 1);
    if (at === -1) return undefined;
    const symbol = named.slice(at + 1);
    if (WHOLE_SYMBOL.test(symbol)) return { path: named.slice(0, at), symbol };
  }
  return undefined;
}

/** The text without these characters at its end, found in one pass. */
function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Words that name a resource of an MCP server: `@mcp://server/uri`, with the name that the server has in the session and the URI as it tells it. */
export type ResourceMention = { server: string; uri: string; text: SourceText };

const RESOURCE = /(?<=^|[\s(])@(?:"(mcp:\/\/[^"\n]{1,4096})"|(mcp:\/\/[^\s"'`<>{}]{1,4096}))/gu;
const REFERENCE = /^mcp:\/\/([A-Za-z][\w-]{0,63})\/(.+)$/su;

/** The server and URI of a reference to a resource. */
export function resourceOf(url: string): { server: string; uri: string } | undefined {
  const [, server, uri] = REFERENCE.exec(url) ?? [];
  return server === undefined || uri === undefined ? undefined : { server, uri };
}

/** The resources that a text mentions, in order. */
export function resourceMentionsOf(text: string): ResourceMention[] {
  return [...text.matchAll(RESOURCE)].flatMap((found) => {
    const [, quoted, bare = ""] = found;
    const url = quoted ?? withoutEnd(bare, ".,;:!?)]");
    const named = resourceOf(url);
    if (named === undefined) return [];
    const value = quoted === undefined ? `@${url}` : found[0];
    return [{ ...named, text: { value, start: found.index, end: found.index + value.length } }];
  });
}

/** How a resource is mentioned; `undefined` for a URI that would end its own mention. */
export function resourceMention(server: string, uri: string): string | undefined {
  const url = `mcp://${server}/${uri}`;
  return [`@${url}`, `@"${url}"`].find((words) => resourceMentionsOf(words)[0]?.text.value === words);
}

/** A path with a quote or a line break cannot be mentioned. */
export const canBeMentioned = (path: string): boolean => !/["\n]/.test(path);

/** How a path is mentioned: quoted where it holds what would end it. */
export const mentionText = (path: string): string => (BARE.test(path) ? `@${path}` : `@"${path}"`);

/** How a symbol of a file is mentioned; by its lines where its name says too little, or is no name that can be written. */
export function symbolMention(path: string, symbol: FileSymbol, others: readonly FileSymbol[]): string {
  const { name, range } = symbol;
  const isBare = BARE.test(path) && !path.includes("#");
  const file = isBare ? `@${path}` : `@"${path}"`;
  if (WHOLE_SYMBOL.test(name) && symbolsNamed(others, name).length === 1) return `${file}#${name}`;
  const { start, end } = linesOfRange(range);
  return `${file}:${start}-${end}`;
}

/** The lines that the `start` and `end` of a reference name, where they do; a start alone goes to the end of the file. */
export function linesOf(url: string): { start: number; end?: number } | undefined {
  if (!url.startsWith("file:") || !URL.canParse(url)) return undefined;
  const { searchParams } = new URL(url);
  const [start, end] = [searchParams.get("start"), searchParams.get("end")].map((line) =>
    line === null ? undefined : Number(line),
  );
  return start === undefined ? undefined : { start, ...(end === undefined ? {} : { end }) };
}

/** What a file part is called on a screen: the path that was mentioned with its symbol or lines, else its name, else the end of its reference. */
export function fileLabel({ source, filename, url }: Pick<FilePart, "source" | "filename" | "url">): string {
  if (source?.type === "resource") return source.uri;
  if (source?.type === "symbol") return `${source.path}#${source.name}`;
  const lines = linesOf(url);
  const name = (source?.type === "file" ? source.path : filename) ?? nameOf(url);
  if (lines === undefined) return name;
  return lines.end === undefined || lines.end === lines.start
    ? `${name}:${lines.start}`
    : `${name}:${lines.start}-${lines.end}`;
}

/** The last segment of a reference; stored content without a name is just a file. */
function nameOf(url: string): string {
  if (url.startsWith("blob:")) return "file";
  const path = url.split(/[?#]/)[0] ?? url;
  return path.split("/").findLast((segment) => segment !== "") ?? url;
}

/** Whether a part stands in the words of its message already, because it was mentioned there as `@...`. */
export function isMentioned(part: InputPart | Part): boolean {
  if (part.type === "agent") return part.source?.value.startsWith("@") === true;
  return part.type === "file" && part.source?.text.value.startsWith("@") === true;
}
