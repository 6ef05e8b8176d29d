/**
 * Messages on their way to the server, one after another, in the order they were given. Each has its idempotency key from the start, so that a
 * message whose answer was lost is sent again and admitted once (D-5); one that cannot be sent now is kept until there is a connection again.
 */
import { isPassing, newIdempotencyKey } from "@holdfast/client";
import type { Admitted, Delivery } from "@holdfast/protocol";

type Message = { text: string; delivery: Delivery; key: string; settle: () => void };

export type OutboxOptions = {
  send(
    message: { text: string; delivery: Delivery },
    call: { idempotencyKey: string; signal: AbortSignal },
  ): Promise<Admitted>;
  admitted(admitted: Admitted): void;
  /** Refused for good; it is not tried again. */
  refused(text: string, error: unknown): void;
  changed(): void;
};

/** Most messages that may be on their way; the server holds at most 1,000 queued ones. */
export const MAX_WAITING = 100;
/** Between two tries while the server cannot take it, in ms. */
const RETRY_MS = 1_000;
/** How long a message may still be on its way when everything else is over, in ms. */
const LAST_MOMENT_MS = 2_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #messages: Message[] = [];
  readonly #closing = new AbortController();
  #sending: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Texts that the server has not confirmed. */
  get waiting(): readonly string[] {
    return this.#messages.map(({ text }) => text);
  }

  /** Resolves when the server has answered or the outbox is closed; undefined when there is no room. */
  put(text: string, delivery: Delivery): Promise<void> | undefined {
    if (this.#messages.length >= MAX_WAITING || this.#closing.signal.aborted) return undefined;
    return new Promise((settle) => {
      this.#messages.push({ text, delivery, key: newIdempotencyKey(), settle });
      this.#options.changed();
      this.#sending ??= this.#sendAll();
    });
  }

  /** Gives what is on its way a last moment; then nothing is sent any more. Answers what was never confirmed. */
  async close(): Promise<readonly string[]> {
    const timer = setTimeout(() => this.#closing.abort(), LAST_MOMENT_MS);
    await this.#sending;
    clearTimeout(timer);
    this.#closing.abort();
    const { waiting } = this;
    for (const { settle } of this.#messages.splice(0)) settle();
    return waiting;
  }

  async #sendAll(): Promise<void> {
    const { signal } = this.#closing;
    for (let next = this.#messages[0]; next !== undefined && !signal.aborted; next = this.#messages[0]) {
      if (!(await this.#send(next))) await pause(RETRY_MS, signal);
    }
    this.#sending = undefined;
  }

  /** False: try again. */
  async #send(message: Message): Promise<boolean> {
    const { text, delivery, key } = message;
    try {
      const call = { idempotencyKey: key, signal: this.#closing.signal };
      this.#options.admitted(await this.#options.send({ text, delivery }, call));
    } catch (error) {
      if (isPassing(error) || this.#closing.signal.aborted) return false;
      this.#options.refused(text, error);
    }
    this.#messages.splice(this.#messages.indexOf(message), 1);
    message.settle();
    this.#options.changed();
    return true;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resume) => {
    const timer = setTimeout(resume, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resume()), { once: true });
  });
}
