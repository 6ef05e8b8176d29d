/**
 * Who made what of a file that several worked on (W-4, W-5). Pure.
 *
 *   baseline ──old hunks, with origins──► before ──step, one origin──► after
 *      └───────────────── next hunks, ranges only ───────────────────►┘
 *
 * - A line that `next` adds belongs to the step when the step added it, else to the old hunk that had added it before.
 * - A baseline line that `next` deletes belongs to the old hunk that had deleted it, else to the step.
 * - A hunk that got no origin this way, because two diffs of equal lines may place them differently, takes those of its nearest neighbour:
 *   every hunk has an origin.
 */
import type { Origin } from "@holdfast/protocol";
import {
  type Attributed,
  carry,
  type HunkRange,
  rangeOf,
  type Region,
  regionOf,
  type Span,
} from "./region.ts";

export type Composition = {
  /** From the baseline to the version before the step, in order. */
  old: readonly Region[];
  /** From the version before to the version after it, in order. */
  step: readonly Region[];
  /** From the baseline to the version after it, in order. */
  next: readonly HunkRange[];
  /** Every origin that may occur, the newest first. */
  newestFirst: readonly Origin[];
};

/** The hunks of `next` with their origins. */
export function compose({ old, step, next, newestFirst }: Composition): Attributed[] {
  return next.map((range) => {
    const region = regionOf(range, []);
    const exact = [...originsOfAdded(region.new, old, step), ...originsOfRemoved(region.old, old, step)];
    const found = exact.length > 0 ? exact : nearest(region.new, old, step);
    return { ...rangeOf(region), origins: inOrder(found, newestFirst) };
  });
}

export const isSameOrigin = (one: Origin, other: Origin): boolean =>
  one.agent === other.agent && one.turnId === other.turnId && one.sessionId === other.sessionId;

const originsIn = (regions: readonly Region[]): Origin[] => regions.flatMap((region) => region.origins);

function originsOfAdded(span: Span, old: readonly Region[], step: readonly Region[]): Origin[] {
  const { hits, rest } = carry(span, step, "new");
  return [...originsIn(hits), ...rest.flatMap((lines) => originsIn(carry(lines, old, "new").hits))];
}

function originsOfRemoved(span: Span, old: readonly Region[], step: readonly Region[]): Origin[] {
  const { hits, rest } = carry(span, old, "old");
  return [...originsIn(hits), ...rest.flatMap((lines) => originsIn(carry(lines, step, "old").hits))];
}

/** The origins of the regions that end next to a span of the newest version. */
function nearest(span: Span, old: readonly Region[], step: readonly Region[]): Origin[] {
  const places = [
    ...step.map((region) => ({ at: region.new, origins: region.origins })),
    ...old.map((region) => ({ at: placeAfter(region.new, step), origins: region.origins })),
  ];
  const distances = places.map(({ at }) => Math.max(0, at.from - span.to, span.from - at.to));
  const least = Math.min(...distances);
  return places.flatMap(({ origins }, index) => (distances[index] === least ? origins : []));
}

/** Where lines of the version before the step would stand after it. */
function placeAfter({ from, to }: Span, step: readonly Region[]): Span {
  const before = step.filter((region) => region.old.to <= from).at(-1);
  const shift = before === undefined ? 0 : before.new.to - before.old.to;
  return { from: from + shift, to: to + shift };
}

function inOrder(found: readonly Origin[], newestFirst: readonly Origin[]): Origin[] {
  const known = newestFirst.filter((origin) => found.some((each) => isSameOrigin(each, origin)));
  const isListed = (origin: Origin) => known.some((each) => isSameOrigin(each, origin));
  const rest = found.filter(
    (origin, index) => !isListed(origin) && found.findIndex((each) => isSameOrigin(each, origin)) === index,
  );
  return [...known, ...rest];
}
