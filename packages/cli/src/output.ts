/** Writing for people and for programs: results on stdout, everything else on stderr (I-10). */
import { cutText, visibleText } from "@holdfast/protocol";
import pc from "picocolors";
import stringWidth from "string-width";
import { shorten } from "./columns.ts";
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
  /** A piece of the result that people decide by: as it is for a program, with its marks on a terminal (I-23). */
  exact(text: string): void;
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
    exact: (text) => void process.stdout.write(isTerminal ? visibleLines(text) : text),
    json: (value) => void process.stdout.write(`${jsonLine(value)}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    table: (rows) => void process.stdout.write(tableText(rows)),
  };
}

/** Text of others may not steer the terminal: control characters but line feed and tab are shown as U+FFFD. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}

/** One line of at most `width` columns of somebody's words, and the marks of what would not be seen (I-23). */
export function oneLine(text: string, width = 80): string {
  return visibleText(shorten(text.replaceAll(/\s+/g, " ").trim(), width), "words");
}

/** A path, a pattern or a command on one line: whole, or with how much of it is left out behind `limit` characters (I-23). */
export function exactLine(text: string, limit = text.length): string {
  return exact(text, "line", { characters: limit, lines: text.length + 1 });
}

/** A command to be typed: what a shell would not take as it is stands in quotes. */
export function shellLine(words: readonly string[]): string {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  return words.map((word) => (/^[\w%+,./:=@-]+$/.test(word) ? word : exactLine(quoted(word)))).join(" ");
}

/** A text that somebody decides by, with its marks; what is over the limit is left out between its beginning and its end, and counted. */
export function exact(
  text: string,
  kind: "line" | "block",
  limit: Parameters<typeof cutText>[1] | undefined,
): string {
  const cut = limit && cutText(text, limit);
  if (cut === undefined) return visibleText(text, kind);
  return `${visibleText(cut.head, kind)}<+${cut.left} characters>${visibleText(cut.tail, kind)}`;
}

/** The lines of a patch with their marks; the sign before each is git's. */
export function visibleLines(patch: string): string {
  return patch
    .split("\n")
    .map((line) => line.slice(0, 1) + visibleText(line.slice(1), "block"))
    .join("\n");
}

/** JSON that cannot steer a terminal: what would not be seen is escaped, which is the same to a program. */
function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]--[ ]]/gv, (char) =>
    char
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

function tableText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, stringWidth(cell))));
  const pad = (cell: string, index: number) => cell + " ".repeat((widths[index] ?? 0) - stringWidth(cell));
  return rows.map((row) => `${[...row.slice(0, -1).map(pad), ...row.slice(-1)].join("  ")}\n`).join("");
}

/** `3 min ago`, for lists. */
export function ago(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** When something comes, for people: the time, and the day unless it is today. */
export function moment(time: number, now = Date.now()): string {
  const at = new Date(time);
  const isToday = at.toDateString() === new Date(now).toDateString();
  return isToday ? at.toLocaleTimeString() : at.toLocaleString();
}

/** How long something lasts still: `50 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
