import type { HoldfastError } from "@holdfast/kernel";

/** Where a stream's chunks go once it has a number. */
type Way = { chunks(texts: readonly string[]): void; end(error: HoldfastError | undefined): void };

/** A stream of JSON texts on its way to a peer. What comes before it is attached is kept. */
export class LiveStream {
  #way: Way | undefined;
  #kept: string[] = [];
  #end: { error: HoldfastError | undefined } | undefined;
  /** UTF-16 units on the way that the peer has not taken. */
  #backlog = 0;
  #hasLeft = false;
  readonly #onLeave: (() => void)[] = [];
  #onOver: (() => void)[] = [];
  #onDrained: (() => void)[] = [];

  push(texts: readonly string[]): void {
    if (this.#hasLeft || this.#end !== undefined) return;
    for (const text of texts) this.#backlog += text.length;
    if (this.#way === undefined) this.#kept.push(...texts);
    else this.#way.chunks(texts);
  }

  backlog(): number {
    return this.#backlog;
  }

  /** Resolves when the peer took everything, or is gone. */
  drained(): Promise<void> {
    if (this.#backlog === 0 || this.#hasLeft) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  /** The peer's reader ends, or with an error fails. */
  end(error?: HoldfastError): void {
    if (this.#hasLeft || this.#end !== undefined) return;
    this.#end = { error };
    this.#way?.end(error);
    this.#tellOver();
  }

  /** Called once when the peer went away by itself. */
  onLeave(listener: () => void): void {
    if (this.#hasLeft) listener();
    else this.#onLeave.push(listener);
  }

  /** Called once when it is over, whoever ended it. */
  onOver(listener: () => void): void {
    if (this.#hasLeft || this.#end !== undefined) listener();
    else this.#onOver.push(listener);
  }

  /** Of the session: gives it a way, and what was kept. */
  attach(way: Way): void {
    this.#way = way;
    if (this.#kept.length > 0) way.chunks(this.#kept);
    this.#kept = [];
    if (this.#end !== undefined) way.end(this.#end.error);
  }

  /** Of the session: the peer took so much. */
  took(length: number): void {
    this.#backlog = Math.max(0, this.#backlog - length);
    if (this.#backlog === 0) this.#tellDrained();
  }

  /** Of the session: the peer is gone. Idempotent. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#kept = [];
    this.#tellDrained();
    if (this.#end !== undefined) return;
    for (const listener of this.#onLeave) listener();
    this.#tellOver();
  }

  #tellOver(): void {
    const listeners = this.#onOver;
    this.#onOver = [];
    for (const listener of listeners) listener();
  }

  #tellDrained(): void {
    const waiting = this.#onDrained;
    this.#onDrained = [];
    for (const resolve of waiting) resolve();
  }
}
