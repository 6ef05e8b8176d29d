import { readdir, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** How long outputs of tools that were cut are kept whole (session-model 11.4), and how often it is looked. */
export const OUTPUT_DAYS_MS = 7 * 24 * 3_600_000;
export const OUTPUT_SWEEP_MS = 3_600_000;

/** Removes what is older below the directories of sessions, and those that are empty then; what cannot be removed now is later. Before the first there is none. */
export async function sweepOutputs(directory: string, now: number): Promise<void> {
  for (const session of await readdir(directory).catch(() => [])) {
    const place = join(directory, session);
    for (const name of await readdir(place).catch(() => [])) {
      const path = join(place, name);
      const file = await stat(path).catch(() => undefined);
      if (file !== undefined && file.mtimeMs < now - OUTPUT_DAYS_MS)
        await rm(path, { force: true }).catch(() => undefined);
    }
    await rmdir(place).catch(() => undefined);
  }
}
