/**
 * The first document of a session that is at rest, kept by its content, so that a finished session is written once and not with each start (S-19). A row says
 * what it is of; the transaction of the next event takes it away (S-26), and its file goes after that as those of contents do. Nobody depends on one: what
 * cannot be kept or read is written anew.
 */
import { createHash } from "node:crypto";
import { errorText, type Logger } from "@holdfast/kernel";
import { snapshotOf, type ShareStore } from "../store/index.ts";
import type { Housekeeping } from "./housekeeping.ts";

/** Bytes of a document that is kept; a share has one. */
const MOST_BYTES = 8 * 1024 * 1024;

type Snapshot = {
  shareId: string;
  /** The share's newest event that it shows. */
  seq: number;
  /** All that it was made of beside: another one is another document. */
  state: string;
};

export class Snapshots {
  readonly #store: ShareStore;
  readonly #housekeeping: Pick<Housekeeping, "alone" | "removeFiles">;
  readonly #logger: Logger;

  constructor(store: ShareStore, housekeeping: Pick<Housekeeping, "alone" | "removeFiles">, logger: Logger) {
    this.#store = store;
    this.#housekeeping = housekeeping;
    this.#logger = logger;
  }

  /** For who was found to be let in; undefined where none is kept. Never rejects. */
  async read(wanted: Snapshot): Promise<string | undefined> {
    try {
      const hash = this.#store.read((sql) => snapshotOf(sql, wanted));
      const bytes = hash === undefined ? undefined : await this.#store.blobs.read(wanted.shareId, hash);
      return bytes && new TextDecoder().decode(bytes);
    } catch (error) {
      this.#warn(wanted, error, "a snapshot could not be read");
      return undefined;
    }
  }

  /** Keeps it in the place of an earlier one, if the share still is at that event. Never rejects. */
  async keep(made: Snapshot, document: string): Promise<void> {
    const bytes = Buffer.from(document);
    if (bytes.byteLength > MOST_BYTES) return;
    const { shareId } = made;
    const hash = createHash("sha256").update(bytes).digest("hex");
    try {
      await this.#housekeeping.alone(async () => {
        await this.#store.blobs.put(shareId, hash, bytes);
        const isKept = await this.#store.run("keepSnapshot", { ...made, hash });
        if (!isKept) await this.#housekeeping.removeFiles(shareId, [hash]);
      });
    } catch (error) {
      this.#warn(made, error, "a snapshot could not be kept");
    }
  }

  #warn({ shareId }: Snapshot, error: unknown, what: string): void {
    this.#logger.warn({ shareId, error: errorText(error) }, what);
  }
}
