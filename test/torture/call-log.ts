/** The file outside of Holdfast that the torture's commands write: what their calls really did, whoever died. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Calls by their marks, one entry for each time that one began or came to its end. */
export type CallLog = { begun: readonly string[]; done: readonly string[] };

const fileIn = (root: string): string => join(root, "calls.log");

/** A command that tells the file when it begins and when it has done its work. Each line is one write, so lines of calls beside each other stay whole. */
export function loggedCommand(root: string, mark: string, work: string): string {
  const file = `'${fileIn(root)}'`;
  return `echo 'begun ${mark}' >> ${file}; ${work}; echo 'done ${mark}' >> ${file}`;
}

/** The mark of the command in a call's input. */
export const markOf = (command: unknown): string | undefined =>
  typeof command === "string" ? /^echo 'begun (\S+)' >> /.exec(command)?.[1] : undefined;

export function readCallLog(root: string): CallLog {
  const file = fileIn(root);
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  const marked = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return { begun: marked("begun"), done: marked("done") };
}
