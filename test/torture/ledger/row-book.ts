import type { SessionEvent } from "@holdfast/protocol";
import { whyNot } from "./may-become.ts";
import { rowOf } from "./row-key.ts";

/** The newest that was acknowledged of one row. `value` is undefined when the event only named it (D-4). */
export type RowClaim = {
  sessionId: string;
  key: string;
  seq: number;
  type: string;
  value: Record<string, unknown> | undefined;
};

/** Events that tell of something that happens once in a row's life; replays have them under other names (D-4). */
const ONCE =
  /^(input\.(admitted|delivered|removed)|turn\.(queued|started|finalizing|completed|failed|aborted)|permission\.(asked|replied|expired)|session\.created)$/;

/** Row events as they were acknowledged: the newest of each row, what was told with a payload of its own, and what contradicts itself. */
export class RowBook {
  /** By session and row. */
  readonly rows = new Map<string, RowClaim>();
  /** Events that keep their payload, without deltas. */
  readonly facts = new Map<string, SessionEvent>();
  /** Rows whose removal was acknowledged. */
  readonly gone = new Set<string>();
  /** The highest seq of each session. */
  readonly lastSeq = new Map<string, number>();
  readonly #told = new Map<string, number>();
  readonly #say: (violation: string) => void;

  constructor(say: (violation: string) => void) {
    this.#say = say;
  }

  take(event: SessionEvent): void {
    const { sessionId, seq, type } = event;
    this.lastSeq.set(sessionId, Math.max(seq, this.lastSeq.get(sessionId) ?? 0));
    if (type === "message.part.removed") this.gone.add(event.data.partId);
    if (type === "message.removed") this.gone.add(event.data.messageId);
    const row = rowOf(event);
    if (row === undefined) {
      if (type !== "message.part.delta" && type !== "session.deleted")
        this.facts.set(`${sessionId}:${seq}`, event);
      return;
    }
    this.#once(event, row.key);
    const place = `${sessionId}:${row.key}`;
    const before = this.rows.get(place);
    if (before !== undefined && before.seq > seq) return;
    const why =
      before?.value !== undefined && row.value !== undefined
        ? whyNot(row.key, before.value, row.value)
        : undefined;
    if (why !== undefined) this.#say(`${row.key}: event ${seq} (${type}) after ${before?.seq}: ${why}`);
    this.rows.set(place, { sessionId, key: row.key, seq, type, value: row.value });
  }

  /** One happening, told at one place of the log. */
  #once({ sessionId, seq, type }: SessionEvent, key: string): void {
    if (!ONCE.test(type)) return;
    const name = `${sessionId}:${key}:${type}`;
    const before = this.#told.get(name);
    if (before !== undefined && before !== seq)
      this.#say(`${key}: ${type} happened twice, at ${before} and ${seq}`);
    this.#told.set(name, seq);
  }
}
