import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";

export type OutputLimits = { maxLines: number; maxBytes: number };

/** Kept outputs are called so. */
export const OUTPUT_PREFIX = "tool_";

/**
 * The text as the model gets it: whole within the limits; else the end of it that is to be kept, in whole lines where a line fits, and a sentence on where the rest
 * is. `truncated` tells how much was left out. The limits are those of the text itself, without the sentence. `save` gives the path at which the whole text
 * stands now; where it rejects, the sentence says that the rest is gone.
 */
export async function cutOutput(output: {
  text: string;
  keep: "head" | "tail";
  limits: OutputLimits;
  save: (text: string) => Promise<string>;
}): Promise<{ text: string; truncated?: { path?: string; bytes: number; lines: number } }> {
  const { text, keep, limits } = output;
  const kept = keptOf(text, keep, limits);
  if (kept.length === text.length) return { text };
  const lines = Math.max(1, countLines(text) - countLines(kept));
  const bytes = Buffer.byteLength(text) - Buffer.byteLength(kept);
  const path = await output.save(text).catch(() => undefined);
  const where =
    path === undefined
      ? "They could not be kept."
      : `The whole output is in ${path}: look for what you need with grep, or read parts of it with read (offset, limit).`;
  const sentence = `(${lines} lines, ${bytes} bytes ${keep === "head" ? "after" : "before"} this are left out. ${where})`;
  return {
    text: keep === "head" ? `${kept}\n\n${sentence}` : `${sentence}\n\n${kept}`,
    truncated: { ...(path === undefined ? {} : { path }), bytes, lines },
  };
}

/** Where `cutOutput` keeps the whole: a new file of this directory, for its owner alone. */
export function saveOutput(directory: string): (text: string) => Promise<string> {
  return async (text) => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, `${OUTPUT_PREFIX}${randomHex(12)}.txt`);
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    return path;
  };
}

function keptOf(text: string, keep: "head" | "tail", { maxLines, maxBytes }: OutputLimits): string {
  const byLines = keep === "head" ? headLines(text, maxLines) : tailLines(text, maxLines);
  if (Buffer.byteLength(byLines) <= maxBytes) return byLines;
  const bytes = Buffer.from(byLines);
  // A cut in the midst of a character leaves its bytes as replacements at that end.
  if (keep === "head") {
    const piece = bytes
      .subarray(0, maxBytes)
      .toString("utf8")
      .replace(/\ufffd{1,3}$/, "");
    const end = piece.lastIndexOf("\n");
    return end > 0 ? piece.slice(0, end) : piece;
  }
  const piece = bytes
    .subarray(bytes.length - maxBytes)
    .toString("utf8")
    .replace(/^\ufffd{1,3}/, "");
  const start = piece.indexOf("\n");
  return start !== -1 && start < piece.length - 1 ? piece.slice(start + 1) : piece;
}

function headLines(text: string, most: number): string {
  let end = -1;
  for (let line = 0; line < most; line += 1) {
    end = text.indexOf("\n", end + 1);
    if (end === -1) return text;
  }
  return end === text.length - 1 ? text : text.slice(0, end);
}

function tailLines(text: string, most: number): string {
  let start = text.endsWith("\n") ? text.length - 1 : text.length;
  for (let line = 0; line < most; line += 1) {
    start = start === 0 ? -1 : text.lastIndexOf("\n", start - 1);
    if (start === -1) return text;
  }
  return text.slice(start + 1);
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
