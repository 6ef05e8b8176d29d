import type { SessionEvent } from "@holdfast/protocol";

type Entry = {
  seq: number;
  row?: string | undefined;
  part?: string | undefined;
  frozen: SessionEvent;
  now: () => SessionEvent | undefined;
};

/** What is appended: an event of a row, read as the row is; or a payload, with the part that a later rewrite would supersede it by. */
export type Appended =
  | { type: string; row: string; read: () => unknown }
  | { type: string; data: unknown; row?: string; part?: string };

/**
 * The log of the specification (D-4): live readers hear each event as it was; a replay has of each row the newest entry, with the row as
 * it is now, skips rows that are gone, and deltas that a later rewrite of their part superseded may be missing.
 */
export class ThinLog {
  readonly #entries: Entry[] = [];
  readonly #sessionId: string;

  constructor(sessionId: string) {
    this.#sessionId = sessionId;
  }

  get lastSeq(): number {
    return this.#entries.length;
  }

  append(appended: Appended): void {
    const seq = this.lastSeq + 1;
    const { type } = appended;
    const envelope = { seq, prev: seq - 1, type, version: 1, sessionId: this.#sessionId, time: timeOf(seq) };
    const make = (data: unknown) => ({ ...envelope, data: structuredClone(data) }) as SessionEvent;
    const read = "read" in appended ? appended.read : () => appended.data;
    const entry: Entry = {
      seq,
      row: appended.row,
      frozen: make(read()),
      now: () => {
        const data = read();
        return data === undefined ? undefined : make(data);
      },
    };
    if ("part" in appended) entry.part = appended.part;
    this.#entries.push(entry);
  }

  /** Every event after a seq as a live subscriber heard it. */
  history(after = 0): SessionEvent[] {
    return chain(
      this.#entries.slice(after).map((entry) => entry.frozen),
      after,
    );
  }

  /** The thin replay from a cursor, as of now. `keep` decides whether a superseded delta is still there. */
  replay(after: number, keep: (seq: number) => boolean): SessionEvent[] {
    const newest = new Map<string, number>();
    for (const entry of this.#entries) if (entry.row !== undefined) newest.set(entry.row, entry.seq);
    const sent = this.#entries.slice(after).flatMap((entry) => {
      if (entry.row !== undefined && newest.get(entry.row) !== entry.seq) return [];
      const isSuperseded = entry.part !== undefined && (newest.get(`part ${entry.part}`) ?? 0) > entry.seq;
      const event = isSuperseded && !keep(entry.seq) ? undefined : entry.now();
      return event === undefined ? [] : [event];
    });
    return chain(sent, after);
  }
}

export const timeOf = (seq: number): number => 1_000 + seq;

function chain(events: readonly SessionEvent[], after: number): SessionEvent[] {
  return events.map((event, index) => ({ ...event, prev: events[index - 1]?.seq ?? after }));
}
