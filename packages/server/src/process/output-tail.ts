import { cleanText, redact, secretMask } from "@holdfast/kernel";

/** Characters of stderr kept per child. */
export const STDERR_TAIL_CHARS = 8_192;

/** The last words of a program on stderr: bounded, without a first line that was cut in two (half a secret is not recognised), redacted. */
export class OutputTail {
  readonly #mask: (text: string) => string;
  #text = "";
  #isCut = false;

  /** `secrets` are masked wherever they stand. */
  constructor(secrets: readonly string[] = []) {
    this.#mask = secretMask(secrets);
  }

  append(text: string): void {
    const all = this.#text + text;
    this.#isCut ||= all.length > STDERR_TAIL_CHARS;
    this.#text = all.slice(-STDERR_TAIL_CHARS);
  }

  /** `undefined` when nothing was said. */
  read(): string | undefined {
    const whole = this.#isCut ? this.#text.slice(this.#text.indexOf("\n") + 1) : this.#text;
    const text = cleanText(redact(this.#mask(whole))).trim();
    return text === "" ? undefined : text;
  }
}
