import { isAbsolute, resolve } from "node:path";
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

/**
 * What of a command looks like a path outside of the workspace, so that a rule for its program does not cover it: absolute paths, `~`, what climbs out by `..`,
 * and paths that begin with a variable, with and without quotes and backslashes. It reads words only; what a program does by itself is not seen by anybody.
 */
export function outsideWords(
  patterns: readonly string[],
  { workspaces, cwd, home }: { workspaces: readonly string[]; cwd: string; home: string | undefined },
): string[] {
  const found = new Set<string>();
  for (const pattern of patterns) {
    // As the shell puts it together, and as what it is given may take it apart.
    for (const word of [pattern.replace(/["'\\]/g, ""), pattern].flatMap(wordsOf)) {
      const path = pathOf(word, cwd, home);
      if (path === undefined || EVERYWHERE.has(path)) continue;
      if (!workspaces.some((workspace) => isInside(workspace, path))) found.add(path);
    }
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

function pathOf(word: string, cwd: string, home: string | undefined): string | undefined {
  const named = word.replace(/^(~(?=\/|$)|\$HOME\b|\$\{HOME\})/, home ?? "~");
  if (named.startsWith("~") || /^\$\w+\//.test(named)) return named;
  if (named.includes("://")) return undefined;
  if (isAbsolute(named)) return resolve(named);
  return /(^|\/)\.\.(\/|$)/.test(named) ? resolve(cwd, named) : undefined;
}
