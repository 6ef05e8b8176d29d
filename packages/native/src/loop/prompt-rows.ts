/** The rows that the model's view is made of: read whole once, then only what the running turn may have changed. */
import type { Clock } from "@holdfast/kernel";
import { wait } from "@holdfast/kernel";
import type { Message } from "@holdfast/protocol";
import type { Host } from "../host.ts";
import { isBefore, readView } from "../view/index.ts";

/** How long words of a person may take until they stand in the rows, once they were taken, and how often is looked, in ms. */
const STEER_MS = 5_000;
const LOOK_MS = 20;

export class PromptRows {
  readonly #host: Pick<Host, "history" | "turn" | "commit">;
  readonly #clock: Clock;
  #messages: Message[] | undefined;
  /** Content by its hash; kept for the prompt. */
  readonly #blobs = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(host: Pick<Host, "history" | "turn" | "commit">, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** As `filterCompacted` gives them. What was committed before the call is in it. */
  async read(): Promise<readonly Message[]> {
    const before = this.#known;
    const last = before?.at(-1);
    if (before === undefined || last === undefined) return (this.#messages = await readView(this.#host));
    const news = (await this.#host.turn(last.info.id)).toSorted((a, b) => ordinalOf(a) - ordinalOf(b));
    // The last one is of the running turn, so what is not told of it is gone, and with it what this knows.
    if (news[0]?.info.id !== last.info.id) return (this.#messages = await readView(this.#host));
    return (this.#messages = [...before.slice(0, -1), ...news]);
  }

  /** All that was said, committed, with these messages in it; they are there soon. Rejects where it cannot be committed. */
  async readCommitted(messageIds: readonly string[]): Promise<readonly Message[]> {
    // The running turn is told once that is done.
    if (this.#known === undefined) await this.#host.commit();
    const deadline = this.#clock.monotonic() + STEER_MS;
    for (;;) {
      const messages = await this.read();
      const isWhole = messageIds.every((id) => messages.some(({ info }) => info.id === id));
      if (isWhole || this.#clock.monotonic() >= deadline) return messages;
      await wait(this.#clock, LOOK_MS);
    }
  }

  /** What only the running turn has added to. Behind a tail stand rows that the summary before it took the place of. */
  get #known(): Message[] | undefined {
    const [first, last] = [this.#messages?.[0], this.#messages?.at(-1)];
    return first === undefined || last === undefined || isBefore(last, first) ? undefined : this.#messages;
  }

  /** A summary took the place of what was there. */
  forget(): void {
    this.#messages = undefined;
  }

  blob(hash: string, read: Host["blob"]): Promise<Uint8Array | undefined> {
    const known = this.#blobs.get(hash) ?? read(hash);
    this.#blobs.set(hash, known);
    return known;
  }
}

const ordinalOf = ({ info }: Message): number => info.ordinal ?? Number.MAX_SAFE_INTEGER;
