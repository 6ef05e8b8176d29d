import type { Comment } from "@holdfast/protocol";

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** A new id of a comment: 128 bits of time and chance in base32, as every id is. */
export function newCommentId(now = Date.now()): Comment["id"] {
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
  return `cmt_${text}` as Comment["id"];
}
