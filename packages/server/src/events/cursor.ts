import { HoldfastError } from "@holdfast/kernel";

/** Longest cursor that is looked at, in characters. */
const CURSOR_LENGTH = 256;
const STORE_PREFIX = 8;

/** A reader's place in a session's stream: a seq. Rejects CURSOR_INVALID. */
export function parseSessionCursor(text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw invalid();
  const seq = Number(text);
  if (!Number.isSafeInteger(seq)) throw invalid();
  return seq;
}

/** The opaque id of a feed's event: which store, and where in its commits. */
export function feedCursor(storeId: string, position: number): string {
  return Buffer.from(`${storeId.slice(0, STORE_PREFIX)}.${position}`).toString("base64url");
}

/** Reads a feed cursor; `0` is the oldest kept. `foreign`: it was given by another store (D-23). Rejects CURSOR_INVALID. */
export function parseFeedCursor(storeId: string, text: string): { position: number; foreign: boolean } {
  if (text === "0") return { position: 0, foreign: false };
  if (text.length > CURSOR_LENGTH || !/^[\w-]+$/.test(text)) throw invalid();
  const plain = Buffer.from(text, "base64url").toString();
  const match = /^(.{1,64})\.(\d{1,16})$/s.exec(plain);
  const position = Number(match?.[2]);
  if (match === null || !Number.isSafeInteger(position)) throw invalid();
  if (Buffer.from(plain).toString("base64url") !== text) throw invalid();
  return { position, foreign: match[1] !== storeId.slice(0, STORE_PREFIX) };
}

function invalid(): HoldfastError {
  return new HoldfastError("CURSOR_INVALID", "The cursor is not one that this server gave out.");
}
