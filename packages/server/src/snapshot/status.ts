/** Reads `git status --porcelain=v2 -z --branch --no-renames`. Pure. Names are from the top of the checkout, as Latin-1. */
import type { FileVersion } from "@holdfast/protocol";
import type { Head } from "../git/index.ts";

/** A tracked path whose file differs from the index. */
export type Modified = {
  name: string;
  isSubmodule: boolean;
  /** There is no file any more; what is reached through a link is none. */
  isGone: boolean;
  /** A submodule with changes of its own, which no commit holds. */
  isDirty: boolean;
  /** Of an unmerged path: what the checkout's own side has, else the other; null when neither has it. */
  unmerged?: FileVersion | null;
};

export type Status = {
  /** Tracked paths that differ from HEAD, in the index or on the disk. */
  changed: string[];
  /** Absent before the first commit. */
  head?: Head;
  modified: Modified[];
  /** With a slash at the end: a nested repository. */
  untracked: string[];
  /** With a slash at the end: a whole directory. */
  ignored: string[];
};

/** What git said, as it said it and read. */
export type Seen = {
  text: string;
  status: Status;
  /** Submodules were not looked into, because one of them is broken. */
  isBlind: boolean;
  /** When it was asked, in ms. */
  time: number;
};

export function parseStatus(text: string): Status {
  const status: Status = { changed: [], modified: [], untracked: [], ignored: [] };
  let commit: string | undefined;
  let branch: string | undefined;
  for (const record of text.split("\0")) {
    const rest = record.slice(2);
    if (record.startsWith("? ")) status.untracked.push(rest);
    else if (record.startsWith("! ")) status.ignored.push(rest);
    else if (record.startsWith("1 ")) readOrdinary(record, status);
    else if (record.startsWith("u ")) readUnmerged(record, status);
    else if (record.startsWith("# branch.oid ")) commit = record.slice("# branch.oid ".length);
    else if (record.startsWith("# branch.head ")) branch = record.slice("# branch.head ".length);
  }
  if (commit !== undefined && commit !== "(initial)") {
    const name =
      branch === undefined || branch === "(detached)" ? {} : { branch: `refs/heads/${utf8(branch)}` };
    status.head = { commit, ...name };
  }
  return status;
}

/** `1 <XY> <sub> <mH> <mI> <mW> <hH> <hI> <path>`; Y is the file against the index. */
function readOrdinary(record: string, status: Status): void {
  const [fields, name] = cut(record, 8);
  const [, xy = "", sub = ""] = fields;
  const isDirty = isDirtySubmodule(sub);
  status.changed.push(name);
  if (xy[1] !== "." || isDirty)
    status.modified.push({ name, isSubmodule: sub.startsWith("S"), isGone: xy[1] === "D", isDirty });
}

/** `u <XY> <sub> <m1> <m2> <m3> <mW> <h1> <h2> <h3> <path>`. */
function readUnmerged(record: string, status: Status): void {
  const [fields, name] = cut(record, 10);
  const side = (stage: 2 | 3): FileVersion | undefined => {
    const mode = fields[2 + stage] ?? "";
    const blob = fields[6 + stage] ?? "";
    return /^0*$/.test(mode) ? undefined : { mode, blob };
  };
  const sub = fields[2] ?? "";
  status.changed.push(name);
  status.modified.push({
    name,
    isSubmodule: sub.startsWith("S"),
    isGone: /^0+$/.test(fields[6] ?? ""),
    isDirty: isDirtySubmodule(sub),
    unmerged: side(2) ?? side(3) ?? null,
  });
}

/** The first fields, and all that follows them. */
function cut(record: string, count: number): [string[], string] {
  let at = 0;
  for (let field = 0; field < count; field += 1) at = record.indexOf(" ", at) + 1;
  return [record.slice(0, at - 1).split(" "), record.slice(at)];
}

const isDirtySubmodule = (sub: string): boolean => /^S.(M.|.U)$/.test(sub);
const utf8 = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8");
