/** Content that stands in files beside a database, named by its hash: whole or absent after a power cut, like every file here. */
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomHex } from "@holdfast/kernel";

/**
 * Makes sure that content is durable as `<root>/<folder>/<name>`: temporary file, fsync, rename, fsync of the directories. A file that is there with the
 * right size is trusted, as it was renamed whole; its name is not: whoever renamed it may have died, or been refused, before the directories were synced.
 */
export async function putContent(
  { root, folder, name }: { root: string; folder: string; name: string },
  bytes: Uint8Array,
): Promise<void> {
  const directory = join(root, folder);
  const path = join(directory, name);
  const known = await stat(path).catch(() => undefined);
  if (known?.size !== bytes.byteLength) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const partial = join(directory, `.${name}.${randomHex(6)}`);
    try {
      await writeFile(partial, bytes);
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }
  for (const entries of [directory, root, dirname(root)]) await sync(entries);
}

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  // oxlint-disable-next-line house/no-database-fs -- content, never a database file
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Windows has no such call and needs none. */
async function sync(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  // oxlint-disable-next-line house/no-database-fs -- a directory, to sync its entries
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
