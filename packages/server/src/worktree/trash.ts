/** Directories that were taken away: renamed into the managed root's trash first, then deleted in the background (W-11). */
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorText, type Logger, randomHex } from "@holdfast/kernel";
import { isWorktreeId, type WorktreeId } from "@holdfast/protocol";
import { TRASH_DIRECTORY } from "./marker.ts";

const ENTRY = /^(.+)\.[0-9a-f]{8}$/;

/** Moves a directory out of the way in one step. */
export async function throwAway(root: string, id: WorktreeId, path: string): Promise<void> {
  const trash = join(root, TRASH_DIRECTORY);
  await mkdir(trash, { recursive: true, mode: 0o700 });
  await rename(path, join(trash, `${id}.${randomHex(4)}`));
}

/** Deletes what was thrown away; what resists is logged and tried again the next time. Only names that this room gave. */
export async function emptyTrash(root: string, logger: Logger): Promise<void> {
  const trash = join(root, TRASH_DIRECTORY);
  for (const name of await readdir(trash).catch(() => [])) {
    if (!isWorktreeId(ENTRY.exec(name)?.[1])) continue;
    const path = join(trash, name);
    await rm(path, { recursive: true, force: true })
      .catch(() => removeReadOnly(path))
      .catch((error: unknown) =>
        logger.warn({ path, error: errorText(error) }, "a removed worktree could not be deleted yet"),
      );
  }
}

/** Module caches make directories read-only, and what is in those cannot be deleted. */
async function removeReadOnly(path: string): Promise<void> {
  await openDirectories(path);
  await rm(path, { recursive: true, force: true });
}

async function openDirectories(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) await openDirectories(join(path, entry.name));
}
