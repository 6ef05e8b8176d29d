import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { locate, permitReach, plain, type Place } from "./files/index.ts";
import { listFiles } from "./search/index.ts";
import { findLines, type FoundLine } from "./thread/index.ts";
import { type Tool, type ToolContext, ToolError } from "./tool.ts";

/** Lines that are given. */
const GIVEN = 200;

const input = z.object({
  pattern: z.string().min(1).max(2_000).describe("A JavaScript regular expression, matched line by line."),
  path: z.string().optional().describe("A file or directory; the workspace by default."),
  include: z.string().min(1).max(1_000).optional().describe("Only files that match this glob, as *.ts."),
  ignoreCase: z.boolean().optional(),
  literal: z.boolean().optional().describe("The pattern is plain text."),
});

export const grepTool: Tool<typeof input> = {
  id: "grep",
  kind: "search",
  description:
    "Finds lines in files by a regular expression. What git ignores, and what is no text, is left out.",
  input,
  title: ({ pattern }) => `Search ${plain(pattern)}`,
  locations: ({ path = "." }, { directory }) => [{ path: resolve(directory, path) }],
  async run({ pattern, path = ".", include, ignoreCase = false, literal = false }, context) {
    const place = await locate(context, path);
    const title = `Search ${plain(pattern)}`;
    await permitReach(context, place, { title: `${title} in ${place.shown}` });
    const { source, flags } = expressionOf(literal ? escaped(pattern) : pattern, ignoreCase);
    const { base, files, isCut } = await filesOf(place, context);
    const job = { base, files, source, flags, most: GIVEN, ...(include === undefined ? {} : { include }) };
    const found = await findLines(job, context);
    const shownBase = base === place.path ? place.shown : dirname(place.shown);
    const notes = [
      ...(found.isCut ? [`(Only the first ${GIVEN} lines. Use a narrower pattern, path or include.)`] : []),
      ...(found.isWhole
        ? []
        : ["(The search took too long and was ended: there may be more. Use a simpler pattern.)"]),
      ...(isCut ? ["(There are more files than are looked at. Use a narrower path.)"] : []),
      ...(files.length === 1 && found.passedOver === 1
        ? ["(The file is no text, or too large to be searched.)"]
        : []),
    ];
    const lines = found.lines.length === 0 ? ["No line matches."] : grouped(found.lines, shownBase);
    return { title, output: [...lines, ...notes].join("\n"), metadata: { count: found.lines.length } };
  },
};

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);

/** Models write `(?i)` as other engines take it. */
function expressionOf(pattern: string, ignoreCase: boolean): { source: string; flags: string } {
  const inline = pattern.startsWith("(?i)");
  const source = inline ? pattern.slice("(?i)".length) : pattern;
  const flags = inline || ignoreCase ? "i" : "";
  try {
    return { source: new RegExp(source, flags).source, flags };
  } catch (error) {
    throw new ToolError(
      `${error instanceof Error ? error.message : "The pattern is no regular expression"}.`,
    );
  }
}

async function filesOf(
  place: Place,
  context: ToolContext,
): Promise<{ base: string; files: string[]; isCut: boolean }> {
  const found = await stat(place.path).catch(() => undefined);
  if (found === undefined) throw new ToolError(`${place.shown} does not exist.`);
  if (found.isDirectory()) return { base: place.path, ...(await listFiles(place.path, context)) };
  if (!found.isFile()) throw new ToolError(`${place.shown} is neither a file nor a directory.`);
  return { base: dirname(place.path), files: [basename(place.path)], isCut: false };
}

function grouped(lines: readonly FoundLine[], base: string): string[] {
  const shown: string[] = [];
  let last: string | undefined;
  for (const { file, line, text } of lines) {
    if (file !== last) shown.push(`${last === undefined ? "" : "\n"}${plain(join(base, file))}:`);
    last = file;
    shown.push(`  ${line}: ${text.replaceAll("\0", "\ufffd")}`);
  }
  return shown;
}
