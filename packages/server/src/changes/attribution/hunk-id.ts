import { createHash } from "node:crypto";
import type { FileVersion, Hunk } from "@holdfast/protocol";
import type { Attributed } from "./region.ts";

/** Hex digits of an id: enough that the 2,000 hunks of a file do not collide. */
const ID_CHARS = 16;

/** The versions of a path that a hunk leads from and to; absent where there is no file. */
export type HunkEnds = { key: string; before?: FileVersion | undefined; after?: FileVersion | undefined };

/** Names hunks by what they change (W-6): path, baseline blob, result blob, old range, new range. The same change has the same id for ever. */
export function withIds(hunks: readonly Attributed[], { key, before, after }: HunkEnds): Hunk[] {
  return hunks.map(({ oldStart, oldLines, newStart, newLines, origins }) => {
    const facts = [key, before?.blob ?? "", after?.blob ?? "", oldStart, oldLines, newStart, newLines];
    const id = createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, ID_CHARS);
    return { id, oldStart, oldLines, newStart, newLines, origins };
  });
}
