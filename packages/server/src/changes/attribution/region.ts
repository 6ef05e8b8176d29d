import type { Hunk, Origin } from "@holdfast/protocol";

/** Lines of a file from `from` up to and without `to`, counted from 0. */
export type Span = { readonly from: number; readonly to: number };

/** Where two versions of a file differ: these lines of the old one became those of the new one. */
export type Region = { readonly old: Span; readonly new: Span; readonly origins: readonly Origin[] };

/** The place of a hunk as git writes it: lines count from 1; a length of 0 stands after the line named. */
export type HunkRange = Pick<Hunk, "oldStart" | "oldLines" | "newStart" | "newLines">;

/** A hunk with the origins of what it changes, newest first. */
export type Attributed = HunkRange & { origins: Origin[] };

const spanOf = (start: number, lines: number): Span => {
  const from = lines === 0 ? start : start - 1;
  return { from, to: from + lines };
};

const startOf = ({ from, to }: Span): number => (from === to ? from : from + 1);

/** A hunk as half-open spans, for arithmetic. */
export function regionOf(range: HunkRange, origins: readonly Origin[]): Region {
  return {
    old: spanOf(range.oldStart, range.oldLines),
    new: spanOf(range.newStart, range.newLines),
    origins,
  };
}

/** Spans as git writes them. */
export function rangeOf({ old, new: after }: Pick<Region, "old" | "new">): HunkRange {
  return {
    oldStart: startOf(old),
    oldLines: old.to - old.from,
    newStart: startOf(after),
    newLines: after.to - after.from,
  };
}

/** A region that is the whole file on both sides: what is known of a file whose hunks nobody counted. */
export const wholeFile = (origins: readonly Origin[]): Region => ({
  old: { from: 0, to: Number.MAX_SAFE_INTEGER },
  new: { from: 0, to: Number.MAX_SAFE_INTEGER },
  origins,
});

type Side = "old" | "new";

/**
 * Carries lines of one version to the other: which regions hold some of them, and where the rest, which both versions share, stands on the
 * other side. `regions` are in order.
 */
export function carry(span: Span, regions: readonly Region[], side: Side): { hits: Region[]; rest: Span[] } {
  const other = side === "old" ? "new" : "old";
  const hits: Region[] = [];
  const rest: Span[] = [];
  if (span.from === span.to) return { hits, rest };
  let at = span.from;
  let shift = 0;
  const keep = (to: number) => {
    if (to > at) rest.push({ from: at + shift, to: to + shift });
  };
  for (const region of regions) {
    const here = region[side];
    if (here.from >= span.to) break;
    if (here.to > at) {
      keep(here.from);
      if (here.to > here.from) hits.push(region);
      at = here.to;
    }
    shift = region[other].to - here.to;
  }
  keep(span.to);
  return { hits, rest };
}
