/**
 * A copy of the checkout's index to work on, so that the user's stays as it is and needs no lock. What the copy was told not to look at (assume-unchanged,
 * skip-worktree) is looked at all the same: else an edit could hide.
 */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf, isGitError, type Checkout, PLAIN_INDEX, runGit } from "../git/index.ts";
import { copyIndex } from "./copy-index.ts";
import { inChunks } from "./in-chunks.ts";
import { updateIndex } from "./update-index.ts";

/** Hidden entries that are looked for on the disk; a sparse checkout has more, and there git finds those that are present itself. */
const HIDDEN_LOOKS = 20_000;

export type WorkingIndex = {
  file: string;
  /** Every tracked path from the top. */
  names: string[];
  unmerged: string[];
  /** Submodules. */
  links: string[];
  /** Whether it is the checkout's own index, and no entry of it was hidden. */
  isPlain: boolean;
};

/** Fills `file` from the checkout's index; from HEAD when that is missing or damaged. */
export async function openWorkingIndex(checkout: Checkout, file: string): Promise<WorkingIndex> {
  const copied = await copyIndex(join(checkout.gitDir, "index"), file).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    },
  );
  if (!copied) await readHeadInto(checkout, file);
  let isWhole = copied;
  const listing = await list(checkout, file).catch(async (error: unknown) => {
    if (!isGitError(error, "failed")) throw error;
    isWhole = false;
    await readHeadInto(checkout, file);
    return list(checkout, file);
  });
  await show(checkout, file, listing);
  const { names, unmerged, links, unchanged, skipped } = listing;
  return { file, names, unmerged, links, isPlain: isWhole && unchanged.length + skipped.length === 0 };
}

type Listing = Record<"names" | "unmerged" | "links" | "unchanged" | "skipped", string[]>;

async function list(checkout: Checkout, indexFile: string): Promise<Listing> {
  const { stdout } = await runGit(checkout, ["ls-files", "-v", "-s", "-z"], {
    indexFile,
    config: PLAIN_INDEX,
  });
  const listing: Listing = { names: [], unmerged: [], links: [], unchanged: [], skipped: [] };
  for (const line of stdout.toString("latin1").split("\0")) {
    if (line === "") continue;
    const tag = line[0] ?? "";
    // `<tag> <mode> <object> <stage>\t<name>`
    const name = line.slice(line.indexOf("\t") + 1);
    const upper = tag.toUpperCase();
    if (listing.names.at(-1) !== name) listing.names.push(name);
    if (upper === "M" && listing.unmerged.at(-1) !== name) listing.unmerged.push(name);
    if (tag !== upper) listing.unchanged.push(name);
    if (line.startsWith("160000", 2)) listing.links.push(name);
    if (upper === "S") listing.skipped.push(name);
  }
  return listing;
}

async function show(checkout: Checkout, indexFile: string, { unchanged, skipped }: Listing): Promise<void> {
  const mark = async (flag: string, names: readonly string[]) => {
    if (names.length === 0) return;
    const stdin = bytesOf(names.map((name) => `${name}\0`).join(""));
    await updateIndex(checkout, indexFile, [flag, "--stdin"], { stdin });
  };
  await mark("--no-assume-unchanged", unchanged);
  const present: string[] = [];
  await inChunks(skipped.slice(0, HIDDEN_LOOKS), async (name) => {
    const path = Buffer.concat([Buffer.from(`${checkout.workTree}/`), bytesOf(name)]);
    if ((await lstat(path).catch(() => undefined)) !== undefined) present.push(name);
  });
  await mark("--no-skip-worktree", present);
}

async function readHeadInto(checkout: Checkout, indexFile: string): Promise<void> {
  const options = { indexFile, config: PLAIN_INDEX };
  const head = await runGit(checkout, ["rev-parse", "--verify", "--quiet", "HEAD^{tree}"], {
    exits: [0, 1, 128],
  });
  await runGit(checkout, ["read-tree", head.exitCode === 0 ? head.text : "--empty"], options);
}
