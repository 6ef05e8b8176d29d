/** Documents that were written, as long as what they show is what there is: each is for one place of one share, and holds no secret of a link. */

/** All of them together, in characters. */
const MAX_LENGTH = 32 * 1024 * 1024;

export class DocumentCache {
  readonly #documents = new Map<string, { state: string; document: string }>();
  #length = 0;

  /** `place`: which page of which share. `state`: what it was made of; another one forgets it. */
  get(place: string, state: string): string | undefined {
    const kept = this.#documents.get(place);
    if (kept === undefined) return undefined;
    this.#drop(place);
    if (kept.state !== state) return undefined;
    this.put(place, state, kept.document);
    return kept.document;
  }

  put(place: string, state: string, document: string): void {
    this.#drop(place);
    if (document.length > MAX_LENGTH) return;
    this.#documents.set(place, { state, document });
    this.#length += document.length;
    for (const oldest of this.#documents.keys()) {
      if (this.#length <= MAX_LENGTH) return;
      this.#drop(oldest);
    }
  }

  #drop(place: string): void {
    this.#length -= this.#documents.get(place)?.document.length ?? 0;
    this.#documents.delete(place);
  }
}
