/**
 * Names of files for `@file` (I-15): what git knows of and would not ignore, else a bounded walk. Nothing is opened, symbolic links are not
 * followed, and the data directory is left out (I-6).
 */
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Clock } from "@holdfast/kernel";
import type { GitRunner } from "../git/index.ts";
import { isReserved, type ReservedPlaces } from "./workspace-path.ts";

/** Bounds of one listing: entries, bytes of git's answer, and milliseconds. */
const ENTRIES = 50_000;
const GIT_BYTES = 32 * 1024 * 1024;
const DEADLINE_MS = 5_000;
/** How long a listing is good enough for the next key press, in ms, and how many workspaces are kept. */
const FRESH_MS = 3_000;
const KEPT = 8;
const SKIPPED = new Set([".git", "node_modules", ".venv", "__pycache__"]);

export type FileNamesDeps = {
  clock: Clock;
  reserved: ReservedPlaces;
  git: Pick<GitRunner, "run">;
};

type Listing = { at: number; paths: Promise<string[]> };

/** Finds files of a workspace by a few letters. */
export class FileNames {
  readonly #deps: FileNamesDeps;
  readonly #listings = new Map<string, Listing>();

  constructor(deps: FileNamesDeps) {
    this.#deps = deps;
  }

  /** The best `limit` matches, paths relative to the directory with forward slashes. */
  async find(directory: string, query: string, limit: number): Promise<string[]> {
    return rank(await this.#list(directory), query, limit);
  }

  #list(directory: string): Promise<string[]> {
    const known = this.#listings.get(directory);
    const now = this.#deps.clock.monotonic();
    if (known !== undefined && now - known.at < FRESH_MS) return known.paths;
    const paths = this.#read(directory);
    this.#listings.delete(directory);
    this.#listings.set(directory, { at: now, paths });
    const oldest = this.#listings.keys().next().value;
    if (this.#listings.size > KEPT && oldest !== undefined) this.#listings.delete(oldest);
    paths.catch(() => this.#listings.delete(directory));
    return paths;
  }

  async #read(directory: string): Promise<string[]> {
    const paths = (await listByGit(this.#deps, directory)) ?? (await this.#walk(directory));
    const hidden = relative(directory, this.#deps.reserved.dataDirectory).split(sep).join("/");
    return paths.filter((path) => path !== hidden && !path.startsWith(`${hidden}/`));
  }

  async #walk(root: string): Promise<string[]> {
    const found: string[] = [];
    const pending = [root];
    const end = this.#deps.clock.monotonic() + DEADLINE_MS;
    for (let at = 0; at < pending.length && found.length < ENTRIES; at += 1) {
      if (this.#deps.clock.monotonic() > end) break;
      const directory = pending[at] ?? root;
      if (isReserved(this.#deps.reserved, directory)) continue;
      const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (entry.isDirectory() && !SKIPPED.has(entry.name)) pending.push(join(directory, entry.name));
        else if (entry.isFile()) found.push(relative(root, join(directory, entry.name)).split(sep).join("/"));
      }
    }
    return found.slice(0, ENTRIES);
  }
}

/** Tracked and not ignored files, or `undefined` where git cannot say: no repository, no program, too many, too slow. */
async function listByGit({ git, clock }: FileNamesDeps, directory: string): Promise<string[] | undefined> {
  const late = new AbortController();
  // The wait for a place counts too: who types does not stand in line behind snapshots for long.
  const timer = clock.after(DEADLINE_MS, () => late.abort());
  try {
    const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const { stdout } = await git.run({ directory }, args, { maxBytes: GIT_BYTES, signal: late.signal });
    const paths = new Set(stdout.toString("utf8").split("\0", ENTRIES));
    paths.delete("");
    return [...paths];
  } catch {
    return undefined;
  } finally {
    timer.cancel();
  }
}

/** Best first: the name begins with the letters, holds them, the path holds them, the letters come in order. Shorter paths win. */
export function rank(paths: readonly string[], query: string, limit: number): string[] {
  const wanted = query.toLowerCase();
  const scored: { path: string; score: number }[] = [];
  for (const path of paths) {
    const score = scoreOf(path.toLowerCase(), wanted);
    if (score !== undefined) scored.push({ path, score });
  }
  scored.sort((a, b) => a.score - b.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1));
  return scored.slice(0, limit).map(({ path }) => path);
}

function scoreOf(path: string, wanted: string): number | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.startsWith(wanted)) return 0;
  if (name.includes(wanted)) return 1;
  if (path.includes(wanted)) return 2;
  let at = 0;
  for (const letter of wanted) {
    at = path.indexOf(letter, at) + 1;
    if (at === 0) return undefined;
  }
  return 3;
}
