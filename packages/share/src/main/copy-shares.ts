/** Copies of a service's directory (S-24): taken and brought back while no service runs on it. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { HoldfastError, systemClock } from "@holdfast/kernel";
import { shareDirectory, type ShareFlags } from "../config.ts";
import { blobRows, openShareStore, SHARE_DATABASE, type ShareStore } from "../store/index.ts";
import { inDirectory, refuse } from "./serve-shares.ts";

/** Writes a copy of the service's directory into `to`, which must not hold one. Answers the exit code. */
export const backupShares = (flags: ShareFlags, to: string): Promise<number> =>
  copied(() => {
    const directory = shareDirectory(flags);
    return inDirectory(directory, () => copy(directory, to, () => Promise.resolve()));
  });

/**
 * Brings a copy back into the service's directory, which must be empty of one. Every share is hidden from its readers until its publisher, or its publish
 * key, confirms it; refs that others gave on are ended for good. Answers the exit code.
 */
export const restoreShares = (flags: ShareFlags, from: string): Promise<number> =>
  copied(() => {
    const directory = shareDirectory(flags);
    return inDirectory(directory, () => copy(from, directory, finishRestore));
  });

async function copied(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    return refuse(error);
  }
}

async function copy(from: string, to: string, finish: (store: ShareStore) => Promise<void>): Promise<void> {
  if (!existsSync(join(from, SHARE_DATABASE)))
    throw new HoldfastError("UNPROCESSABLE", `${from} holds no share service.`);
  if (existsSync(join(to, SHARE_DATABASE)))
    throw new HoldfastError("UNPROCESSABLE", `${to} holds a share service already; move it away first.`);
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const clock = systemClock;
  const source = await openShareStore({ directory: from, clock });
  try {
    await source.copyTo(join(to, SHARE_DATABASE));
    const target = await openShareStore({ directory: to, clock });
    try {
      await copyBlobs(source, target);
      await finish(target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyBlobs(source: ShareStore, target: ShareStore): Promise<void> {
  for (const shareId of await source.blobs.shares())
    for (const hash of await source.blobs.list(shareId)) {
      const bytes = await source.blobs.read(shareId, hash);
      if (bytes !== undefined) await target.blobs.put(shareId, hash, bytes);
    }
}

/** After its copy was put back: the store gets a new name, and forgets contents whose bytes did not come along. */
export async function finishRestore(store: ShareStore): Promise<void> {
  await store.run("renewStore", {});
  const missing = new Map<string, string[]>();
  for (const { shareId, hash } of store.read(blobRows))
    if ((await store.blobs.read(shareId, hash)) === undefined)
      missing.set(shareId, [...(missing.get(shareId) ?? []), hash]);
  for (const [shareId, hashes] of missing) await store.run("forgetBlobs", { shareId, hashes });
}
