import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Bytes of the file before it is put aside as `<path>.1`, whose forerunner goes: two of this size are all that there is. */
const MAX_BYTES = 8 * 1024 * 1024;

/** A log file of bounded size, private to the user. Written synchronously, so that the last line before a crash is there. The server lives without it (D-34). */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: number | undefined;
  #bytes = 0;

  constructor(path: string, maxBytes = MAX_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** A line; it is lost when the disk does not take it. */
  write(line: string): void {
    try {
      if (this.#bytes >= this.#maxBytes) this.#putAside();
      this.#file ??= this.#open();
      this.#bytes += writeSync(this.#file, line);
    } catch {
      // A full disk, or a directory that is gone: the next line tries again.
    }
  }

  #open(): number {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const file = openSync(this.#path, "a", 0o600);
    this.#bytes = fstatSync(file).size;
    return file;
  }

  #putAside(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#bytes = 0;
    // Somebody may have taken it away.
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.1`);
  }
}
