/** D-28: what a part shows of a tool's output, 2000 lines or 50 KiB of its head, whichever is less. */
export const OUTPUT_LIMITS = { lines: 2_000, bytes: 50 * 1024 } as const;

/** `whole`: size of the uncut text, present only when something was cut off. */
export type CutOutput = { text: string; whole?: { bytes: number; lines: number } };

/** The head of a text within the limits, never ending inside a surrogate pair. A last line without a line feed counts. */
export function cutOutput(text: string, limits: { lines: number; bytes: number } = OUTPUT_LIMITS): CutOutput {
  const byLines = headByLines(text, limits.lines);
  const head = headByBytes(byLines, limits.bytes);
  if (head.length === text.length) return { text };
  return { text: head, whole: { bytes: Buffer.byteLength(text), lines: countLines(text) } };
}

export function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return text === "" || text.endsWith("\n") ? lines : lines + 1;
}

function headByLines(text: string, limit: number): string {
  let end = 0;
  for (let lines = 0; lines < limit; lines += 1) {
    const at = text.indexOf("\n", end);
    if (at < 0) return text;
    end = at + 1;
  }
  return text.slice(0, end);
}

function headByBytes(text: string, limit: number): string {
  if (text.length <= limit && Buffer.byteLength(text) <= limit) return text;
  let bytes = 0;
  let end = 0;
  for (const point of text.slice(0, limit)) {
    bytes += utf8Length(point.codePointAt(0) ?? 0);
    if (bytes > limit) break;
    end += point.length;
  }
  return text.slice(0, end);
}

function utf8Length(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}
