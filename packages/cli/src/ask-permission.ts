import type { Permission, PermissionReply } from "@holdfast/protocol";
import { askLines, type Streams } from "./ask-lines.ts";
import { exact, exactLine, type Output } from "./output.ts";

/** What of an argument is shown at once; of a title; and how many arguments or patterns. The rest is counted, and shown when it is asked for (I-23). */
const SHOWN = { characters: 4_000, lines: 60 };
const SHOWN_TITLE = 200;
const SHOWN_ENTRIES = 40;

/** What a person may type, and what it means. */
export const ANSWERS: Readonly<Record<string, PermissionReply>> = {
  o: "once",
  once: "once",
  y: "once",
  yes: "once",
  a: "always",
  always: "always",
  r: "reject",
  reject: "reject",
  n: "reject",
  no: "reject",
};

/** Asks the person at the terminal, until there is an answer that can be understood; undefined when there is none to come, as in `askLines`. */
export function askPermission(
  permission: Permission,
  output: Output,
  signal: AbortSignal,
  streams?: Streams,
): Promise<PermissionReply | undefined> {
  const ask = "\n  [o]nce, [a]lways, [r]eject, [s]how all: ";
  let question = requestText(permission, output.err) + ask;
  return askLines(question, signal, streams, (line) => {
    const answer = ANSWERS[line.trim().toLowerCase()];
    if (answer !== undefined) return { answer };
    if (/^s(how)?( all)?$/i.test(line.trim())) question = requestText(permission, output.err, "all") + ask;
    return { ask: question };
  });
}

/**
 * Who asks for what, with its arguments, as lines for a person: complete, or visibly cut with the way to all of it; and with a mark for each character that
 * would not be seen (I-23).
 */
export function requestText(
  permission: Permission,
  colors: Output["err"],
  extent: "shortened" | "all" = "shortened",
): string {
  const { id, agent, tool, title, kind, args, patterns } = permission;
  const isShort = extent === "shortened";
  const texts = Object.entries(args).map(([key, value]) => ({
    key: exactLine(key, isShort ? 40 : undefined),
    text: typeof value === "string" ? value : JSON.stringify(value),
  }));
  const shown = isShort ? texts.slice(0, SHOWN_ENTRIES) : texts;
  // "Always" would allow these: whatever does not stand here already is said.
  const others = patterns.filter((pattern) => shown.every(({ text }) => text !== pattern));
  const shownOthers = isShort ? others.slice(0, SHOWN_ENTRIES) : others;
  const limit = isShort ? SHOWN : undefined;
  const head = `${colors.bold(exactLine(agent))} asks: ${exactLine(title, isShort ? SHOWN_TITLE : undefined)}`;
  const text = [
    `${colors.yellow("?")} ${head} ${colors.dim(`(${exactLine(kind, isShort ? 40 : undefined)})`)}`,
    ...shown.map(
      ({ key, text: value }) => `  ${key}: ${exact(value, "block", limit).replaceAll("\n", "\n    ")}`,
    ),
    ...(shown.length < texts.length ? [`  <+${texts.length - shown.length} arguments>`] : []),
    ...shownOthers.map((pattern) => `  always allows: ${exact(pattern, "line", limit)}`),
    ...(shownOthers.length < others.length ? [`  <+${others.length - shownOthers.length} patterns>`] : []),
    ...(patterns.length === 0
      ? [`  always allows: every call of ${exactLine(tool, isShort ? 40 : undefined)}, whatever it is given`]
      : []),
  ].join("\n");
  return [
    text,
    ...(text.includes("<U+")
      ? [colors.yellow("  <U+...> stands for characters that would not be seen.")]
      : []),
    ...(text.includes("<+") ? [colors.yellow(`  It is cut; all of it: holdfast permission show ${id}`)] : []),
  ].join("\n");
}
