import type { Contribution, Hunk, Origin } from "@holdfast/protocol";
import { isSameOrigin } from "../attribution/index.ts";

/** Most contributions of one row: what a row with its events may weigh (D-4). Beyond that the two oldest neighbours become one. */
export const MAX_CONTRIBUTIONS = 200;

/** A contribution before it is known which hunks it accounts for. */
export type Contributed = Omit<Contribution, "hunks">;

export const originOf = ({ agent, turnId, sessionId }: Contributed): Origin => ({
  agent,
  ...(turnId === undefined ? {} : { turnId }),
  ...(sessionId === undefined ? {} : { sessionId }),
});

/** Every origin of the contributions, oldest first in, newest first out. */
export function originsOf(contributions: readonly Contributed[]): Origin[] {
  const origins = contributions.map(originOf).toReversed();
  return origins.filter((origin, at) => origins.findIndex((each) => isSameOrigin(each, origin)) === at);
}

/**
 * The contributions of a row, oldest first, after more of them (W-4: none is ever dropped). What follows another one of the same origin
 * extends it, so that looking often adds nothing.
 */
export function contribute(known: readonly Contributed[], added: readonly Contributed[]): Contributed[] {
  const all: Contributed[] = [];
  for (const each of [...known, ...added]) {
    const last = all.at(-1);
    const isSame = last !== undefined && isSameOrigin(originOf(last), originOf(each));
    if (isSame) all[all.length - 1] = { ...each, before: last.before };
    else all.push(each);
  }
  while (all.length > MAX_CONTRIBUTIONS) all.splice(0, 2, spanning(all[0], all[1]));
  return all;
}

/** The contributions of several rows as those of one, in the order of time. */
export const merged = (rows: readonly (readonly Contributed[])[]): Contributed[] =>
  rows.length === 1 ? [...(rows[0] ?? [])] : rows.flat().toSorted((one, other) => one.time - other.time);

/** Names the hunks that each contribution accounts for. */
export const withHunks = (contributions: readonly Contributed[], hunks: readonly Hunk[]): Contribution[] =>
  contributions.map((each) => {
    const origin = originOf(each);
    const own = hunks.filter(({ origins }) => origins.some((one) => isSameOrigin(one, origin)));
    return { ...each, hunks: own.map(({ id }) => id) };
  });

/** One contribution over the span of two; of nobody in particular when they were not of one agent. */
function spanning(older: Contributed | undefined, newer: Contributed | undefined): Contributed {
  if (older === undefined || newer === undefined) throw new RangeError("There are no two contributions.");
  const agent = older.agent === newer.agent ? newer.agent : "unknown";
  return { agent, before: older.before, after: newer.after, time: newer.time };
}
