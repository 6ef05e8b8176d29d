import { rename } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { errorText, randomHex } from "@holdfast/kernel";
import {
  commitTree,
  DURABLE,
  emptyTree,
  isGitError,
  keyOf,
  type Checkout,
  PLAIN_INDEX,
  runGit,
  updateRef,
  withoutRequiredFilters,
  withTemporaryIndex,
} from "../git/index.ts";
import { chooseCandidates } from "./candidates.ts";
import { captureFiles, editIndex } from "./capture.ts";
import { copyIndex } from "./copy-index.ts";
import { LeftOut } from "./left-out.ts";
import { commitManifest } from "./manifest.ts";
import { findRawFiles, type RawMemory } from "./raw-bytes.ts";
import { EXCLUDED } from "./shadow.ts";
import {
  type RawFile,
  type Snapshot,
  type SnapshotLimits,
  SnapshotRefused,
  type Unheld,
  type Watched,
} from "./snapshot.ts";
import { parseStatus, type Seen, type Status } from "./status.ts";
import type { OnSeen } from "./unchanged.ts";
import { findUnheld, namesOnDisk, nameUnheld } from "./unheld.ts";
import { openWorkingIndex, type WorkingIndex } from "./working-index.ts";

/** Most bytes that git may say about one checkout. */
const STATUS_BYTES = 64 * 1024 * 1024;
/** How long one run of git may read files for a whole snapshot, in ms. */
const WHOLE_MS = 600_000;

const STATUS = [
  "status",
  "--porcelain=v2",
  "-z",
  "--branch",
  "--no-ahead-behind",
  "--untracked-files=all",
  "--ignored=matching",
  "--no-renames",
];

export type TakeOptions = {
  memory: RawMemory;
  dataDirectory: string;
  limits: SnapshotLimits;
  onSeen: OnSeen;
  /** Everything is looked for, without haste: `unheld` says what the tree does not hold. */
  isWhole: boolean;
};

/** Stores all files below the root as a commit under `ref`, on the disk when it resolves. See `Snapshots.take`. */
export async function takeSnapshot(watched: Watched, ref: string, options: TakeOptions): Promise<Snapshot> {
  const { checkout, kind } = watched;
  return withTemporaryIndex(checkout.git, async (file) => {
    const index = await openWorkingIndex(checkout, file);
    const seen = await readStatus(checkout, file);
    await options.onSeen(seen, index.isPlain);
    const leftOut = new LeftOut();
    const own = ownDirectories(checkout, options.dataDirectory);
    const asked = await capture(watched, { index, seen, leftOut, own }, options);
    const tree = await writeTree(checkout, file);
    const raw = await keepRaw(checkout, { index, seen, leftOut, asked }, options);
    const held = new Set(await namesIn(checkout, file));
    const holding = { checkout, seen, own, links: index.links, held, asked: new Set(asked), leftOut };
    const names = options.isWhole ? undefined : await nameUnheld(holding);
    const unheld = options.isWhole ? await findUnheld(holding) : [];
    const facts = { uncaptured: leftOut.named(), uncapturedCount: leftOut.count, raw };
    const manifest = await commitManifest(checkout, facts);
    const parents = manifest === undefined ? [] : [manifest];
    const commit = await commitTree(checkout, tree, `Holdfast snapshot ${ref}`, { parents });
    await updateRef(checkout, ref, commit);
    if (kind === "shadow")
      await keepIndex(checkout, file, commit).catch((error: unknown) => {
        // The snapshot stands; the next one reads more files.
        checkout.git.logger.warn(
          { error: errorText(error) },
          "the index of a shadow repository was not kept",
        );
      });
    const head = kind === "shadow" ? undefined : seen.status.head;
    return {
      commit,
      tree,
      ...(head === undefined ? {} : { head }),
      ...facts,
      unheld,
      ...(names === undefined ? {} : { names }),
    };
  });
}

type Looked = { index: WorkingIndex; seen: Seen; leftOut: LeftOut };

/** Brings the files that differ into the working index. Answers the names that git was asked to take. */
async function capture(
  { checkout, kind }: Watched,
  { index, seen, leftOut, own }: Looked & { own: readonly string[] },
  { limits, isWhole }: TakeOptions,
): Promise<string[]> {
  const { status } = seen;
  const prefix = keyOf(checkout.prefix);
  const key = (name: string) => name.slice(prefix.length);
  for (const name of status.ignored) leftOut.add(key(name), kind === "shadow" ? whyIgnored(name) : "ignored");
  const now = checkout.git.clock.now();
  const chosen = await chooseCandidates({ checkout, status, leftOut, own, limits, now });
  const told = new Set([...chosen.add, ...chosen.edits.map((edit) => edit.key)]);
  // Conflicts elsewhere in the repository would stop a tree of this part of it.
  const elsewhere = index.unmerged.filter((name) => !told.has(name) && !name.startsWith(prefix));
  await editIndex(checkout, index.file, [
    ...chosen.edits,
    ...elsewhere.map((name) => ({ key: name, version: null })),
  ]);
  await captureFiles(checkout, index.file, chosen.add, {
    leaveOut: (name, reason) => leftOut.add(key(name), reason),
    timeoutMs: isWhole ? WHOLE_MS : undefined,
  });
  return chosen.add;
}

/** Keeps the bytes of files that git would bring back otherwise; in a whole snapshot those that are too large for it are left out. */
async function keepRaw(
  checkout: Checkout,
  { index, seen, leftOut, asked }: Looked & { asked: readonly string[] },
  { memory, onSeen, isWhole }: TakeOptions,
): Promise<RawFile[]> {
  const { length } = keyOf(checkout.prefix);
  const found = await findRawFiles(checkout, index.file, [...new Set([...index.names, ...asked])], {
    memory,
    skip: (name) => leftOut.has(name.slice(length)),
  });
  if (found.isVeiled) await onSeen(seen, false);
  if (isWhole) for (const key of found.tooLarge) leftOut.add(key, "tooLarge");
  return found.raw;
}

/** What stands there that no tree would hold, in a checkout that is not touched. Rejects like `takeSnapshot`. */
export async function surveyCheckout(
  { checkout }: Watched,
  dataDirectory: string,
  limits: SnapshotLimits,
): Promise<{ status: Status; unheld: Unheld[] }> {
  return withTemporaryIndex(checkout.git, async (file) => {
    const { names, links } = await openWorkingIndex(checkout, file);
    const seen = await readStatus(checkout, file);
    const { status } = seen;
    const leftOut = new LeftOut();
    const own = ownDirectories(checkout, dataDirectory);
    const asked = await chooseCandidates({ checkout, status, leftOut, own, limits, now: seen.time });
    const held = new Set([...names, ...asked.add]);
    const unheld = await findUnheld({ checkout, seen, own, links, held, asked: new Set(), leftOut });
    return { status, unheld };
  });
}

/** What git says of the files below the root, and the names that stand there. */
export async function lookAtCheckout(
  checkout: Checkout,
  indexFile: string,
  dataDirectory: string,
): Promise<{ seen: Seen; names: string }> {
  const seen = await readStatus(checkout, indexFile);
  return { seen, names: await namesOnDisk(checkout, seen, ownDirectories(checkout, dataDirectory)) };
}

/** What git says of the files below the root, as they differ from an index. Rejects SnapshotRefused when that is too much. */
async function readStatus(checkout: Checkout, indexFile: string): Promise<Seen> {
  const time = checkout.git.clock.now();
  const below = checkout.prefix === "" ? [] : ["--", checkout.prefix.slice(0, -1)];
  const ask = (submodules: "none" | "dirty", config: readonly string[] = []) =>
    runGit(checkout, [...STATUS, `--ignore-submodules=${submodules}`, ...below], {
      indexFile,
      config: [...PLAIN_INDEX, ...config],
      maxBytes: STATUS_BYTES,
      beyond: "cut",
    });
  let isBlind = false;
  const { stdout, isCut } = await ask("none").catch(async (error: unknown) => {
    if (!isGitError(error, "failed")) throw error;
    // One filter that fails, or one submodule whose repository is broken, ends the whole question.
    const config = await withoutRequiredFilters(checkout.git, {
      directory: checkout.workTree,
      gitDir: checkout.gitDir,
    });
    return ask("none", config).catch((again: unknown) => {
      if (!isGitError(again, "failed")) throw again;
      isBlind = true;
      return ask("dirty", config);
    });
  });
  if (isCut) throw new SnapshotRefused("More files are changed, untracked or ignored than can be looked at.");
  const text = stdout.toString("latin1");
  return { text, status: parseStatus(text), isBlind, time };
}

/** The names from the top that an index has. */
async function namesIn(checkout: Checkout, indexFile: string): Promise<string[]> {
  const { stdout } = await runGit(checkout, ["ls-files", "-z"], { indexFile, config: PLAIN_INDEX });
  return stdout.toString("latin1").split("\0");
}

/** The tree of the root: of the whole index, or of the part below the prefix, which may hold nothing. */
async function writeTree(checkout: Checkout, indexFile: string): Promise<string> {
  const options = { indexFile, config: [...PLAIN_INDEX, ...DURABLE] };
  if (checkout.prefix === "") return (await runGit(checkout, ["write-tree"], options)).text;
  const { exitCode, text } = await runGit(checkout, ["write-tree", `--prefix=${checkout.prefix}`], {
    ...options,
    exits: [0, 128],
  });
  if (exitCode === 0) return text;
  const { stdout } = await runGit(checkout, ["ls-files", "-z", "--", checkout.prefix.slice(0, -1)], options);
  // With something there it is another trouble, which the whole tree shows.
  if (stdout.length > 0) await runGit(checkout, ["write-tree"], options);
  return emptyTree(checkout);
}

/** The program's own directory, when it is among the files that are watched; as a name from the top. */
function ownDirectories(checkout: Checkout, dataDirectory: string): string[] {
  const below = relative(checkout.workTree, dataDirectory);
  if (below === "" || below.startsWith(`..${sep}`) || below === "..") return [];
  return [`${keyOf(below.split(sep).join("/"))}/`];
}

function whyIgnored(name: string): "excluded" | "ignored" {
  const last = name.split("/").at(-2) ?? "";
  return name.endsWith("/") && EXCLUDED.includes(last) ? "excluded" : "ignored";
}

/** The next snapshot of the same directory begins with this index, so that it reads only what changed since. The last of two at once stays. */
async function keepIndex(checkout: Checkout, file: string, commit: string): Promise<void> {
  const kept = join(checkout.gitDir, `index.${randomHex(8)}`);
  await copyIndex(file, kept);
  await rename(kept, join(checkout.gitDir, "index"));
  // Only so that git has something to compare the index with.
  await updateRef(checkout, "refs/heads/main", commit);
}
