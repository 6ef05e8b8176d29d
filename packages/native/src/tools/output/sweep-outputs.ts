import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { OUTPUT_PREFIX } from "./cut-output.ts";

/** How long kept outputs stay, in ms: seven days (session-model 11.4). */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;

/** Removes kept outputs that are older. Never rejects: what cannot be removed stays for the next time. `now` in wall-clock ms. Answers how many went. */
export async function sweepOutputs(directory: string, now: number): Promise<number> {
  const names = await readdir(directory).catch((): string[] => []);
  let removed = 0;
  for (const name of names) {
    if (!name.startsWith(OUTPUT_PREFIX)) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true || now - found.mtimeMs <= KEPT_MS) continue;
    removed += await unlink(path).then(
      () => 1,
      () => 0,
    );
  }
  return removed;
}
