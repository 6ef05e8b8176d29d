import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout } from "../../git/index.ts";

/** An object that is younger than this before a turn may be of the turn: clocks of files are coarse. */
const COARSE_MS = 1_000;

/**
 * Whether a commit was stored before `time`, in ms (W-5). An object that was packed anew since cannot be told from a new one: false then, so that work
 * is rather shown than taken for somebody else's.
 */
export async function existedBefore(checkout: Checkout, commit: string, time: number): Promise<boolean> {
  const objects = join(checkout.commonDir, "objects");
  const loose = await modified(join(objects, commit.slice(0, 2), commit.slice(2)));
  if (loose !== undefined) return loose < time - COARSE_MS;
  const packs = (await readdir(join(objects, "pack")).catch(() => [])).filter((name) =>
    name.endsWith(".pack"),
  );
  const times = await Promise.all(packs.map((name) => modified(join(objects, "pack", name))));
  return times.every((each) => each !== undefined && each < time - COARSE_MS);
}

const modified = async (file: string): Promise<number | undefined> =>
  (await stat(file).catch(() => undefined))?.mtimeMs;
