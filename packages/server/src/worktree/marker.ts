/**
 * The file `.holdfast` in the managed root (W-12): which databases made worktrees here, and the newest worktree of each. A database
 * that is not named, or does not know that worktree, is another or an older one, and the reaper touches nothing.
 */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";
import { isWorktreeId, type WorktreeId } from "@holdfast/protocol";
import { z } from "zod";

const MARKER_FILE = ".holdfast";
export const TRASH_DIRECTORY = ".trash";

/** The newest worktree of each database. */
const markerSchema = z.object({ stores: z.record(z.string(), z.custom<WorktreeId>(isWorktreeId)) });
export type Marker = z.infer<typeof markerSchema>;

/** `undefined` when there is none, or none that can be read. */
export async function readMarker(root: string): Promise<Marker | undefined> {
  try {
    return markerSchema.parse(JSON.parse(await readFile(join(root, MARKER_FILE), "utf8")));
  } catch {
    return undefined;
  }
}

/** Writes down that the database made this worktree here. */
export async function markRoot(root: string, storeId: string, newest: WorktreeId): Promise<void> {
  const known = await readMarker(root);
  const marker: Marker = { stores: { ...known?.stores, [storeId]: newest } };
  const file = join(root, MARKER_FILE);
  const temporary = `${file}.${randomHex(4)}`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(marker)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
