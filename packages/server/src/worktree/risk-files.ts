/** What would be lost of the files of a worktree (W-10): what git says of them, held against what stands on the disk and what a rescue can take of it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { MAX_NAMED_PATHS, type Risk, type RiskKind, type Worktree } from "@holdfast/protocol";
import { type GitPath, showPath } from "../git/index.ts";
import type { Unheld } from "../snapshot/index.ts";
import { parcelOf } from "./beside/index.ts";
import type { SagaDeps } from "./deps.ts";

/** Rejects what git and the file system say, or an Error with the reason when nothing can be watched there. */
export async function askFiles(
  { snapshots }: Pick<SagaDeps, "snapshots">,
  { workspaceId, path }: Pick<Worktree, "workspaceId" | "path">,
): Promise<Risk[]> {
  const watched = await snapshots.watch({ workspaceId, root: path });
  if ("off" in watched) throw new Error(watched.off);
  const { gitDir } = watched.checkout;
  const { status, unheld } = await snapshots.survey(watched);
  const parcel = await parcelOf(path, gitDir, unheld);
  const unsaved = new Set(parcel.unsaved);
  const untracked = status.untracked.filter((key) => !key.endsWith("/"));
  const repositoriesSeen = status.untracked.flatMap((key) => (key.endsWith("/") ? [key.slice(0, -1)] : []));
  const kept = (keys: readonly GitPath[]) => keys.filter((key) => !unsaved.has(key));
  const told = new Set([...status.changed, ...untracked]);
  const within = (kind: "nested" | "submodule") => unheld.filter((each) => each.within?.kind === kind);
  const [nested, filled] = [within("nested"), within("submodule")];
  const isKept = (some: readonly Unheld[]) => !some.some(({ key }) => unsaved.has(key));
  const owners = (some: readonly Unheld[]) => some.flatMap(({ within: owner }) => owner?.key ?? []);
  const unlisted = unheld.filter(
    (each) =>
      each.kind !== "directory" &&
      (each.within === undefined || each.within.kind === "unfilled") &&
      !told.has(each.key) &&
      !unsaved.has(each.key),
  );
  const repositories = [...new Set([...repositoriesSeen, ...owners(nested)])];
  // What git keeps of a submodule goes with the worktree, also when nothing of it is in its place.
  const submodules = filled.length > 0 ? [...new Set(owners(filled))] : await modulesOf(gitDir);
  const isOwnKept = !parcel.unsaved.some((key) => key.startsWith(".git/"));
  return [
    ...named("uncommitted", kept(status.changed), true, [
      "file is changed and not committed.",
      "files are changed and not committed.",
    ]),
    ...named("untracked", kept(untracked), true, ["file is untracked.", "files are untracked."]),
    ...named(
      "unlisted",
      unlisted.map(({ key }) => key),
      true,
      ["file is there that git does not list.", "files are there that git does not list."],
    ),
    ...named("ignored", status.ignored, false, ["path is ignored by git.", "paths are ignored by git."]),
    ...named("nestedRepository", repositories, isKept(nested), [
      "repository is nested in it.",
      "repositories are nested in it.",
    ]),
    ...named("submodule", submodules, isKept(filled) && isOwnKept, [
      "submodule is filled.",
      "submodules are filled.",
    ]),
    ...named("unsaved", parcel.unsaved, false, [
      "path cannot be kept: it is no plain file, cannot be read, or is too large.",
      "paths cannot be kept: they are no plain files, cannot be read, or are too large.",
    ]),
  ];
}

async function modulesOf(gitDir: string): Promise<string[]> {
  return readdir(join(gitDir, "modules")).catch(() => []);
}

/** A risk of paths, or none; `messages` follow the count, of one and of more. */
export function named(
  kind: RiskKind,
  keys: readonly GitPath[],
  rescued: boolean,
  messages: readonly [one: string, many: string],
): Risk[] {
  if (keys.length === 0) return [];
  const paths = keys.slice(0, MAX_NAMED_PATHS).map((key) => showPath(key));
  return [{ kind, message: counted(keys.length, ...messages), count: keys.length, paths, rescued }];
}

export const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;
