import type { Checkout } from "../git/index.ts";
import type { Snapshot } from "../snapshot/index.ts";
/** Snapshots without the limits of turns: what a removal needs, where nothing may be left out because it is large or many (W-3, W-11). */
import type { SagaDeps } from "./deps.ts";

/** A snapshot: its commit, which the raw bytes of converted files hang on, its tree, and what stands there beside it. */
export type Whole = Pick<Snapshot, "commit" | "tree" | "unheld"> & { checkout: Checkout };

/** Takes one of the checkout at `top`, kept by `ref`. Rejects GitError, or an Error with the reason when nothing can be watched there. */
export async function takeWhole(
  { snapshots }: Pick<SagaDeps, "snapshots">,
  workspaceId: string,
  top: string,
  ref: string,
): Promise<Whole> {
  const watched = await snapshots.watch({ workspaceId, root: top });
  if ("off" in watched) throw new Error(watched.off);
  const { commit, tree, unheld } = await snapshots.takeWhole(watched, ref);
  return { commit, tree, unheld, checkout: watched.checkout };
}
