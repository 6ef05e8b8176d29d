import type { InputPart } from "./input.ts";
import type { FilePart, Part } from "./part.ts";
import type { SourceText } from "./source.ts";

/** Lines of a file, counted from 1; both are meant. */
export type LineWindow = { start: number; end: number };

/** Words of a text that may name a file, or an agent of the agent: `@path`, `@path:10-20`, `@"a path with blanks"`. */
export type Mention = {
  path: string;
  lines?: LineWindow;
  /**
   * It can hardly be anything but a path: quoted, with lines, beginning like one (`./`, `../`, `~/`), or with the ending of a kind of file. Then
   * it is an error when there is no such file; other words, as `@types/node` or `@Override`, are just words.
   */
  isPath: boolean;
  text: SourceText;
};

/** Behind a blank or `(`, so that `name@host` and `\@path` are words. What a bare path cannot hold is quoted. */
const MENTION =
  /(?<=^|[\s(])@(?:"([^"\n]{1,4096})"|([^\s@"'`()<>{},;:]{1,4096}))(?::(\d{1,9})(?:-(\d{1,9}))?(?![\w-]))?/gu;

const BARE = /^[^\s@"'`()<>{},;:]*[^\s@"'`()<>{},;:.!?]$/u;
const BEGINNING = /^(?:~|\.{1,2})\//;
const ENDING =
  /\.(?:[cm]?[jt]sx?|json[c5]?|mdx?|pyi?|ipynb|go|rs|java|kts?|c|h|cc|cpp|hpp|cs|rb|php|swift|scala|lua|ex|exs|erl|zig|dart|sh|bash|zsh|fish|ps1|sql|html?|s?css|less|vue|svelte|astro|xml|ya?ml|toml|ini|cfg|conf|env|lock|txt|csv|tsv|log|proto|graphql|gradle|tf|diff|patch|svg|png|jpe?g|gif|webp|pdf|mp3|wav)$/i;

/** The mentions of a text, in order. Pure: whether there is such a file only the server knows. */
export function mentionsOf(text: string): Mention[] {
  return [...text.matchAll(MENTION)].flatMap((found) => {
    const [, quoted, bare, first, last] = found;
    const isWithLines = first !== undefined;
    // The end of a sentence is not the end of a path.
    const path = quoted ?? (isWithLines ? bare : bare?.replace(/[.!?]+$/, ""));
    if (path === undefined || path === "") return [];
    const value = quoted === undefined && !isWithLines ? `@${path}` : found[0];
    const isPath = quoted !== undefined || isWithLines || BEGINNING.test(path) || ENDING.test(path);
    return [
      {
        path,
        isPath,
        text: { value, start: found.index, end: found.index + value.length },
        ...(isWithLines ? { lines: { start: Number(first), end: Number(last ?? first) } } : {}),
      },
    ];
  });
}

/** A path with a quote or a line break cannot be mentioned. */
export const canBeMentioned = (path: string): boolean => !/["\n]/.test(path);

/** How a path is mentioned: quoted where it holds what would end it. */
export const mentionText = (path: string): string => (BARE.test(path) ? `@${path}` : `@"${path}"`);

/** The lines that the `start` and `end` of a reference name, where they do; a start alone goes to the end of the file. */
export function linesOf(url: string): { start: number; end?: number } | undefined {
  if (!url.startsWith("file:") || !URL.canParse(url)) return undefined;
  const { searchParams } = new URL(url);
  const [start, end] = [searchParams.get("start"), searchParams.get("end")].map((line) =>
    line === null ? undefined : Number(line),
  );
  return start === undefined ? undefined : { start, ...(end === undefined ? {} : { end }) };
}

/** What a file part is called on a screen: the path that was mentioned with its lines, else its name, else the end of its reference. */
export function fileLabel({ source, filename, url }: Pick<FilePart, "source" | "filename" | "url">): string {
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
  return part.type === "file" && part.source?.type === "file" && part.source.text.value.startsWith("@");
}
