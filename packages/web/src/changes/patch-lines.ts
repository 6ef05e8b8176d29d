/** A patch as lines in blocks, one block for each hunk that can be decided about by itself (W-6). Pure. */
import type { Change, Hunk } from "@holdfast/protocol";
import { parsePatch } from "diff";

export type PatchLine = {
  kind: "added" | "removed" | "same";
  text: string;
  /** Numbers from 1, of the side or sides that have the line. */
  old?: number;
  new?: number;
  /** The last line of a file that ends without a line break. */
  isUnended?: boolean;
};

/** `hunk`: undefined for lines that no named hunk accounts for. `gap`: lines left out before. */
export type PatchBlock = { hunk: Hunk | undefined; gap: number; lines: PatchLine[] };

/** The blocks of a patch; what stands before its first section is left out. What is no patch is shown as it is. */
export function blocksOf(patch: string, hunks: readonly Hunk[]): PatchBlock[] {
  const sections = sectionsOf(patch);
  if (sections === undefined) {
    const lines = patch.replace(/\n$/, "").split("\n");
    return [{ hunk: undefined, gap: 0, lines: lines.map((text) => ({ kind: "same", text })) }];
  }
  const owner = ownersOf(hunks);
  const blocks: PatchBlock[] = [];
  let end = 1;
  for (const { oldStart, newStart, lines } of sections) {
    const at = { old: oldStart, new: newStart };
    let block: PatchBlock = { hunk: undefined, gap: at.new - end, lines: [] };
    blocks.push(block);
    for (const raw of lines) {
      const line = lineOf(raw, at);
      const last = block.lines.at(-1);
      if (line !== undefined) block = put(blocks, block, line, owner(line));
      else if (last !== undefined) last.isUnended = true;
    }
    end = at.new;
  }
  return blocks;
}

function sectionsOf(patch: string) {
  try {
    return parsePatch(patch).flatMap(({ hunks }) => hunks);
  } catch {
    return undefined;
  }
}

/** A line of another hunk begins a block; lines that did not change stay with the block before them. Answers with the line's block. */
function put(blocks: PatchBlock[], block: PatchBlock, line: PatchLine, hunk: Hunk | undefined): PatchBlock {
  if (line.kind !== "same" && hunk !== block.hunk) {
    if (block.hunk !== undefined || block.lines.some(({ kind }) => kind !== "same")) {
      const next = { hunk, gap: 0, lines: [line] };
      blocks.push(next);
      return next;
    }
    block.hunk = hunk;
  }
  block.lines.push(line);
  return block;
}

/** Undefined for what is said about the line before. */
function lineOf(raw: string, at: { old: number; new: number }): PatchLine | undefined {
  const text = raw.slice(1);
  switch (raw[0]) {
    case "+":
      return { kind: "added", text, new: at.new++ };
    case "-":
      return { kind: "removed", text, old: at.old++ };
    case "\\":
      return undefined;
    default:
      return { kind: "same", text, old: at.old++, new: at.new++ };
  }
}

function ownersOf(hunks: readonly Hunk[]): (line: PatchLine) => Hunk | undefined {
  const [old, now] = [new Map<number, Hunk>(), new Map<number, Hunk>()];
  for (const hunk of hunks) {
    for (let line = 0; line < hunk.oldLines; line += 1) old.set(hunk.oldStart + line, hunk);
    for (let line = 0; line < hunk.newLines; line += 1) now.set(hunk.newStart + line, hunk);
  }
  return ({ kind, old: oldLine = 0, new: newLine = 0 }) =>
    kind === "removed" ? old.get(oldLine) : kind === "added" ? now.get(newLine) : undefined;
}

/** What a hunk is called: its lines now, or where its lines were. */
export function rangeOf({ oldStart, oldLines, newStart, newLines }: Hunk): string {
  const [start, lines, word] =
    newLines > 0 ? [newStart, newLines, "line"] : [oldStart, oldLines, "deleted line"];
  return lines === 1 ? `${word} ${start}` : `${word}s ${start}–${start + lines - 1}`;
}

/** The language of a file by its name, as the colouring knows it; "" where it does not. */
export function languageOf({ path }: Pick<Change, "path">): string {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (name === "dockerfile") return "docker";
  if (name === "makefile") return "make";
  const ending = name.slice(name.lastIndexOf(".") + 1);
  return LANGUAGES[ending] ?? "";
}

const LANGUAGES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "c",
      "cpp",
      "css",
      "go",
      "html",
      "java",
      "json",
      "jsonc",
      "jsx",
      "lua",
      "php",
      "scala",
      "sql",
      "swift",
    ].map((name) => [name, name]),
  ),
  ...Object.fromEntries(["toml", "tsx", "xml", "yaml", "zig", "graphql"].map((name) => [name, name])),
  bash: "bash",
  cc: "cpp",
  cjs: "javascript",
  cs: "csharp",
  cts: "typescript",
  h: "c",
  hpp: "cpp",
  js: "javascript",
  kt: "kotlin",
  md: "markdown",
  mjs: "javascript",
  mts: "typescript",
  ps1: "powershell",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sh: "bash",
  svg: "xml",
  ts: "typescript",
  yml: "yaml",
};
