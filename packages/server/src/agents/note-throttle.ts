import { cleanText, redact } from "@holdfast/kernel";
import type { NoteEvent } from "./port.ts";

/** Characters of a tail in a note. */
export const NOTE_TAIL_CHARS = 1_024;

/** Notes of one type and kind that are given whole; afterwards only every doubling is, with the bytes since the last one. */
const WHOLE_NOTES = 16;

/** Distinct kinds counted apart; an agent that invents more shares one count. */
const MAX_KINDS = 64;
const MAX_KIND_CHARS = 64;

/** Turns faults into notes: each counted, each kind bounded, so that a noisy agent cannot fill the store. */
export class NoteThrottle {
  readonly #counts = new Map<string, { seen: number; bytes: number }>();

  /** The note to give now, if any. */
  note(type: NoteEvent["type"], kind: string, bytes: number, text: string): NoteEvent | undefined {
    const name = cleanText(kind.slice(0, MAX_KIND_CHARS)) || "unnamed";
    const key =
      this.#counts.size < MAX_KINDS || this.#counts.has(`${type} ${name}`) ? `${type} ${name}` : type;
    const count = this.#counts.get(key) ?? { seen: 0, bytes: 0 };
    this.#counts.set(key, count);
    count.seen += 1;
    count.bytes += bytes;
    if (count.seen > WHOLE_NOTES && !isPowerOfTwo(count.seen)) return undefined;
    const note = { type, kind: name, bytes: count.bytes, tail: tailOf(text) };
    count.bytes = 0;
    return note;
  }
}

/** The end of a text as it may be stored: bounded, masked, well-formed. Masked before it is cut, so that no half of a secret stays. */
export function tailOf(text: string): string {
  const near = text.slice(-4 * NOTE_TAIL_CHARS);
  return cleanText(redact(near).slice(-NOTE_TAIL_CHARS));
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
