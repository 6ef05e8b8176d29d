import { constants } from "node:fs";
import { chmod, type FileHandle, lstat, mkdir, open, rm, rmdir, symlink, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { HoldfastError } from "@holdfast/kernel";
import { isGitError, type Checkout, readBlob } from "../../git/index.ts";
import { CHUNK_BYTES, chunkName, type Manifest, MANIFEST, manifestSchema } from "./manifest.ts";
import { type ParcelEntry, pathIn, SPARSE_FILES } from "./parcel.ts";

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** A stored parcel, to be brought back: git's own part before the files of the tree are laid, the rest after it. */
export class Beside {
  readonly #checkout: Checkout;
  readonly #commit: string;
  readonly #manifest: Manifest;
  #chunk = 0;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(checkout: Checkout, commit: string, manifest: Manifest) {
    this.#checkout = checkout;
    this.#commit = commit;
    this.#manifest = manifest;
  }

  /** `place`: where it is brought back. Rejects UNPROCESSABLE when somebody put something else in its place. */
  static async open(checkout: Checkout, commit: string): Promise<Beside> {
    try {
      const text = String(await readBlob(checkout, `${commit}:${MANIFEST}`));
      return new Beside(checkout, commit, manifestSchema.parse(JSON.parse(text)));
    } catch (error) {
      if (isGitError(error) && error.code !== "failed") throw error;
      throw new HoldfastError("UNPROCESSABLE", `What was kept beside a rescue (${commit}) cannot be read.`, {
        cause: error,
      });
    }
  }

  /** See `Parcel.sign`. */
  get sign(): string {
    return this.#manifest.sign;
  }

  /** What git kept of the worktree: the sparse checkout is the one that it had, or none. */
  async unpackGit(): Promise<void> {
    const { gitDir } = this.#checkout;
    for (const key of SPARSE_FILES) await rm(join(gitDir, key), { force: true });
    await this.#unpack("git", gitDir);
  }

  /** After `unpackGit`. Files of the checkout with the same name are replaced. */
  async unpackFiles(): Promise<void> {
    await this.#unpack("files", this.#checkout.root);
  }

  async #unpack(where: ParcelEntry["in"], root: string): Promise<void> {
    const entries = this.#manifest.entries.filter((entry) => entry.in === where);
    const directories = entries.filter(({ kind }) => kind === "directory");
    for (const { key } of directories) await makeDirectory(pathIn(root, key));
    for (const entry of entries) {
      if (entry.kind === "directory") continue;
      const path = pathIn(root, entry.key);
      await clearWay(path);
      if (entry.kind === "link") await symlink(await this.#take(entry.size), path);
      else await this.#writeFile(path, entry);
    }
    // Only now: nothing could be made in one that is read-only.
    for (const { key, mode } of directories.toReversed()) await chmod(pathIn(root, key), mode);
  }

  async #writeFile(path: Buffer, entry: ParcelEntry): Promise<void> {
    const handle = await open(path, FLAGS, 0o600);
    try {
      if (isPointer(entry)) await handle.writeFile(this.#redirected(await this.#take(entry.size)));
      else await this.#copy(handle, entry.size);
      await handle.chmod(entry.mode);
    } finally {
      await handle.close();
    }
  }

  async #copy(handle: FileHandle, size: number): Promise<void> {
    for (let left = size; left > 0;) {
      const part = await this.#take(Math.min(left, CHUNK_BYTES));
      await handle.writeFile(part);
      left -= part.length;
    }
  }

  /** The file by which a submodule finds its repository: git may have given its directory of the worktree another name. */
  #redirected(bytes: Buffer): Buffer {
    const wayOf = (admin: string) => `/worktrees/${admin}/modules/`;
    const now = wayOf(basename(this.#checkout.gitDir));
    return Buffer.from(bytes.toString("utf8").replace(wayOf(this.#manifest.admin), () => now));
  }

  /** The next bytes. */
  async #take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0) {
        this.#rest = await readBlob(this.#checkout, `${this.#commit}:bytes/${chunkName(this.#chunk)}`);
        this.#chunk += 1;
      }
      const part = this.#rest.subarray(0, left);
      parts.push(part);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }
}

const isPointer = ({ in: where, key, size }: ParcelEntry): boolean =>
  where === "files" && key.endsWith("/.git") && size < 4_096;

/** A link in the way would lead out of the worktree: it goes, as a file does. */
async function makeDirectory(path: Buffer): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (found !== undefined) await unlink(path);
  await mkdir(path);
}

async function clearWay(path: Buffer): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() === true) await rmdir(path);
  else if (found !== undefined) await unlink(path);
}
