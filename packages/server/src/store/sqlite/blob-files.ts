import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";

/** Content up to this many bytes is a row, above it a file (D-28). */
export const INLINE_BLOB_BYTES = 64 * 1024;

const ORPHAN_AGE_MS = 24 * 3_600_000;

/**
 * Files of large content under `<data dir>/blobs/<2 hex>/<hash>`; database files are never touched here (D-17). A file is whole or absent: temporary file, fsync,
 * rename, fsync of the directory, all before its row commits. Calls are serialised, so that a deletion never meets a new reference half-way.
 */
export class BlobFiles {
  readonly #root: string;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#root = join(directory, "blobs");
  }

  /** Runs `work` alone among all blob work of this process. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(work, work);
    this.#queue = run.catch(() => undefined);
    return run;
  }

  path(hash: string): string {
    return join(this.#root, hash.slice(0, 2), hash);
  }

  /**
   * Makes sure that the content is on disk; a file that is there with the right size is trusted, as it was renamed whole. Its name is not: whoever
   * renamed it may have died, or been refused, before the directories were synced.
   */
  async put(hash: string, bytes: Uint8Array): Promise<void> {
    const folder = join(this.#root, hash.slice(0, 2));
    const known = await stat(this.path(hash)).catch(() => undefined);
    if (known?.size !== bytes.byteLength) await this.#write(folder, hash, bytes);
    for (const directory of [folder, this.#root, join(this.#root, "..")]) await syncDirectory(directory);
  }

  async #write(folder: string, hash: string, bytes: Uint8Array): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `.${hash}.${randomHex(6)}`);
    try {
      await writeSynced(temporary, bytes);
      await rename(temporary, this.path(hash));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  read(hash: string): Promise<Uint8Array> {
    // oxlint-disable-next-line house/no-database-fs -- a blob, never a database file
    return readFile(this.path(hash));
  }

  async remove(hash: string): Promise<void> {
    await rm(this.path(hash), { force: true });
  }

  /** Files older than a day: what `isKnown` does not know has no row and goes (D-28). Answers how many went. */
  async removeOrphans(now: number, isKnown: (hash: string) => boolean): Promise<number> {
    let gone = 0;
    for (const folder of await readdir(this.#root).catch(() => [])) {
      for (const name of await readdir(join(this.#root, folder)).catch(() => [])) {
        const path = join(this.#root, folder, name);
        const facts = await stat(path).catch(() => undefined);
        if (facts === undefined || now - facts.mtimeMs < ORPHAN_AGE_MS || isKnown(name)) continue;
        await rm(path, { force: true });
        gone += 1;
      }
    }
    return gone;
  }
}

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  // oxlint-disable-next-line house/no-database-fs -- a blob, never a database file
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  // oxlint-disable-next-line house/no-database-fs -- a directory, to sync its entries
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
