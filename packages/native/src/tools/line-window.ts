/** Characters of a line that are given, and bytes of a window as it is shown. */
const LINE = 2_000;
const WINDOW_BYTES = 48 * 1024;

/** Some lines of a text that comes in pieces, with their numbers. Holds no more than it gives. */
export class LineWindow {
  readonly #from: number;
  readonly #limit: number;
  readonly #given: string[] = [];
  #bytes = 0;
  #line = 1;
  /** What the running line has so far, as far as it is given. */
  #text = "";
  #length = 0;
  #hasReturn = false;
  #isFull = false;

  constructor(from: number, limit: number) {
    this.#from = from;
    this.#limit = limit;
  }

  /** No further line is taken; what is pushed only counts. */
  get isFull(): boolean {
    return this.#isFull;
  }

  push(piece: string): void {
    for (let at = 0; at < piece.length;) {
      const end = piece.indexOf("\n", at);
      this.#grow(piece.slice(at, end === -1 ? undefined : end));
      if (end === -1) return;
      this.#endLine();
      at = end + 1;
    }
  }

  /** `lines`: how many there are as far as was read; `isCut`: there was more to read, so that nobody knows. `to` is less than `from` where no line was given. */
  end(isCut: boolean): { text: string; from: number; to: number; lines: number; isEnd: boolean } {
    if (this.#length > 0) this.#endLine();
    return {
      text: this.#given.join("\n"),
      from: this.#from,
      to: this.#from + this.#given.length - 1,
      lines: this.#line - 1,
      isEnd: !isCut,
    };
  }

  #grow(text: string): void {
    this.#length += text.length;
    if (text !== "") this.#hasReturn = text.endsWith("\r");
    if (!this.#isFull && this.#line >= this.#from && this.#text.length <= LINE)
      this.#text += text.slice(0, LINE + 2 - this.#text.length);
  }

  #endLine(): void {
    if (!this.#isFull && this.#line >= this.#from) this.#give();
    this.#line += 1;
    this.#text = "";
    this.#length = 0;
    this.#hasReturn = false;
  }

  #give(): void {
    const length = this.#length - (this.#hasReturn ? 1 : 0);
    const text = this.#text.slice(0, Math.min(LINE, length)).toWellFormed().replaceAll("\0", "\ufffd");
    const mark = this.#line === 1 ? text.replace(/^\ufeff/, "") : text;
    const line = `${this.#line}: ${mark}${length > LINE ? ` (${length - LINE} more characters)` : ""}`;
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#given.length > 0 && this.#bytes + bytes > WINDOW_BYTES) {
      this.#isFull = true;
      return;
    }
    this.#bytes += bytes;
    this.#given.push(line);
    this.#isFull = this.#given.length >= this.#limit;
  }
}
