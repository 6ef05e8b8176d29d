/** Where a timeline can begin to rebuild the past without going back to the beginning. */
import type { SessionState } from "@holdfast/client";
import type { FrameBuilder } from "./frame-builder.ts";

/** A state between two turns: everything that the next events need. */
export type Snapshot = {
  /** Steps before it. */
  steps: number;
  /** The log up to here is in it; what comes after is read from here. */
  seq: number;
  builder: FrameBuilder;
  state: SessionState;
};

/** At most this many are kept; one more drops every second, and they stand twice as far apart from then on. */
export const MAX_SNAPSHOTS = 32;

/** The nearest snapshot from which the step at `index` can be reached; they are in the order of their steps. */
export function nearestSnapshot<S extends Pick<Snapshot, "steps">>(
  snapshots: readonly S[],
  index: number,
): S | undefined {
  let low = 0;
  let high = snapshots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((snapshots[middle]?.steps ?? Infinity) <= index) low = middle + 1;
    else high = middle;
  }
  return snapshots[low - 1];
}

/** Every second snapshot, the first always among them. */
export const thinOut = <S>(snapshots: readonly S[]): S[] => snapshots.filter((_, index) => index % 2 === 0);
