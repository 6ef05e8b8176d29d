import { isMessageEvent } from "@holdfast/protocol";
import type { FakeLog } from "./fake-log.ts";
import type { Frame } from "./recording-sink.ts";

/** The newest state of each row, and every delta. */
export type Knowledge = { rows: Record<string, number>; deltas: number[] };

/** A client that applies frames and writes down whatever breaks a promise of the stream. */
export class Client {
  last = 0;
  cursor = "0";
  readonly faults: string[] = [];
  readonly #rows = new Map<string, number>();
  readonly #deltas: number[] = [];
  readonly #chained: boolean;

  /** `chained`: frames name the event before them. */
  constructor(chained: boolean) {
    this.#chained = chained;
  }

  apply(frame: Frame): void {
    if (frame.id === undefined) return;
    const { seq, prev } = frame.data as { seq: number; prev?: number };
    const { row, revision } = frame.data["data"] as { row?: string; revision: number };
    if (seq <= this.last) this.faults.push(`${seq} came after ${this.last}`);
    if (this.#chained && !(prev !== undefined && prev <= this.last))
      this.faults.push(`something before ${seq} was lost: prev ${prev}, last ${this.last}`);
    if (this.#chained && frame.id !== String(seq)) this.faults.push(`the id of ${seq} is ${frame.id}`);
    if (!this.#chained && prev !== undefined) this.faults.push(`a feed names prev at ${seq}`);
    this.last = seq;
    this.cursor = frame.id;
    if (row === undefined) this.#deltas.push(revision);
    else this.#rows.set(row, revision);
  }

  knows(): Knowledge {
    return { rows: Object.fromEntries(this.#rows), deltas: this.#deltas };
  }
}

/** What a client must know in the end; of a feed without messages less. */
export function truthOf(log: FakeLog, messages = true): Knowledge {
  const truth: Knowledge = { rows: {}, deltas: [] };
  for (const { event, row } of log.entries) {
    if (!messages && isMessageEvent(event.type)) continue;
    if (row === undefined) truth.deltas.push(event.seq ?? 0);
    else truth.rows[row] = event.seq ?? 0;
  }
  return truth;
}
