import { redact } from "./text.ts";

/** The last `limit` characters of a stream of text, redacted when read. */
export class Tail {
  readonly #limit: number;
  #text = "";
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Characters ever appended. */
  get total(): number {
    return this.#total;
  }

  append(text: string): void {
    this.#total += text.length;
    this.#text = (this.#text + text.slice(-this.#limit)).slice(-this.#limit);
  }

  toString(): string {
    return redact(this.#text);
  }
}
