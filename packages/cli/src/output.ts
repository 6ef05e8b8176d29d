/** Writing for people and for programs: results on stdout, everything else on stderr (I-10). */
import pc from "picocolors";
import type { Settings } from "./config.ts";

const { createColors } = pc;

export type Output = {
  /** Colours of the two streams; plain when they should be. */
  out: ReturnType<typeof createColors>;
  err: ReturnType<typeof createColors>;
  /** A line of the result. */
  line(text: string): void;
  /** A piece of the result, as it is. */
  write(text: string): void;
  /** One object on one line. */
  json(value: unknown): void;
  /** Progress, hints, complaints. */
  note(text: string): void;
  /** Columns of equal width; the last is not padded. */
  table(rows: readonly (readonly string[])[]): void;
};

export function createOutput(settings: Pick<Settings, "stdoutColor" | "stderrColor">): Output {
  const isTerminal = process.stdout.isTTY;
  const safe = (text: string) => (isTerminal ? withoutControls(text) : text);
  return {
    out: createColors(settings.stdoutColor),
    err: createColors(settings.stderrColor),
    line: (text) => void process.stdout.write(`${text}\n`),
    write: (text) => void process.stdout.write(safe(text)),
    json: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    table: (rows) => void process.stdout.write(tableText(rows)),
  };
}

/** Text of others may not steer the terminal: control characters but line feed and tab are shown as U+FFFD. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}

/** One line of at most `width` characters of somebody's text. */
export function oneLine(text: string, width = 80): string {
  const line = withoutControls(text.replaceAll(/\s+/g, " ").trim());
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

function tableText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows
    .map(
      (row) =>
        `${row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join("  ")}\n`,
    )
    .join("");
}

/** `3 min ago`, for lists. */
export function ago(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
