import { rename } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { errorText, randomHex } from "@holdfast/kernel";
import {
  commitTree,
  DURABLE,
  emptyTree,
  keyOf,
  type Place,
  PLAIN_INDEX,
  runGit,
  updateRef,
  withTemporaryIndex,
} from "../git/index.ts";
import { chooseCandidates } from "./candidates.ts";
import { captureFiles, editIndex } from "./capture.ts";
import { copyIndex } from "./copy-index.ts";
import { LeftOut } from "./left-out.ts";
import { commitManifest } from "./manifest.ts";
import { findRawFiles, type RawMemory } from "./raw-bytes.ts";
import { EXCLUDED } from "./shadow.ts";
import { type Snapshot, type SnapshotLimits, SnapshotRefused, type Watched } from "./snapshot.ts";
import { parseStatus, type Seen } from "./status.ts";
import type { OnSeen } from "./unchanged.ts";
import { openWorkingIndex } from "./working-index.ts";

/** Most bytes that git may say about one checkout. */
const STATUS_BYTES = 64 * 1024 * 1024;

const STATUS = [
  "status",
  "--porcelain=v2",
  "-z",
  "--branch",
  "--no-ahead-behind",
  "--untracked-files=all",
  "--ignored=matching",
  "--no-renames",
  "--ignore-submodules=none",
];

export type TakeOptions = {
  memory: RawMemory;
  dataDirectory: string;
  limits: SnapshotLimits;
  onSeen: OnSeen;
};

/** Stores all files below the root as a commit under `ref`, on the disk when it resolves. See `Snapshots.take`. */
export async function takeSnapshot(
  watched: Watched,
  ref: string,
  { memory, dataDirectory, limits, onSeen }: TakeOptions,
): Promise<Snapshot> {
  const { place } = watched;
  return withTemporaryIndex(place.git, async (file) => {
    const { names, unmerged, isPlain } = await openWorkingIndex(place, file);
    const seen = await readStatus(place, file);
    await onSeen(seen, isPlain);
    const { status } = seen;
    const leftOut = new LeftOut();
    const prefix = keyOf(place.prefix);
    const key = (name: string) => name.slice(prefix.length);
    for (const name of status.ignored)
      leftOut.add(key(name), watched.kind === "shadow" ? whyIgnored(name) : "ignored");
    const own = ownDirectories(place, dataDirectory);
    const chosen = await chooseCandidates({
      place,
      status,
      leftOut,
      own,
      limits,
      now: place.git.clock.now(),
    });
    const told = new Set([...chosen.add, ...chosen.edits.map((edit) => edit.key)]);
    // Conflicts elsewhere in the repository would stop a tree of this part of it.
    const elsewhere = unmerged.filter((name) => !told.has(name) && !name.startsWith(prefix));
    await editIndex(place, file, [
      ...chosen.edits,
      ...elsewhere.map((name) => ({ key: name, version: null })),
    ]);
    await captureFiles(place, file, chosen.add, (name, reason) => leftOut.add(key(name), reason));
    const tree = await writeTree(place, file);
    const { raw, isVeiled } = await findRawFiles(place, file, [...new Set([...names, ...chosen.add])], {
      memory,
      skip: (name) => leftOut.has(key(name)),
    });
    if (isVeiled) await onSeen(seen, false);
    const facts = { uncaptured: leftOut.named(), uncapturedCount: leftOut.count, raw };
    const manifest = await commitManifest(place, facts);
    const parents = manifest === undefined ? [] : [manifest];
    const commit = await commitTree(place, tree, `Holdfast snapshot ${ref}`, { parents });
    await updateRef(place, ref, commit);
    if (watched.kind === "shadow")
      await keepIndex(place, file, commit).catch((error: unknown) => {
        // The snapshot stands; the next one reads more files.
        place.git.logger.warn({ error: errorText(error) }, "the index of a shadow repository was not kept");
      });
    const head = watched.kind === "shadow" ? undefined : status.head;
    return { commit, tree, ...(head === undefined ? {} : { head }), ...facts };
  });
}

/** What git says of the files below the root, as they differ from an index. Rejects SnapshotRefused when that is too much. */
export async function readStatus(place: Place, indexFile: string): Promise<Seen> {
  const below = place.prefix === "" ? [] : ["--", place.prefix.slice(0, -1)];
  const { stdout, isCut } = await runGit(place, [...STATUS, ...below], {
    indexFile,
    config: PLAIN_INDEX,
    maxBytes: STATUS_BYTES,
    beyond: "cut",
  });
  if (isCut) throw new SnapshotRefused("More files are changed, untracked or ignored than can be looked at.");
  const text = stdout.toString("latin1");
  return { text, status: parseStatus(text) };
}

/** The tree of the root: of the whole index, or of the part below the prefix, which may hold nothing. */
async function writeTree(place: Place, indexFile: string): Promise<string> {
  const options = { indexFile, config: [...PLAIN_INDEX, ...DURABLE] };
  if (place.prefix === "") return (await runGit(place, ["write-tree"], options)).text;
  const { exitCode, text } = await runGit(place, ["write-tree", `--prefix=${place.prefix}`], {
    ...options,
    exits: [0, 128],
  });
  if (exitCode === 0) return text;
  const { stdout } = await runGit(place, ["ls-files", "-z", "--", place.prefix.slice(0, -1)], options);
  // With something there it is another trouble, which the whole tree shows.
  if (stdout.length > 0) await runGit(place, ["write-tree"], options);
  return emptyTree(place);
}

/** The program's own directory, when it is among the files that are watched; as a name from the top. */
function ownDirectories(place: Place, dataDirectory: string): string[] {
  const below = relative(place.workTree, dataDirectory);
  if (below === "" || below.startsWith(`..${sep}`) || below === "..") return [];
  return [`${keyOf(below.split(sep).join("/"))}/`];
}

function whyIgnored(name: string): "excluded" | "ignored" {
  const last = name.split("/").at(-2) ?? "";
  return name.endsWith("/") && EXCLUDED.includes(last) ? "excluded" : "ignored";
}

/** The next snapshot of the same directory begins with this index, so that it reads only what changed since. The last of two at once stays. */
async function keepIndex(place: Place, file: string, commit: string): Promise<void> {
  const kept = join(place.gitDir, `index.${randomHex(8)}`);
  await copyIndex(file, kept);
  await rename(kept, join(place.gitDir, "index"));
  // Only so that git has something to compare the index with.
  await updateRef(place, "refs/heads/main", commit);
}
