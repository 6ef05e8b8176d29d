import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";

/** Where the bytes of blobs are. Calls for one share come one after the other. */
export type ShareBlobs = {
  /** Resolves once they are durable. Putting the same again changes nothing. */
  put(shareId: string, hash: string, bytes: Uint8Array): Promise<void>;
  read(shareId: string, hash: string): Promise<Uint8Array | undefined>;
  remove(shareId: string, hash: string): Promise<void>;
  /** What is there of a share. */
  list(shareId: string): Promise<string[]>;
  shares(): Promise<string[]>;
};

/** Files under `<directory>/blobs/<share>/<hash>`. A file is whole or absent: temporary file, fsync, rename, fsync of the directory. */
export function fileBlobs(directory: string): ShareBlobs {
  const root = join(directory, "blobs");
  const folderOf = (shareId: string): string => join(root, shareId);
  const names = (path: string): Promise<string[]> => readdir(path).catch(() => []);
  return {
    async put(shareId, hash, bytes) {
      const folder = folderOf(shareId);
      const path = join(folder, hash);
      const known = await stat(path).catch(() => undefined);
      if (known?.size !== bytes.byteLength) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const temporary = join(folder, `.${hash}.${randomHex(6)}`);
        try {
          await writeSynced(temporary, bytes);
          await rename(temporary, path);
        } catch (error) {
          await rm(temporary, { force: true });
          throw error;
        }
      }
      for (const parent of [folder, root, directory]) await syncDirectory(parent);
    },
    async read(shareId, hash) {
      try {
        // oxlint-disable-next-line house/no-database-fs -- a blob, never a database file
        return await readFile(join(folderOf(shareId), hash));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    remove: (shareId, hash) => rm(join(folderOf(shareId), hash), { force: true }),
    list: (shareId) => names(folderOf(shareId)),
    shares: () => names(root),
  };
}

/** For whoever steps time by hand: nothing is kept beyond the object. */
export function memoryBlobs(): ShareBlobs {
  const shares = new Map<string, Map<string, Uint8Array>>();
  return {
    put(shareId, hash, bytes) {
      const known = shares.get(shareId) ?? new Map<string, Uint8Array>();
      shares.set(shareId, known.set(hash, bytes));
      return Promise.resolve();
    },
    read: (shareId, hash) => Promise.resolve(shares.get(shareId)?.get(hash)),
    remove(shareId, hash) {
      shares.get(shareId)?.delete(hash);
      return Promise.resolve();
    },
    list: (shareId) => Promise.resolve([...(shares.get(shareId)?.keys() ?? [])]),
    shares: () => Promise.resolve([...shares.keys()]),
  };
}

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
