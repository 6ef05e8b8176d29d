/** Holds what stands on the disk against what a tree has of it, and says why the rest is not in it (W-3, W-11). */
import { lstat } from "node:fs/promises";
import type { Uncaptured } from "@holdfast/protocol";
import { bytesOf, type GitPath, isOwnName, keyOf, type Checkout } from "../git/index.ts";
import { walkDisk } from "./disk.ts";
import type { LeftOut } from "./left-out.ts";
import type { DiskEntry, Unheld } from "./snapshot.ts";
import type { Seen } from "./status.ts";

/** What came up to so long before the files were looked at, in ms, may have been missed for that alone. */
const RACY_MS = 1_000;

export type Holding = {
  checkout: Checkout;
  seen: Seen;
  /** Names from the top that are the program's own, with a slash at the end. */
  own: readonly string[];
  /** Submodules of the index, from the top. */
  links: readonly string[];
  /** Names from the top that the tree has. */
  held: ReadonlySet<string>;
  /** Names from the top that git was asked to take: one that it did not take it refuses. */
  asked: ReadonlySet<string>;
  leftOut: LeftOut;
};

/** Adds to `leftOut` what is there and git did not tell of. Answers the names in short, for the next look; `undefined` when they moved. */
export async function nameUnheld(holding: Holding): Promise<string | undefined> {
  const { leftOut, checkout, seen } = holding;
  const fresh: GitPath[] = [];
  const names = await walk(holding, false, (entry) => {
    const { key, kind, within } = entry;
    if (kind === "directory" || leftOut.has(key)) return;
    if (kind === "repository") {
      if (within?.kind === "nested") leftOut.add(`${key}/`, "nestedRepository");
      else if (seen.isBlind) leftOut.add(key, "submodule");
    } else if (kind === "closed") leftOut.add(`${key}/`, "unreadable");
    else if (!isHeld(holding, entry)) {
      const reason = reasonOf(holding, entry);
      if (reason === "unlisted") fresh.push(key);
      else leftOut.add(key, reason);
    }
  });
  let isMoved = false;
  for (const key of fresh) {
    const path = Buffer.concat([Buffer.from(`${checkout.root}/`), bytesOf(key)]);
    const stats = await lstat(path).catch(() => undefined);
    if (stats !== undefined && stats.ctimeMs < seen.time - RACY_MS) leftOut.add(key, "unlisted");
    else isMoved = true;
  }
  return isMoved ? undefined : names;
}

/** Everything that is there and not in the tree as it is there, repositories looked into, empty directories too. */
export async function findUnheld(holding: Holding): Promise<Unheld[]> {
  const { leftOut } = holding;
  const found: Unheld[] = [];
  await walk(holding, true, (entry) => {
    const { key, kind } = entry;
    const known = leftOut.reasonOf(key);
    const isPlain = kind === "file" || kind === "link";
    if (!isPlain || known !== undefined || !isHeld(holding, entry))
      found.push({ ...entry, reason: known ?? reasonOf(holding, entry) });
  });
  return found.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}

/** The names that stand there, in short. */
export function namesOnDisk(checkout: Checkout, seen: Seen, own: readonly string[]): Promise<string> {
  return walk({ checkout, seen, own, links: [] }, false, () => undefined);
}

const isHeld = ({ held, checkout }: Holding, { key }: DiskEntry): boolean =>
  held.has(keyOf(checkout.prefix) + key);

function reasonOf({ asked, checkout }: Holding, { key, kind, within }: DiskEntry): Uncaptured["reason"] {
  if (kind === "special") return "special";
  if (kind === "closed") return "unreadable";
  if (within !== undefined) return within.kind === "nested" ? "nestedRepository" : "submodule";
  return asked.has(keyOf(checkout.prefix) + key) || key.split("/").some(isOwnName) ? "name" : "unlisted";
}

function walk(
  { checkout, seen, own, links }: Pick<Holding, "checkout" | "seen" | "own" | "links">,
  entersRepositories: boolean,
  onEntry: (entry: DiskEntry) => void,
): Promise<string> {
  const prefix = keyOf(checkout.prefix);
  const below = (names: readonly string[]) =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const skipped = new Set(below([...seen.status.ignored, ...own]));
  return walkDisk({
    root: checkout.root,
    isSkipped: (key) => skipped.has(key),
    links: new Set(below(links)),
    entersRepositories,
    onEntry,
  });
}
