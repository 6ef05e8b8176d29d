import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { putContent } from "@holdfast/sqlite";

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

/** Files under `<directory>/blobs/<share>/<hash>`. */
export function fileBlobs(directory: string): ShareBlobs {
  const root = join(directory, "blobs");
  const folderOf = (shareId: string): string => join(root, shareId);
  return {
    put: (shareId, hash, bytes) => putContent({ root, folder: shareId, name: hash }, bytes),
    // oxlint-disable-next-line house/no-database-fs -- a blob, never a database file
    read: (shareId, hash) => readFile(join(folderOf(shareId), hash)).catch(noneOf(undefined)),
    remove: (shareId, hash) => rm(join(folderOf(shareId), hash), { force: true }),
    list: (shareId) => readdir(folderOf(shareId)).catch(noneOf([])),
    shares: () => readdir(root).catch(noneOf([])),
  };
}

/** What stands for a file or folder that is not there; any other failure is one. */
const noneOf =
  <T>(none: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === "ENOENT") return none;
    throw error;
  };

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
