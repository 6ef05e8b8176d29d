/** What runs by the clock, and the files of blobs and snapshots: they go when no row names them, and nothing is written while they are looked at. */
import { type Clock, errorText, type Logger, type Timer } from "@holdfast/kernel";
import { namesFile, type ShareStore } from "../store/index.ts";

/** ms between two sweeps; S-32 wants an expiry written down when it is seen, so that this is the latest. */
const SWEEP_MS = 60_000;
/** Sweeps in a row at most. */
const SWEEPS = 100;

export class Housekeeping {
  readonly #store: ShareStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stopListening: () => void;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(store: ShareStore, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#stopListening = store.onNotes((notes) => {
      for (const note of notes)
        if (note.kind === "blobsGone") void this.alone(() => this.removeFiles(note.shareId, note.hashes));
    });
  }

  /** Runs work on blobs alone among all of it. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(work, work);
    this.#queue = run.catch((error: unknown) =>
      this.#logger.warn({ error: errorText(error) }, "work on blobs failed"),
    );
    return run;
  }

  start(): void {
    void this.alone(() => this.#removeOrphans());
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#stopListening();
    await this.#queue;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.after(SWEEP_MS, () => {
      this.#sweep()
        .catch((error: unknown) => this.#logger.warn({ error: errorText(error) }, "a sweep failed"))
        .finally(() => this.#schedule());
    });
  }

  async #sweep(): Promise<void> {
    for (let sweeps = 0; sweeps < SWEEPS && !this.#isStopped; sweeps += 1)
      if ((await this.#store.run("sweep", {})) === 0) return;
  }

  /** One that was uploaded again meanwhile stays. Run it `alone`. */
  async removeFiles(shareId: string, hashes: readonly string[]): Promise<void> {
    const store = this.#store;
    for (const hash of hashes)
      if (!store.read((sql) => namesFile(sql, shareId, hash))) await store.blobs.remove(shareId, hash);
  }

  /** What a death between a commit and its files left, and after a restore rows without files. */
  async #removeOrphans(): Promise<void> {
    const { blobs } = this.#store;
    for (const shareId of await blobs.shares()) await this.removeFiles(shareId, await blobs.list(shareId));
  }
}
