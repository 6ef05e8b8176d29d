/**
 * Snapshots that hold everything git can hold of a checkout: what a removal needs, where nothing may be left out because it is large or many.
 * The room's snapshots are taken first, for their raw bytes; what they leave out for its size is added, without a limit (W-3, W-11).
 */
import type { Uncaptured } from "@holdfast/protocol";
import type { SagaDeps } from "./deps.ts";
import { addEverything, parentOf, setRef, commitTree } from "./git-acts.ts";
import { isSnapshotRefused, type Snapshot } from "./snapshot/index.ts";

/** A snapshot: its commit, which the raw bytes of converted files hang on, its tree, and the files that could not be read. */
export type Whole = { commit: string; tree: string; unsaved: string[] };

const SIZE: ReadonlySet<Uncaptured["reason"]> = new Set(["tooLarge"]);
const TROUBLE: ReadonlySet<Uncaptured["reason"]> = new Set(["filter", "unreadable"]);

/** Takes one of the checkout at `top`, kept by `ref`. Rejects GitError, or an Error with the reason when nothing can be watched there. */
export async function takeWhole(
  deps: Pick<SagaDeps, "git" | "snapshots">,
  workspaceId: string,
  top: string,
  ref: string,
): Promise<Whole> {
  const watched = await deps.snapshots.watch({ workspaceId, root: top });
  if ("off" in watched) throw new Error(watched.off);
  const snapshot = await deps.snapshots.take(watched, ref).catch((error: unknown) => {
    // Too many files for a turn are not too many for a rescue.
    if (isSnapshotRefused(error)) return undefined;
    throw error;
  });
  const unsaved = named(snapshot, TROUBLE);
  if (snapshot !== undefined && named(snapshot, SIZE).length === 0)
    return { commit: snapshot.commit, tree: snapshot.tree, unsaved };
  const tree = await addEverything(deps.git, top, snapshot?.tree);
  const manifest = snapshot === undefined ? undefined : await parentOf(deps.git, top, snapshot.commit);
  const parents = manifest === undefined ? [] : [manifest];
  const commit = await commitTree(deps.git, top, tree, parents, "Holdfast: a whole checkout");
  await setRef(deps.git, top, ref, commit);
  return { commit, tree, unsaved };
}

/** Reasons come worst first, so the named ones show whether there are any of these. */
function named(snapshot: Snapshot | undefined, reasons: ReadonlySet<Uncaptured["reason"]>): string[] {
  return (snapshot?.uncaptured ?? []).filter(({ reason }) => reasons.has(reason)).map(({ path }) => path);
}
