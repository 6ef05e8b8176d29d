/**
 * How an agent waits for a person, the same for permission requests and questions.
 *
 *   row `pending` ─┬─ reply (first wins) ─────────► the reply      row `replied`
 *                  ├─ deadline ───────────────────► `late`         row `expired`
 *                  └─ turn stops, asked no longer,
 *                     shutdown ───────────────────► `cancelled`    row `expired`
 *
 * The row is committed before anybody can be asked, and its end before the agent hears of it; the row decides every race.
 */
import { type Clock, isHoldfastError, retryStorage, type Timer } from "@holdfast/kernel";

/** Why nobody answered. */
export type Unanswered = "late" | "cancelled";

/** One request: what is written when, and what its row says. Both writes may be repeated. */
export type Waiting<Row, Answer> = {
  id: string;
  timeoutMs: number;
  /** Aborts when nobody can answer any more. */
  signal: AbortSignal;
  /** Commits the row. */
  open(): Promise<unknown>;
  /** Ends the row unless it was answered, for this reason; answers it as it is then. */
  expire(why: Unanswered): Promise<Row>;
  /** The answer of a row that has one. */
  answerOf(row: Row): Answer;
};

/** Who in this process waits for an answer. Each waiter is settled once; settling an unknown one does nothing. */
export class Waiters<Answer> {
  readonly #waiting = new Map<string, (answer: { answer: Answer } | Unanswered) => void>();

  answered(id: string, answer: Answer): void {
    this.#settle(id, { answer });
  }

  cancelAll(): void {
    for (const id of this.#waiting.keys()) this.#settle(id, "cancelled");
  }

  /** Never rejects because of a person or a deadline; rejects only when the store breaks in another way than being unavailable. */
  async wait<Row extends { state: string }>(
    clock: Clock,
    waiting: Waiting<Row, Answer>,
  ): Promise<Answer | Unanswered> {
    const { id, signal } = waiting;
    // The deadline counts from here, as its row says, and not from when a slow disk had the row.
    const asked = clock.monotonic();
    const settled = new Promise<{ answer: Answer } | Unanswered>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    const cancel = () => this.#settle(id, "cancelled");
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    let timer: Timer | undefined;
    try {
      await retryStorage({ clock, signal }, () => waiting.open());
      timer = clock.after(waiting.timeoutMs - (clock.monotonic() - asked), () => this.#settle(id, "late"));
      const end = await settled;
      if (typeof end === "object") return end.answer;
      const row = await retryStorage({ clock, signal }, () => waiting.expire(end));
      return row.state === "replied" && end === "late" ? waiting.answerOf(row) : end;
    } catch (error) {
      if (signal.aborted || isHoldfastError(error, "CLAIM_LOST")) return "cancelled";
      throw error;
    } finally {
      cancel();
      timer?.cancel();
      signal.removeEventListener("abort", cancel);
    }
  }

  #settle(id: string, end: { answer: Answer } | Unanswered): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(end);
  }
}
