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
 * variables, `file:` addresses, lists in braces that may make such a path, all with and without quotes and backslashes, names of links that lead out, and a `cd`
 * to no place that is named. It reads words only; what a program does by itself is not seen by anybody.
 */
export function outsideWords(
  patterns: readonly string[],
  { workspaces, cwd, home }: { workspaces: readonly string[]; cwd: string; home: string | undefined },
): string[] {
  const words = new Set<string>();
  const found = new Set<string>();
  for (const pattern of patterns) {
    for (const named of [...variablesOf(pattern, home), ...listsOf(pattern)]) found.add(named);
    if (/^(cd|pushd|popd)(\s+-[\w@]*)*(\s+--)?\s*$/.test(pattern)) found.add(home ?? "~");
    // As the shell puts it together, and as what it is given may take it apart.
    for (const text of [pattern.replace(/["'\\]/g, ""), pattern])
      for (const word of wordsOf(text)) {
        words.add(word);
        if (words.size > MOST_LOOKED_UP) return [`(unclear) ${patterns.join("; ")}`];
      }
  }
  const isWithin = (place: string) => workspaces.some((workspace) => isInside(workspace, place));
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

/** Where quotes begin and end may depend on what is substituted: then nothing counts as quoted. */
const isSimple = (pattern: string): boolean => !/\$\(|`/.test(pattern);
const QUOTED = /\$'(?:[^'\\]|\\.)*'|\\.|"((?:[^"\\]|\\.)*)"|'[^']*'/gs;

/** Variables that the shell puts in, which may hold any path. */
function variablesOf(pattern: string, home: string | undefined): string[] {
  const put = isSimple(pattern)
    ? pattern.replace(QUOTED, (_, doubled?: string) => ` ${(doubled ?? "").replace(/\\./gs, "")} `)
    : pattern;
  return [...put.matchAll(/\$\{?[#!]?([A-Za-z_]\w*)/g)].flatMap(([, name = ""]) => {
    if (name === "PWD") return [];
    return name === "HOME" ? [home ?? "~"] : [`$${name}`];
  });
}

/** Words with a list in braces of more than plain names: of them the shell may make `..` and `/`. */
function listsOf(pattern: string): string[] {
  const put = isSimple(pattern) ? pattern.replace(QUOTED, "q") : pattern;
  return put.split(/\s+/).filter((word) => {
    if (!/,|\.\./.test(word.slice(word.indexOf("{") + 1, word.lastIndexOf("}")))) return false;
    return /[{}]/.test(word.replace(/\{[\w-]+(?:,[\w-]+)*\}/g, ""));
  });
}

function* wordsOf(text: string): Generator<string> {
  const words = text.split(/[\s"'`;|&<>(){}]+/);
  // What runs is asked about already.
  if (isAbsolute(words[0] ?? "")) words.shift();
  for (const word of words) yield* partsOf(word);
}

/** Also what follows a name (`if=/x`, `f=@/x`, `a:/x`), or a letter (`-I/x`). */
function* partsOf(word: string): Generator<string> {
  yield word;
  const behind = /^-[^/~.]*([/~].*|\.\..*)$/.exec(word)?.[1];
  if (behind !== undefined) yield behind;
  let rest = word;
  while (!isAddress(rest) && !/^file:/i.test(rest)) {
    const at = rest.search(/[=@:,]/);
    if (at === -1) return;
    rest = rest.slice(at + 1);
    if (!isAddress(rest)) yield rest;
  }
}

/** Of what is elsewhere: a path cannot be written so, but with a directory that is named like a scheme. */
const isAddress = (word: string): boolean =>
  /^[a-z][\w+.-]*:\/\//i.test(word) && !/^file:/i.test(word) && !/(^|\/)\.\.(\/|$)/.test(word);

/** Where a word leads, as a path; undefined for an address elsewhere. */
function pathOf(word: string, cwd: string, home: string | undefined): string | undefined {
  const named = word.replace(/^file:(\/\/[^/]*)?(?=\/)/i, "").replace(/^(~(?=\/|$)|\$HOME\b)/, home ?? "~");
  if (named.startsWith("~")) return named;
  return named === "" || isAddress(named) ? undefined : resolve(cwd, named);
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
