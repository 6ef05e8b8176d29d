/**
 * What a project and its user want of agents (session-model 14.8): AGENTS.md or its like upward to the top of the project, one file of the user's own, and
 * what the configuration names. What cannot be read is left out: nothing of it stops a turn.
 */
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/** `from` is a path or a URL. */
export type Instructions = { from: string; text: string };

/** Files and pages, as far as instructions are read from them. Each rejects for what is not there. */
export type InstructionSources = {
  /** `within`: a directory that links must not lead out of. */
  readText(path: string, within?: string): Promise<string>;
  /** Absolute paths of files under a directory that fit a pattern. */
  glob(pattern: string, directory: string): Promise<string[]>;
  /** Text of a page. */
  fetchText(url: string, signal: AbortSignal): Promise<string>;
};

/** The first of them that is found anywhere on the way is the one that counts. */
const NAMES = ["AGENTS.md", "CLAUDE.md", "CONTEXT.md"] as const;

/** Characters of one file, and of all of them. */
export const FILE_CHARACTERS = 64 * 1024;
export const ALL_CHARACTERS = 256 * 1024;
const MOST_FILES = 50;

/** How long a page may take, in ms. */
export const FETCH_MS = 5_000;

type Wanted = {
  directory: string;
  root: string;
  /** Files of the user's own, absolute: the first one that is there. */
  global: readonly string[];
  /** Paths, globs and URLs of the configuration; relative ones are found upward from the directory. */
  configured: readonly string[];
  /** The user's, for `~/`. */
  home: string;
};

/** In the order in which they are shown: of the top of the project before those of the directory, the user's own and the configured ones last. Pages that are not there when `signal` aborts are left out. */
export async function loadInstructions(
  wanted: Wanted,
  sources: InstructionSources,
  signal: AbortSignal,
): Promise<Instructions[]> {
  const { directory, root, global, configured, home } = wanted;
  const files = [...(await firstOfNames(upward(directory, root), root, sources)).reverse()];
  for (const path of global) {
    const found = await readOf(path, sources);
    if (found === undefined) continue;
    files.push(found);
    break;
  }
  const named = await Promise.all(
    configured.map((each) =>
      isUrl(each) ? pageOf(each, sources, signal) : configuredFiles(each, { directory, root, home }, sources),
    ),
  );
  return bounded([...files, ...named.flat()]);
}

/**
 * Instructions that lie nearer to a file than those that every step has: between it and the session's directory, or the top of the project where the file is
 * not in that directory. `known` are the `from` of those that were shown before.
 */
export async function nearerInstructions(
  file: string,
  { directory, root, known }: { directory: string; root: string; known: ReadonlySet<string> },
  sources: Pick<InstructionSources, "readText">,
): Promise<Instructions[]> {
  const shared = new Set(upward(directory, root));
  const nearer = isInside(file, root) ? upward(dirname(file), root).filter((each) => !shared.has(each)) : [];
  const found: Instructions[] = [];
  for (const each of nearer.reverse()) {
    const [first] = await firstOfNames([each], root, sources);
    if (first !== undefined && !known.has(first.from)) found.push(first);
  }
  return bounded(found);
}

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

const isInside = (path: string, directory: string): boolean => {
  const way = relative(directory, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/** The directory and those above it, up to the top; it alone where it is not under that. */
function upward(directory: string, root: string): string[] {
  const all = [directory];
  if (!isInside(directory, root)) return all;
  for (let at = directory; relative(root, at) !== "";) {
    at = dirname(at);
    all.push(at);
  }
  return all;
}

/** Of a place that is not in the project its own directory is all that there is of one. */
async function firstOfNames(
  directories: readonly string[],
  root: string,
  sources: Pick<InstructionSources, "readText">,
): Promise<Instructions[]> {
  for (const name of NAMES) {
    const read = await Promise.all(
      directories.map((each) => readOf(join(each, name), sources, isInside(each, root) ? root : each)),
    );
    const found = read.filter((each) => each !== undefined);
    if (found.length > 0) return found;
  }
  return [];
}

async function readOf(
  path: string,
  sources: Pick<InstructionSources, "readText">,
  within?: string,
): Promise<Instructions | undefined> {
  const text = await sources.readText(path, within).catch(() => "");
  return text.trim() === "" ? undefined : { from: path, text };
}

async function pageOf(
  url: string,
  sources: InstructionSources,
  signal: AbortSignal,
): Promise<Instructions[]> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]);
  const text = await sources.fetchText(url, until).catch(() => "");
  return text.trim() === "" ? [] : [{ from: url, text }];
}

async function configuredFiles(
  pattern: string,
  { directory, root, home }: Pick<Wanted, "directory" | "root" | "home">,
  sources: InstructionSources,
): Promise<Instructions[]> {
  const path = pattern.startsWith("~/") ? resolve(home, pattern.slice(2)) : pattern;
  const places = isAbsolute(path) ? ["/"] : upward(directory, root);
  const found = await Promise.all(places.map((place) => sources.glob(path, place).catch(() => [])));
  const paths = [...new Set(found.flat())].toSorted().slice(0, MOST_FILES);
  const read = await Promise.all(paths.map((each) => readOf(each, sources)));
  return read.filter((each) => each !== undefined);
}

/** Each once, each and all of them within their limits. */
function bounded(all: readonly Instructions[]): Instructions[] {
  let left = ALL_CHARACTERS;
  const shown = new Map<string, Instructions>();
  for (const { from, text } of all) {
    if (shown.has(from)) continue;
    const length = Math.min(FILE_CHARACTERS, left);
    if (length === 0) break;
    const cut = text.length > length ? `${text.slice(0, length)}\n[The rest is left out.]` : text;
    shown.set(from, { from, text: cut });
    left -= Math.min(text.length, length);
  }
  return [...shown.values()];
}
