const MARK = " [...] ";
const MARK_BYTES = Buffer.byteLength(MARK);

/** Share of what is kept that comes from the beginning; the rest comes from the end. */
const HEAD_SHARE = 2 / 3;

/** The text when it has at most `bytes` bytes of UTF-8, else its beginning and its end with a mark between them. Never splits a character. */
export function cutText(text: string, bytes: number): string {
  // A UTF-16 unit takes at least one byte, so most texts need no encoding.
  if (text.length <= bytes && Buffer.byteLength(text) <= bytes) return text;
  const all = Buffer.from(text);
  const kept = Math.max(0, bytes - MARK_BYTES);
  const head = startOfCharacter(all, Math.floor(kept * HEAD_SHARE));
  const tail = endOfCharacter(all, all.length - (kept - head));
  return all.toString("utf8", 0, head) + MARK + all.toString("utf8", tail);
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

function startOfCharacter(bytes: Buffer, at: number): number {
  while (at > 0 && isContinuation(bytes[at])) at -= 1;
  return at;
}

function endOfCharacter(bytes: Buffer, at: number): number {
  while (at < bytes.length && isContinuation(bytes[at])) at += 1;
  return at;
}
