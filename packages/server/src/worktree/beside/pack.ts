import { type BigIntStats, constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { commitTree, type GitPath, makeTree, type Checkout, writeBlob } from "../../git/index.ts";
import { CHUNK_BYTES, chunkName, type Manifest, MANIFEST } from "./manifest.ts";
import { type Parcel, type ParcelEntry, pathIn, type Where } from "./parcel.ts";

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Stores a parcel in the worktree's repository, its objects on the disk when it resolves; a ref is the caller's. What went away since it was looked at is left
 * out: the parcel's sign shows that it moved. Rejects what the file system and git say.
 */
export async function packBeside(checkout: Checkout, { entries, sign }: Parcel): Promise<string> {
  const bytes = new Chunks(checkout);
  const packed: ParcelEntry[] = [];
  for (const where of ["git", "files"] as const) {
    const root = where === "git" ? checkout.gitDir : checkout.root;
    const own = entries.filter((entry) => entry.in === where);
    packed.push(...(await directoriesOf(root, where, own)));
    for (const entry of own) {
      if (entry.kind === "directory") continue;
      const size = await readInto(bytes, root, entry);
      if (size !== undefined) packed.push({ ...entry, size });
    }
  }
  const manifest: Manifest = { version: 1, admin: basename(checkout.gitDir), sign, entries: packed };
  const blob = await writeBlob(checkout, JSON.stringify(manifest));
  const chunks = await bytes.end();
  const tree = await makeTree(checkout, [
    `100644 blob ${blob}\t${MANIFEST}`,
    ...(chunks.length === 0
      ? []
      : [
          `040000 tree ${await makeTree(
            checkout,
            chunks.map((each, at) => `100644 blob ${each}\t${chunkName(at)}`),
          )}\tbytes`,
        ]),
  ]);
  return commitTree(checkout, tree, "Holdfast: what git cannot hold of a worktree");
}

/** Those of the parcel and those above its entries, each once and before what is in it. */
async function directoriesOf(
  root: string,
  where: Where,
  entries: readonly ParcelEntry[],
): Promise<ParcelEntry[]> {
  const keys = new Set<GitPath>();
  for (const { key, kind } of entries) {
    const names = key.split("/");
    for (let at = 1; at < names.length; at += 1) keys.add(names.slice(0, at).join("/"));
    if (kind === "directory") keys.add(key);
  }
  const found: ParcelEntry[] = [];
  for (const key of [...keys].toSorted()) {
    const stats = await lstat(pathIn(root, key)).catch(gone);
    if (stats?.isDirectory() === true)
      found.push({ in: where, key, kind: "directory", mode: stats.mode & 0o777, size: 0 });
  }
  return found;
}

/** The bytes that were read; `undefined` when it is not there any more. */
async function readInto(bytes: Chunks, root: string, entry: ParcelEntry): Promise<number | undefined> {
  const path = pathIn(root, entry.key);
  if (entry.kind === "link") {
    const target = await readlink(path, { encoding: "buffer" }).catch(gone);
    if (target !== undefined) await bytes.add(target);
    return target?.length;
  }
  const handle = await open(path, FLAGS).catch(gone);
  if (handle === undefined) return undefined;
  try {
    const stats: BigIntStats = await handle.stat({ bigint: true });
    if (!stats.isFile()) return undefined;
    let size = 0;
    // One that grows meanwhile is cut where it ended.
    while (size < entry.size) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, entry.size - size));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      await bytes.add(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
    return size;
  } finally {
    await handle.close();
  }
}

function gone(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "EINVAL") return undefined;
  throw error;
}

/** Bytes on their way into objects of equal size. */
class Chunks {
  readonly #checkout: Checkout;
  readonly #blobs: string[] = [];
  #parts: Buffer[] = [];
  #length = 0;

  constructor(checkout: Checkout) {
    this.#checkout = checkout;
  }

  async add(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const part = rest.subarray(0, CHUNK_BYTES - this.#length);
      this.#parts.push(part);
      this.#length += part.length;
      rest = rest.subarray(part.length);
      if (this.#length === CHUNK_BYTES) await this.#flush();
    }
  }

  /** The objects, in order. */
  async end(): Promise<readonly string[]> {
    if (this.#length > 0) await this.#flush();
    return this.#blobs;
  }

  async #flush(): Promise<void> {
    this.#blobs.push(await writeBlob(this.#checkout, Buffer.concat(this.#parts)));
    this.#parts = [];
    this.#length = 0;
  }
}
