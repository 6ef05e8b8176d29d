import type { Part, SessionEvent } from "@holdfast/protocol";

export type AcknowledgedDelta = {
  sessionId: string;
  seq: number;
  partId: string;
  field: string;
  offset: number;
  text: string;
  /** A later event of the running call gave its output anew, without this text (D-16). */
  isReplaced: boolean;
};

/** Current text of a field that deltas extend. */
export function fieldOf(part: Part, field: string): string | undefined {
  if (field === "text") return part.type === "text" || part.type === "reasoning" ? part.text : undefined;
  if (part.type !== "tool") return undefined;
  return field === "raw" ? part.state.raw : "output" in part.state ? part.state.output : undefined;
}

/** A call that somebody else ended: what it had put out is kept (durability 5). */
export const isInterrupted = (part: Part): boolean =>
  part.type === "tool" && part.state.status === "error" && part.state.metadata?.["interrupted"] === true;

type Reach = { end: number; deltas: Map<number, AcknowledgedDelta> };

/** Acknowledged deltas, each in its place: none overlaps another, none leaves a hole (D-12). */
export class TextBook {
  readonly deltas: AcknowledgedDelta[] = [];
  /** By part and field. */
  readonly #fields = new Map<string, Reach>();
  readonly #say: (violation: string) => void;

  constructor(say: (violation: string) => void) {
    this.#say = say;
  }

  take(event: SessionEvent): void {
    if (event.type === "message.part.delta") this.#delta(event);
    if (event.type === "message.part.updated" && "part" in event.data)
      this.#whole(event.data.part, event.seq);
  }

  #reach(partId: string, field: string): Reach {
    const key = `${partId}:${field}`;
    const reach = this.#fields.get(key) ?? { end: 0, deltas: new Map<number, AcknowledgedDelta>() };
    this.#fields.set(key, reach);
    return reach;
  }

  #delta({ sessionId, seq, data }: Extract<SessionEvent, { type: "message.part.delta" }>): void {
    const { partId, field, offset, text } = data;
    const reach = this.#reach(partId, field);
    if (reach.deltas.has(seq)) return;
    const delta = { sessionId, seq, partId, field, offset, text, isReplaced: false };
    const until = offset + text.length;
    for (const other of reach.deltas.values()) {
      const overlaps = other.offset < until && offset < other.offset + other.text.length;
      if (overlaps && !other.isReplaced)
        this.#say(`${partId}: deltas ${other.seq} and ${seq} both tell ${field}[${offset}, ${until})`);
    }
    if (offset > reach.end)
      this.#say(`${partId}: delta ${seq} begins at ${offset} of ${field}, which ended at ${reach.end}`);
    reach.end = Math.max(reach.end, until);
    reach.deltas.set(seq, delta);
    this.deltas.push(delta);
  }

  #whole(part: Part, seq: number): void {
    for (const field of ["text", "raw", "output"]) {
      const text = fieldOf(part, field);
      if (text === undefined) continue;
      const reach = this.#reach(part.id, field);
      reach.end = text.length;
      if (field !== "output" || isInterrupted(part)) continue;
      for (const delta of reach.deltas.values()) {
        const { offset } = delta;
        if (delta.seq < seq && text.slice(offset, offset + delta.text.length) !== delta.text)
          delta.isReplaced = true;
      }
    }
  }
}
