/**
 * Where HEAD stands, and whether a commit was there before a turn began (W-5). Read from git's files where they say it, because every turn asks.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Place, runGit } from "../../worktree/git/index.ts";

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
const BRANCH = /^ref: (refs\/heads\/[^\s]+)$/;

/** An object that is younger than this before a turn may be of the turn: clocks of files are coarse. */
const COARSE_MS = 1_000;

/** HEAD's commit; `undefined` before the first one. */
export async function headOf(place: Place): Promise<string | undefined> {
  const named = await textOf(join(place.gitDir, "HEAD"));
  if (named !== undefined && COMMIT.test(named)) return named;
  const branch = BRANCH.exec(named ?? "")?.[1];
  const commit = branch === undefined ? undefined : await textOf(join(place.commonDir, branch));
  if (commit !== undefined && COMMIT.test(commit)) return commit;
  // Packed, stored in another way, or not there yet.
  const args = ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"];
  const { exitCode, text } = await runGit(place, args, { exits: [0, 1, 128] });
  return exitCode === 0 ? text : undefined;
}

/**
 * Whether a commit was stored before `time` (ms). An object that was packed anew since cannot be told from a new one: false then, so that work
 * is rather shown than taken for somebody else's.
 */
export async function existedBefore(place: Place, commit: string, time: number): Promise<boolean> {
  const objects = join(place.commonDir, "objects");
  const loose = await modified(join(objects, commit.slice(0, 2), commit.slice(2)));
  if (loose !== undefined) return loose < time - COARSE_MS;
  const packs = (await readdir(join(objects, "pack")).catch(() => [])).filter((name) =>
    name.endsWith(".pack"),
  );
  const times = await Promise.all(packs.map((name) => modified(join(objects, "pack", name))));
  return times.every((each) => each !== undefined && each < time - COARSE_MS);
}

const textOf = async (file: string): Promise<string | undefined> =>
  (await readFile(file, "utf8").catch(() => undefined))?.trim();

const modified = async (file: string): Promise<number | undefined> =>
  (await stat(file).catch(() => undefined))?.mtimeMs;
