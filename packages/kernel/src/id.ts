import type { Id, IdPrefix } from "@holdfast/protocol";
import { idTime, randomFill, sourceNumber } from "./random.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const BYTES = 16;
const POOL = 256 * BYTES;

let pool = new Uint8Array(0);
let offset = 0;
let poolSource = 0;

/**
 * A new id: the prefix and a UUIDv7 in base32 (26 characters; interfaces.md section 0). Ids are identity only: no code compares
 * them to decide order (D-3), so a clock that jumps back does no harm.
 */
export function newId<P extends IdPrefix>(prefix: P, now: number = idTime()): Id<P> {
  return `${prefix}_${base32(uuidv7(now))}` as Id<P>;
}

function uuidv7(now: number): Uint8Array {
  if (offset + BYTES > pool.length || poolSource !== sourceNumber()) {
    pool = randomFill(new Uint8Array(POOL));
    poolSource = sourceNumber();
    offset = 0;
  }
  const bytes = pool.slice(offset, offset + BYTES);
  offset += BYTES;
  let time = Math.max(0, Math.floor(now));
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes;
}

/** 128 bits as 26 characters of Crockford's base32, lower case, most significant first. */
function base32(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 2;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return text;
}

/** `bytes` random bytes as lower-case hex: launch ids, one-time codes, tokens. */
export function randomHex(bytes: number): string {
  return Buffer.from(randomFill(new Uint8Array(bytes))).toString("hex");
}
