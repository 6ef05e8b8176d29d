import { HoldfastError, parseCount } from "@holdfast/kernel";
import type { FeedPosition, Store } from "../store/index.ts";

/** Longest cursor that is looked at, in characters. */
const CURSOR_LENGTH = 256;
const STORE_PREFIX = 8;

type FeedStore = Pick<Store, "storeId" | "feedOrder">;

/** A reader's place in a session's stream: a seq. Rejects CURSOR_INVALID. */
export function parseSessionCursor(text: string): number {
  const seq = parseCount(text);
  if (seq === undefined) throw invalid();
  return seq;
}

/** The opaque id of a feed's event: which store, and where in its commits. */
export function feedCursor({ storeId, feedOrder }: FeedStore, position: FeedPosition): string {
  return Buffer.from(`${storeId.slice(0, STORE_PREFIX)}.${feedOrder.format(position)}`).toString("base64url");
}

/** Reads a feed cursor; `0` is the oldest kept, and without `at` another store gave it (D-23). Rejects CURSOR_INVALID. */
export function parseFeedCursor({ storeId, feedOrder }: FeedStore, text: string): { at?: FeedPosition } {
  if (text === "0") return { at: feedOrder.start };
  if (text.length > CURSOR_LENGTH || !/^[\w-]+$/.test(text)) throw invalid();
  const plain = Buffer.from(text, "base64url").toString();
  const [, store, position = ""] = /^(.{1,64})\.([\w-]{1,64})$/s.exec(plain) ?? [];
  if (store === undefined || Buffer.from(plain).toString("base64url") !== text) throw invalid();
  if (store !== storeId.slice(0, STORE_PREFIX)) return {};
  const at = feedOrder.parse(position);
  if (at === undefined) throw invalid();
  return { at };
}

function invalid(): HoldfastError {
  return new HoldfastError("CURSOR_INVALID", "The cursor is not one that this server gave out.");
}
