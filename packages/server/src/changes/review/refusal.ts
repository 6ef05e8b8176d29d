import { HoldfastError } from "@holdfast/kernel";
import {
  type ChangeConflict,
  MAX_LIST_PATCH_BYTES,
  MAX_NAMED_PATHS,
  MAX_PATCH_BYTES,
} from "@holdfast/protocol";
import { showPath } from "../../git/index.ts";
import type { ReviewRepository, MergeConflict } from "./review-repository.ts";

const NUL = 0;

/** The refusal of an act whose files would not take it: nothing was written (W-8). Texts of both sides as far as they are texts and not too long. */
export async function conflictRefusal(
  repo: Pick<ReviewRepository, "readBlob">,
  conflicts: readonly MergeConflict[],
): Promise<HoldfastError> {
  const named = conflicts.slice(0, MAX_NAMED_PATHS);
  let left = MAX_LIST_PATCH_BYTES;
  const shown: ChangeConflict[] = [];
  for (const { key, reason, ...sides } of named) {
    const texts: NonNullable<ChangeConflict["texts"]> = {};
    for (const side of ["base", "ours", "theirs"] as const) {
      const text =
        sides[side] === undefined ? undefined : await textOf(repo, sides[side].blob, sides[side].mode);
      if (text === undefined || text.length > left) continue;
      left -= text.length;
      texts[side] = text;
    }
    const { base, ours, theirs } = sides;
    shown.push({
      path: showPath(key),
      reason,
      ...(base === undefined ? {} : { base }),
      ...(ours === undefined ? {} : { ours }),
      ...(theirs === undefined ? {} : { theirs }),
      ...(Object.keys(texts).length === 0 ? {} : { texts }),
    });
  }
  return new HoldfastError(
    "CHANGES_CONFLICT",
    `The changes do not fit the files as they are, in ${conflicts.length} place${conflicts.length === 1 ? "" : "s"}; nothing was written.`,
    { data: { paths: named.map(({ key }) => showPath(key)), conflicts: shown, count: conflicts.length } },
  );
}

/** A regular file's text, or undefined when it is none, too long or not there. */
async function textOf(
  repo: Pick<ReviewRepository, "readBlob">,
  blob: string,
  mode: string,
): Promise<string | undefined> {
  if (!mode.startsWith("100")) return undefined;
  const bytes = await repo.readBlob(blob).catch(() => undefined);
  if (bytes === undefined || bytes.length > MAX_PATCH_BYTES || bytes.includes(NUL)) return undefined;
  return bytes.toString("utf8");
}
