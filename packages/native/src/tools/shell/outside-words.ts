import { readlinkSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { isInside } from "@holdfast/kernel";

/** Places outside of the workspace that every command may name. */
const EVERYWHERE = new Set([
  "/dev/null",
  "/dev/stdin",
  "/dev/stdout",
  "/dev/stderr",
  "/dev/tty",
  "/dev/zero",
  "/dev/urandom",
]);

/** Words that are named; what has more is unclear, so that no rule covers those that are not. */
const MOST = 20;
/** Links that lead to links, as the system follows them. */
const MOST_LINKS = 40;
/** Words that are looked up as names of links; a command of more is unclear. */
const MOST_LOOKED_UP = 5_000;

/**
 * What of a command looks like a path outside of the workspace, so that a rule for its program does not cover it: absolute paths, `~`, what climbs out by `..`,
 * paths that begin with a variable, `file:` addresses, with and without quotes and backslashes, and names of links that lead out. It reads words only; what a
 * program does by itself is not seen by anybody.
 */
export function outsideWords(
  patterns: readonly string[],
  { workspaces, cwd, home }: { workspaces: readonly string[]; cwd: string; home: string | undefined },
): string[] {
  // As the shell puts it together, and as what it is given may take it apart.
  const words = new Set(
    patterns.flatMap((pattern) => [pattern.replace(/["'\\]/g, ""), pattern].flatMap(wordsOf)),
  );
  if (words.size > MOST_LOOKED_UP) return [`(unclear) ${[...words].join(" ")}`];
  const isWithin = (place: string) => workspaces.some((workspace) => isInside(workspace, place));
  const found = new Set<string>();
  for (const word of words) {
    const path = pathOf(word, cwd, home);
    if (path === undefined || EVERYWHERE.has(path)) continue;
    // A name in a directory outside, which was asked about.
    if (!isWithin(cwd) && isInside(cwd, path)) continue;
    const place = isWithin(path) ? realPlace(path) : path;
    if (!isWithin(place)) found.add(place);
  }
  const named = [...found];
  const rest = named.slice(MOST);
  return rest.length === 0 ? named : [...named.slice(0, MOST), `(unclear) ${rest.join(" ")}`];
}

function wordsOf(text: string): string[] {
  const words = text.split(/[\s"'`;|&<>(){}]+/);
  // What runs is asked about already.
  if (isAbsolute(words[0] ?? "")) words.shift();
  return words.flatMap(partsOf);
}

/** `--output=/x`, `-I/x` and `if=/x` name a path behind their names. */
function partsOf(word: string): string[] {
  const behind = /^[\w-]*=(.+)$/.exec(word)?.[1] ?? /^-[A-Za-z]([/~].*)$/.exec(word)?.[1];
  return behind === undefined ? [word] : [behind];
}

/** Where a word leads, as a path; undefined for an address elsewhere. */
function pathOf(word: string, cwd: string, home: string | undefined): string | undefined {
  const named = word
    .replace(/^file:(\/\/[^/]*)?(?=\/)/i, "")
    .replace(/^(~(?=\/|$)|\$HOME\b|\$\{HOME\})/, home ?? "~");
  if (named.startsWith("~") || /^\$\w+\//.test(named)) return named;
  return named === "" || named.includes("://") ? undefined : resolve(cwd, named);
}

/** Where a path leads through symbolic links: of what is not there, as far as it is. */
function realPlace(path: string, links = MOST_LINKS): string {
  for (let at = path; ; at = dirname(at)) {
    const rest = path.slice(at.length).replace(/^\/+/, "");
    try {
      return resolve(realpathSync(at), rest);
    } catch {
      const target = targetOf(at);
      if (target !== undefined && links > 0) return realPlace(resolve(dirname(at), target, rest), links - 1);
      if (dirname(at) === at || target !== undefined) return path;
    }
  }
}

/** Of a link, also of one that leads to what is not there. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
