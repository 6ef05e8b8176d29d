/** Bytes of one line that may be kept; what is longer is dropped, not buffered. The SDK's own limit would close the connection. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024;

/** Bytes kept of both ends of a dropped line: enough to see whose answer it is, and for diagnostics. */
export const KEPT_BYTES = 1_024;

/** A whole line without its newline, or what is left of one over the limit. */
export type Line = { text: string } | { dropped: { bytes: number; head: string; tail: string } };

const NEWLINE = 0x0a;

/**
 * Splits bytes into lines whatever the chunks are; a character is never cut, because a line is decoded whole. Memory is bounded by the limit
 * and one chunk. Empty lines are skipped.
 */
export class LineSplitter {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #head: Buffer | undefined;
  #tail = Buffer.alloc(0);

  constructor(limit = MAX_LINE_BYTES) {
    this.#limit = limit;
  }

  /** The lines that `chunk` ends. */
  *push(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      const line = this.#take();
      if (line !== undefined) yield line;
    }
    this.#keep(chunk.subarray(start));
  }

  /** The last line when the stream ended without a newline. */
  end(): Line | undefined {
    return this.#take();
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (this.#head === undefined) {
      this.#chunks.push(piece);
      if (this.#bytes <= this.#limit) return;
      const all = Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.#head = Buffer.from(all.subarray(0, KEPT_BYTES));
      this.#tail = Buffer.from(all.subarray(-KEPT_BYTES));
      return;
    }
    // A limit below what is kept fills the head only now.
    const missing = KEPT_BYTES - this.#head.length;
    if (missing > 0) this.#head = Buffer.concat([this.#head, piece.subarray(0, missing)]);
    this.#tail = Buffer.concat([this.#tail, piece.subarray(-KEPT_BYTES)]).subarray(-KEPT_BYTES);
  }

  #take(): Line | undefined {
    const [head, bytes] = [this.#head, this.#bytes];
    const line =
      head === undefined
        ? { text: Buffer.concat(this.#chunks).toString("utf8") }
        : { dropped: { bytes, head: head.toString("utf8"), tail: this.#tail.toString("utf8") } };
    this.#chunks = [];
    this.#bytes = 0;
    this.#head = undefined;
    return "text" in line && line.text.trim() === "" ? undefined : line;
  }
}
