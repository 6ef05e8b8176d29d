/** A hidden page gets no frames; what came is taken over this often then, in ms. */
const HIDDEN_MS = 250;

/** Runs `flush` at most once per frame, however often it is asked for: 200 tokens a second become at most 60 renders (I-16). */
export class FrameBatch {
  readonly #flush: () => void;
  #frame: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(flush: () => void) {
    this.#flush = flush;
  }

  request(): void {
    if (this.#frame !== undefined || this.#timer !== undefined) return;
    // Both, because a page that becomes hidden between the two never gets its frame.
    this.#frame = requestAnimationFrame(this.#run);
    this.#timer = setTimeout(this.#run, HIDDEN_MS);
  }

  cancel(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = undefined;
    this.#timer = undefined;
  }

  #run = (): void => {
    this.cancel();
    this.#flush();
  };
}
