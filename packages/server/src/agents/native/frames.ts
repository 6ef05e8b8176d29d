/** The framing of JSON-RPC over pipes: `Content-Length: N`, an empty line, N bytes of JSON. Pure. */

/** Bytes of a header at most: one line is needed. */
const HEADER_BYTES = 1_024;

const END_OF_HEADER = Buffer.from("\r\n\r\n");

/** What was written is no frame, or one that is too long. The message says what, and nothing of its content. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FrameError";
  }
}

export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
}

/** Splits bytes into the bodies of frames, whatever the chunks are. Memory is bounded by the limit and one chunk. */
export class FrameSplitter {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Of the body that is being read; `undefined` in a header. */
  #wanted: number | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bodies that `chunk` ends. Throws a FrameError; nothing may be pushed afterwards. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (let body = this.#next(); body !== undefined; body = this.#next()) yield body;
  }

  #next(): Buffer | undefined {
    this.#wanted ??= this.#header();
    if (this.#wanted === undefined || this.#bytes < this.#wanted) return undefined;
    const body = this.#take(this.#wanted);
    this.#wanted = undefined;
    return body;
  }

  #header(): number | undefined {
    if (this.#bytes === 0) return undefined;
    const all = this.#whole();
    const end = all.subarray(0, HEADER_BYTES).indexOf(END_OF_HEADER);
    if (end === -1) {
      if (all.length < HEADER_BYTES) return undefined;
      throw new FrameError("It wrote what is no message.");
    }
    const header = this.#take(end + END_OF_HEADER.length).toString("latin1");
    const length = /^content-length: *(\d{1,15})\r$/im.exec(header)?.[1];
    if (length === undefined) throw new FrameError("It wrote what is no message.");
    if (Number(length) > this.#limit)
      throw new FrameError(`It wrote a message of ${length} bytes, and may write ${this.#limit}.`);
    return Number(length);
  }

  #whole(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  #take(bytes: number): Buffer {
    const all = this.#whole();
    const rest = all.subarray(bytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return all.subarray(0, bytes);
  }
}
