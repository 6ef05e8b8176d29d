import { type Attributed, rangeOf, type Region, regionOf, type Span } from "./region.ts";

const moved = ({ from, to }: Span, by: number): Span => ({ from: from + by, to: to + by });
const growth = (region: Region): number =>
  region.new.to - region.new.from - (region.old.to - region.old.from);

/**
 * The hunks that are left once the baseline holds the accepted ones too: `isTaken` says which. Their places in the result stay, those in the
 * baseline move by what was accepted above them (W-9). Pure; ids are the caller's, since the baseline's blob is another one now.
 */
export function rebase<H extends Attributed>(
  hunks: readonly H[],
  isTaken: (hunk: H) => boolean,
): Attributed[] {
  return leave(hunks, isTaken, (region, shift) => ({ ...region, old: moved(region.old, shift) }));
}

/**
 * The hunks that are left once the rejected ones are written back: `isTaken` says which. Their places in the baseline stay, those in the
 * result move by what was taken out above them (W-6).
 */
export function without<H extends Attributed>(
  hunks: readonly H[],
  isTaken: (hunk: H) => boolean,
): Attributed[] {
  return leave(hunks, isTaken, (region, shift) => ({ ...region, new: moved(region.new, -shift) }));
}

function leave<H extends Attributed>(
  hunks: readonly H[],
  isTaken: (hunk: H) => boolean,
  place: (region: Region, shift: number) => Region,
): Attributed[] {
  let shift = 0;
  return hunks.flatMap((hunk) => {
    const region = regionOf(hunk, hunk.origins);
    if (isTaken(hunk)) {
      shift += growth(region);
      return [];
    }
    return [{ ...rangeOf(place(region, shift)), origins: hunk.origins }];
  });
}
