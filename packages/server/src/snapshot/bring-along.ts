import { access } from "node:fs/promises";
import { FETCH_PINNED, runGit, UPLOAD_PACK } from "../git/index.ts";
import { shadowOf } from "./shadow.ts";
import type { Watched } from "./snapshot.ts";

/** Every ref of the program, from one object store to the other. */
const REFS = "+refs/holdfast/*:refs/holdfast/*";

/**
 * Brings the snapshots that a directory had while it was in no repository into the repository that it is in now (W-3). A no-op where there are none.
 * Rejects GitError.
 */
export async function bringAlong(watched: Watched, shadows: string): Promise<void> {
  const from = shadowOf(shadows, watched.workspaceId);
  const isThere = await access(from).then(
    () => true,
    () => false,
  );
  if (watched.kind === "shadow" || !isThere) return;
  const quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
  await runGit(watched.checkout, ["fetch", ...quiet, `--upload-pack=${UPLOAD_PACK}`, from, REFS], {
    config: FETCH_PINNED,
  });
}
