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
  readonly #host: Pick<Host, "history" | "turn">;
  readonly #clock: Clock;
  #messages: Message[] | undefined;
  /** Content by its hash; kept for the prompt. */
  readonly #blobs = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(host: Pick<Host, "history" | "turn">, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** As `filterCompacted` gives them. What was committed before the call is in it. */
  async read(): Promise<readonly Message[]> {
    const before = this.#messages;
    const [first, last] = [before?.[0], before?.at(-1)];
    // Behind a tail stand rows that the summary before it took the place of.
    if (before === undefined || first === undefined || last === undefined || isBefore(last, first))
      return (this.#messages = await readView(this.#host));
    const news = (await this.#host.turn(last.info.id)).toSorted((a, b) => ordinalOf(a) - ordinalOf(b));
    // The last one is of the running turn, so what is not told of it is gone, and with it what this knows.
    if (news[0]?.info.id !== last.info.id) return (this.#messages = await readView(this.#host));
    return (this.#messages = [...before.slice(0, -1), ...news]);
  }

  /** The same, with these messages in it; they are there soon. */
  async readWith(messageIds: readonly string[]): Promise<readonly Message[]> {
    const deadline = this.#clock.monotonic() + STEER_MS;
    for (;;) {
      const messages = await this.read();
      const isWhole = messageIds.every((id) => messages.some(({ info }) => info.id === id));
      if (isWhole || this.#clock.monotonic() >= deadline) return messages;
      await wait(this.#clock, LOOK_MS);
    }
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
