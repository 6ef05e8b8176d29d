/**
 * Snapshots of files that are as they were at the last one: most turns change nothing, and then one look at the checkout and one ref are enough
 * (W-3). What was seen is remembered, never written down.
 *
 * - The files are the same when the index is, git's status says the same, every file that it names has the same times, size and place on the disk, and
 *   no other name stands there.
 * - What was seen is what stood there before the files were read, and nothing is remembered of files that changed so shortly before that their times
 *   could stand for two contents.
 */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf, isGitError, type Checkout, updateRef } from "../git/index.ts";
import { inChunks } from "./in-chunks.ts";
import type { Snapshot, Watched } from "./snapshot.ts";
import type { Seen } from "./status.ts";

/** Times of files that are younger may stand for two contents, in ms: some file systems count in two seconds. */
const RACY_MS = 3_000;
/** Files of one status that are compared one by one; with more, reading them all anew is no worse. */
const MOST_FILES = 2_000;
/** Roots that are remembered. */
const MOST_ROOTS = 32;

type Last = { index: string; sign: string; names: string; snapshot: Snapshot };

/** Told what git said of the files, before they are read. `isPlain`: no entry of the index is hidden from it. Told once more, not plain, to forget it. */
export type OnSeen = (seen: Seen, isPlain: boolean) => Promise<void>;

export class UnchangedFiles {
  readonly #last = new Map<string, Last>();

  /** The last snapshot under another ref when the files are the same, else the one that `take` makes. */
  async take(
    watched: Watched,
    ref: string,
    {
      look,
      take,
    }: {
      look: (indexFile: string) => Promise<{ seen: Seen; names: string }>;
      take: (onSeen: OnSeen) => Promise<Snapshot>;
    },
  ): Promise<Snapshot> {
    const { checkout, kind, workspaceId } = watched;
    const key = `${workspaceId} ${checkout.root}`;
    const last = this.#last.get(key);
    const index = await indexOf(checkout);
    if (last !== undefined && last.index === index) {
      const { seen, names } = await look(join(checkout.gitDir, "index"));
      const sign = await signOf(checkout, seen, kind);
      if (sign === last.sign && names === last.names && (await named(checkout, ref, last.snapshot.commit)))
        return last.snapshot;
    }
    this.#last.delete(key);
    let sign: string | undefined;
    const snapshot = await take(async (seen, isPlain) => {
      if (!isPlain) sign = undefined;
      else sign = kind === "shadow" ? cleanSign(seen) : await signOf(checkout, seen, kind);
    });
    // A repository of the program's own has the files in its index by now.
    const now = kind === "shadow" ? await indexOf(checkout) : index;
    const { names } = snapshot;
    if (sign !== undefined && names !== undefined) this.#keep(key, { index: now, sign, names, snapshot });
    return snapshot;
  }

  #keep(key: string, last: Last): void {
    this.#last.set(key, last);
    const [oldest] = this.#last.keys();
    if (this.#last.size > MOST_ROOTS && oldest !== undefined) this.#last.delete(oldest);
  }
}

/** False when the commit is not there any more: its refs were old, and somebody tidied up. */
async function named(checkout: Checkout, ref: string, commit: string): Promise<boolean> {
  try {
    await updateRef(checkout, ref, commit);
    return true;
  } catch (error) {
    if (isGitError(error, "failed")) return false;
    throw error;
  }
}

/** The index and what else decides what git makes of files, as they are on the disk. */
async function indexOf({ gitDir, commonDir }: Checkout): Promise<string> {
  const files = [join(gitDir, "index"), join(commonDir, "config"), join(commonDir, "info", "attributes")];
  return (await Promise.all(files.map((file) => identityOf(file)))).join(" ");
}

/** What a repository of the program's own says while nothing in it differs from its index. */
const cleanSign = ({ status }: Seen): string => `clean\0${status.ignored.join("\0")}`;

/** `undefined` when it cannot be told from another state by the next look. */
async function signOf(checkout: Checkout, seen: Seen, kind: Watched["kind"]): Promise<string | undefined> {
  const { modified, untracked } = seen.status;
  if (kind === "shadow") return modified.length + untracked.length === 0 ? cleanSign(seen) : undefined;
  const names = [...modified.map(({ name }) => name), ...untracked];
  const isOpaque = modified.some((each) => each.isSubmodule || each.unmerged !== undefined);
  if (isOpaque || names.length > MOST_FILES || names.some((name) => name.endsWith("/"))) return undefined;
  const newest = checkout.git.clock.now() - RACY_MS;
  const found = new Map<string, string>();
  await inChunks(names, async (name) => {
    found.set(
      name,
      await identityOf(Buffer.concat([Buffer.from(`${checkout.workTree}/`), bytesOf(name)]), newest),
    );
  });
  const files = names.map((name) => found.get(name) ?? "recent");
  return files.includes("recent") ? undefined : [seen.text, ...files].join("\0");
}

/** `recent`: it changed after `newest`. */
async function identityOf(path: string | Buffer, newest?: number): Promise<string> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return "-";
  if (newest !== undefined && Number(stats.ctimeMs) > newest) return "recent";
  return [stats.dev, stats.ino, stats.mode, stats.size, stats.mtimeNs, stats.ctimeNs].join(":");
}
