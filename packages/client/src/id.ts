import type { Id, IdPrefix } from "@holdfast/protocol";

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** An id that nobody else makes: the prefix and a UUIDv7 in base32, as every id is (interfaces.md section 0). Chosen by a caller whose request may be repeated. */
export function newId<P extends IdPrefix>(prefix: P, now = Date.now()): Id<P> {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let at = 0; at < 6; at += 1) bytes[at] = Math.floor(now / 2 ** (8 * (5 - at))) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  let value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = "";
  for (let digit = 0; digit < 26; digit += 1) {
    text = (DIGITS[Number(value & 31n)] ?? "0") + text;
    value >>= 5n;
  }
  return `${prefix}_${text}` as Id<P>;
}
