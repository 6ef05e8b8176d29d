/** Ids in a stream: what stands before and, as a byte, after each. */
export type Ids = { mark: Buffer; after: number };

/** Of server-sent events, and of the same events over a WebSocket. */
export const SSE_IDS: Ids = { mark: Buffer.from("\nid: "), after: 10 };
export const SOCKET_IDS: Ids = { mark: Buffer.from('{"id":"'), after: 34 };

/** More than a mark, the longest id and what is after it. */
const HEAD_BYTES = 32;

/** Finds ids in the bytes of one stream, also those that lie across two chunks. */
export class IdScanner {
  readonly #ids: Ids;
  readonly #onId: (id: number) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(ids: Ids, onId: (id: number) => void) {
    this.#ids = ids;
    this.#onId = onId;
  }

  take(chunk: Buffer): void {
    if (this.#rest.length > 0) {
      const seam = Buffer.concat([this.#rest, chunk.subarray(0, HEAD_BYTES)]);
      const within = this.#rest.length;
      this.#rest = Buffer.alloc(0);
      const unread = this.#scan(seam, within);
      if (unread !== undefined && chunk.length < HEAD_BYTES) {
        this.#rest = seam.subarray(unread);
        return;
      }
    }
    const unread = this.#scan(chunk, chunk.length);
    if (unread !== undefined) this.#rest = Buffer.from(chunk.subarray(unread));
  }

  /** Reports ids whose mark begins before `end`; answers where a mark begins that is not whole yet. */
  #scan(bytes: Buffer, end: number): number | undefined {
    const { mark, after } = this.#ids;
    let at = bytes.indexOf(mark);
    while (at >= 0 && at < end) {
      let id = 0;
      let digit = at + mark.length;
      while (digit < bytes.length && bytes[digit] !== after) {
        id = id * 10 + ((bytes[digit] ?? 0) - 48);
        digit += 1;
      }
      if (digit === bytes.length) return at;
      this.#onId(id);
      at = bytes.indexOf(mark, digit);
    }
    return partialMark(bytes, end, mark);
  }
}

/** Where a beginning of a mark stands at the very end, if one does. */
function partialMark(bytes: Buffer, end: number, mark: Buffer): number | undefined {
  for (let length = Math.min(mark.length - 1, bytes.length); length > 0; length -= 1) {
    const at = bytes.length - length;
    if (at < end && bytes.subarray(at).equals(mark.subarray(0, length))) return at;
  }
  return undefined;
}
