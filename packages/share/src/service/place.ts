import { HoldfastError, parseCount } from "@holdfast/kernel";
import type { ShareRow } from "../store/index.ts";
import type { SubscribeRequest } from "./contract.ts";

export type Place = { after: number; last: number; reset: "retention" | "ahead" | "store" | undefined };

/** Where a stream begins (interfaces.md section 0): at the cursor, from now without one, and with a reset where the cursor leads nowhere. Throws CURSOR_INVALID. */
export function placeOf(share: ShareRow, storeId: string, { after, store }: SubscribeRequest): Place {
  const last = share.last_seq;
  if (after === undefined) return { after: last, last, reset: undefined };
  const seq = parseCount(after);
  if (seq === undefined)
    throw new HoldfastError("CURSOR_INVALID", "The cursor is not one that this service gave out.");
  const reset =
    store !== undefined && store !== storeId
      ? "store"
      : seq > last
        ? "ahead"
        : seq > 0 && seq < share.trimmed_seq
          ? "retention"
          : undefined;
  return { after: reset === undefined ? seq : last, last, reset };
}
