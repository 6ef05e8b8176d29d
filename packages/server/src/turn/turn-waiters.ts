/**
 * Waiting for the end of turns (D-5, D-6). The committed terminal event is what wakes a waiter, so it does not matter who ended the turn: its
 * run, a cancel of a queued one, the queue's owner, or recovery. A waiter that leaves cancels nothing.
 */
import { type Clock, notFound } from "@holdfast/kernel";
import { isTerminal, type SessionId, type Turn, type TurnId } from "@holdfast/protocol";
import type { CommittedEvent, Store } from "../store/index.ts";

const ENDS = new Set<string>(["turn.completed", "turn.failed", "turn.aborted", "session.deleted"]);

type Waiter = { turnId: TurnId; sessionId: SessionId; look: () => void };

export class TurnWaiters {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  readonly #unsubscribe: () => void;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#unsubscribe = store.onCommit((events) => this.#committed(events));
  }

  /** The terminal turn, following what a steer was merged into; `undefined` on timeout (ms) or when the caller left. Rejects NOT_FOUND. */
  async finished(turnId: TurnId, timeoutMs: number, signal?: AbortSignal): Promise<Turn | undefined> {
    const left = new AbortController();
    const leave = () => left.abort();
    const timer = this.#clock.after(timeoutMs, leave);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      if (signal?.aborted) return undefined;
      let turn = await this.#ended(turnId, left.signal);
      for (const seen = new Set([turnId]); turn?.mergedInto !== undefined && !seen.has(turn.mergedInto);) {
        seen.add(turn.mergedInto);
        turn = await this.#ended(turn.mergedInto, left.signal);
      }
      return turn;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", leave);
    }
  }

  close(): void {
    this.#unsubscribe();
    for (const waiter of this.#waiting) waiter.look();
  }

  async #ended(turnId: TurnId, left: AbortSignal): Promise<Turn | undefined> {
    for (;;) {
      // The change is awaited before the row is read: an end that is committed in between is not missed.
      const known = await this.#read(turnId);
      if (isTerminal(known.state)) return known;
      const changed = this.#change(turnId, known.sessionId, left);
      const again = await this.#read(turnId);
      if (isTerminal(again.state)) return again;
      await changed;
      if (left.aborted) return undefined;
    }
  }

  async #read(turnId: TurnId): Promise<Turn> {
    const turn = await this.#store.getTurn(turnId);
    if (turn === undefined) throw notFound("turn", turnId);
    return turn;
  }

  #change(turnId: TurnId, sessionId: SessionId, left: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        this.#waiting.delete(waiter);
        left.removeEventListener("abort", look);
        resolve();
      };
      const waiter: Waiter = { turnId, sessionId, look };
      this.#waiting.add(waiter);
      if (left.aborted) look();
      else left.addEventListener("abort", look, { once: true });
    });
  }

  #committed(events: CommittedEvent[]): void {
    if (this.#waiting.size === 0) return;
    for (const event of events) {
      if (!ENDS.has(event.type)) continue;
      for (const waiter of this.#waiting) {
        const concerns =
          event.type === "session.deleted"
            ? event.sessionId === waiter.sessionId
            : event.turnId === waiter.turnId;
        if (concerns) waiter.look();
      }
    }
  }
}
