import { parseCount } from "@holdfast/kernel";
import type { FeedOrder, FeedPosition } from "../port.ts";

/** Positions of this engine's feed are row ids of the log (`log.ts`). */
export const toPosition = (rowId: number): FeedPosition => rowId as unknown as FeedPosition;
export const toRowId = (position: FeedPosition): number => position as unknown as number;

export const feedOrder: FeedOrder = {
  start: toPosition(0),
  isAfter: (position, other) => toRowId(position) > toRowId(other),
  format: (position) => String(toRowId(position)),
  parse(text) {
    const rowId = parseCount(text);
    return rowId === undefined ? undefined : toPosition(rowId);
  },
};
