import type { SessionEvent } from "@holdfast/protocol";

type Seen = { seq: number; pausedAt: number | undefined };

/** No queued turn starts behind a pause (D-6), by the log's own order: from the row that told the pause on, without a hole. */
export class PauseWatch {
  readonly #sessions = new Map<string, Seen>();
  readonly #say: (violation: string) => void;

  constructor(say: (violation: string) => void) {
    this.#say = say;
  }

  /** Events of one chain, in order. */
  take(event: SessionEvent): void {
    const { sessionId, seq, type } = event;
    const before = this.#sessions.get(sessionId);
    const seen: Seen = { seq, pausedAt: before?.seq === seq - 1 ? before.pausedAt : undefined };
    this.#sessions.set(sessionId, seen);
    if (type === "session.created" || type === "session.updated") {
      // A replay tells the row as it is now, not as it was at this place.
      const isOfItsPlace = event.data.session.lastSeq === seq;
      seen.pausedAt = isOfItsPlace && event.data.session.queue.paused ? seq : undefined;
    }
    // What an agent begins by itself was never queued.
    const isQueued = type === "turn.started" && event.data.turn.inputId !== undefined;
    if (isQueued && seen.pausedAt !== undefined)
      this.#say(`${event.data.turn.id} started at ${seq} behind a queue that was paused at ${seen.pausedAt}`);
  }
}
