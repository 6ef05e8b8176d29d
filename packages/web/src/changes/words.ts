/** What the page says of changes, in one place. */
import {
  type Change,
  type ChangeKind,
  type ChangeOperation,
  type Origin,
  type Uncaptured,
  visibleText,
} from "@holdfast/protocol";

/** One who changed something: an agent, or what is known instead of one (W-5). */
export type Author = { stamp: string; name: string; isAgent: boolean; meaning: string };

const STAMP_WORDS: Readonly<Record<string, { name: string; meaning: string }>> = {
  user: {
    name: "not an agent",
    meaning: "Changed between two turns, while no agent worked here: by you, or by a program of yours.",
  },
  unknown: {
    name: "unknown",
    meaning: "Changed in the worktree while no turn ran in it. Nobody can tell who did it.",
  },
  shared: {
    name: "agent or you",
    meaning: "Changed while an agent worked here, and nothing shows whether it was the agent or you.",
  },
};

export function authorOf(stamp: string, nameOf: (agent: string) => string): Author {
  const words = Object.hasOwn(STAMP_WORDS, stamp) ? STAMP_WORDS[stamp] : undefined;
  if (words !== undefined) return { stamp, isAgent: false, ...words };
  const name = nameOf(stamp);
  return { stamp, name, isAgent: true, meaning: `Changed by ${name}.` };
}

/** Everybody who had a part in it, the newest first, each once. */
export function authorsOf(
  parts: readonly Pick<Origin, "agent">[],
  nameOf: (agent: string) => string,
): Author[] {
  return [...new Set(parts.map(({ agent }) => agent))].map((stamp) => authorOf(stamp, nameOf));
}

/** The contributors of a change, the newest first. */
export function contributorsOf(change: Change, nameOf: (agent: string) => string): Author[] {
  const newestFirst = change.contributions.toSorted((a, b) => b.time - a.time);
  return authorsOf([{ agent: change.agent }, ...newestFirst], nameOf);
}

/** “Changes from X and Y” where more than one had a part in a file; else nothing. */
export function noteOf(authors: readonly Author[]): string | undefined {
  if (authors.length < 2) return undefined;
  const names = authors.map(({ name }) => name);
  return `Changes from ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export const KIND_WORDS: Record<ChangeKind, string> = {
  added: "new",
  modified: "changed",
  deleted: "deleted",
  renamed: "renamed",
  mode: "mode",
  branchMoved: "branch moved",
};

const MODE_WORDS: Readonly<Record<string, string>> = {
  "100644": "a file",
  "100755": "an executable file",
  "120000": "a symbolic link",
  "160000": "a repository of its own",
};

/** What is to be said of a change beside its lines. */
export function factsOf({ kind, oldPath, before, after, binary }: Change): string[] {
  const mode = after?.mode ?? before?.mode;
  const isModeChanged = before !== undefined && after !== undefined && before.mode !== after.mode;
  const facts = [
    kind === "branchMoved" ? "the branch was moved; this came with it and is nobody's change" : undefined,
    oldPath === undefined ? undefined : `was ${visibleText(oldPath, "line")}`,
    isModeChanged ? `was ${modeWord(before.mode)}, is ${modeWord(after.mode)}` : undefined,
    !isModeChanged && mode !== undefined && mode !== "100644" ? modeWord(mode) : undefined,
    binary ? "binary" : undefined,
  ];
  return facts.filter((fact) => fact !== undefined);
}

const modeWord = (mode: string): string => MODE_WORDS[mode] ?? `of mode ${mode}`;

/** Why nothing of a change can be shown as lines; undefined where its lines can. */
export function linelessOf({ binary, kind, before, after }: Change): string | undefined {
  if (kind === "branchMoved") return "Nothing to decide here.";
  if (binary) return "The content is binary. It is taken or rejected whole.";
  if (before?.blob === after?.blob) return "The content is the same.";
  return undefined;
}

export const UNCAPTURED_WORDS: Record<Uncaptured["reason"], string> = {
  ignored: "ignored by git",
  nestedRepository: "a repository of its own",
  submodule: "a submodule",
  filter: "its filter failed",
  tooLarge: "over 10 MB",
  excluded: "left out on purpose",
  unreadable: "cannot be read",
  name: "git refuses its name",
  special: "no plain file",
  unlisted: "git does not list it",
};

/** The action's name where it is pressed, and what was done by it (W-7). */
export const TAKE_WORDS: Record<Change["action"], { verb: string; done: string; meaning: string }> = {
  apply: {
    verb: "Apply",
    done: "Applied",
    meaning: "Merges it into the project's own directory. Your index and your other edits stay as they are.",
  },
  accept: {
    verb: "Accept",
    done: "Accepted",
    meaning: "Writes nothing: the change is in your directory already, and is no longer pending.",
  },
};

export const OPERATION_WORDS: Record<ChangeOperation["kind"], string> = {
  apply: "Applied",
  accept: "Accepted",
  reject: "Rejected",
  undo: "Undone",
};

const CONFLICT_WORDS: Readonly<Record<string, string>> = {
  content: "Both sides changed the same lines.",
  "add/add": "Both sides made a file here.",
  "modify/delete": "One side changed it, the other deleted it.",
  "rename/delete": "One side renamed it, the other deleted it.",
  "rename/rename": "Both sides renamed it, each in its own way.",
  "file/directory": "One side has a file here, the other a directory.",
  binary: "Both sides changed it, and it is binary.",
};

/** Why two sides do not fit, in words where git's own are known. */
export function conflictWords(reason: string): string {
  const kind = /^CONFLICT \(([^)]+)\)/.exec(reason)?.[1];
  return (kind === undefined ? undefined : CONFLICT_WORDS[kind]) ?? reason;
}

/** “1 file”, “3 files”. */
export const countOf = (count: number, one: string): string =>
  `${count.toLocaleString()} ${count === 1 ? one : `${one}s`}`;
