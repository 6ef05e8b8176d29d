import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { putContent } from "@holdfast/sqlite";

/** Content up to this many bytes is a row, above it a file (D-28). */
export const INLINE_BLOB_BYTES = 64 * 1024;

const ORPHAN_AGE_MS = 24 * 3_600_000;

/**
 * Files of large content under `<data dir>/blobs/<2 hex>/<hash>`; database files are never touched here (D-17). A file is durable before its row commits. Calls
 * are serialised, so that a deletion never meets a new reference half-way.
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

  put(hash: string, bytes: Uint8Array): Promise<void> {
    return putContent({ root: this.#root, folder: hash.slice(0, 2), name: hash }, bytes);
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
