/** Words of a person for the running prompt: they wait for the next edge of a step (D-6, A-28). */
import type { SteerAnswer } from "../wire.ts";

type Waiting = { messageId: string; answer: (answer: SteerAnswer) => void };

export class Steers {
  #waiting: Waiting[] = [];
  #isOver = false;

  /** Resolves when the model is about to see them, or when the prompt ends before. */
  offer(messageId: string): Promise<SteerAnswer> {
    if (this.#isOver) return Promise.resolve({ outcome: "missed" });
    return new Promise((answer) => this.#waiting.push({ messageId, answer }));
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** They go into the turn before the next step. */
  take(): string[] {
    return this.#answer("injected");
  }

  /** The prompt is over. */
  close(): void {
    this.#isOver = true;
    this.#answer("missed");
  }

  #answer(outcome: SteerAnswer["outcome"]): string[] {
    const taken = this.#waiting.splice(0);
    for (const { answer } of taken) answer({ outcome });
    return taken.map(({ messageId }) => messageId);
  }
}
