/** How the parts of a running turn grow: by deltas whose offsets continue a field exactly (D-12), folded into the row when it is read (D-13). */
import { applyDelta, deltaTextOf, type DeltaField, type Part } from "@holdfast/protocol";

/** The stored form: everything but the identity, which has columns of its own. */
export function partData(part: Part): string {
  const { id: _id, sessionId: _session, messageId: _message, ordinal: _ordinal, type: _type, ...data } = part;
  return JSON.stringify(data);
}

/** Whether deltas may still extend it (D-12): a streaming part of an answer that has not ended. */
export function isOpen(part: Part): boolean {
  switch (part.type) {
    case "text":
      return part.time !== undefined && part.time.end === undefined;
    case "reasoning":
      return part.time.end === undefined;
    case "tool":
      return part.state.status === "pending" || part.state.status === "running";
    default:
      return false;
  }
}

const CODES: Record<DeltaField, number> = { text: 0, raw: 1, output: 2 };
const FIELDS: DeltaField[] = ["text", "raw", "output"];

export const fieldCode = (field: DeltaField): number => CODES[field];

/** A delta's place in one integer column: offset and field. */
export const packDelta = (field: DeltaField, offset: number): number => offset * 4 + CODES[field];
export const deltaField = (extra: number): DeltaField => FIELDS[extra % 4] ?? "text";
export const deltaOffset = (extra: number): number => Math.floor(extra / 4);

/** Lengths of the fields that deltas extend, undefined where the part has none now. */
export const fieldLengths = (part: Part): Map<DeltaField, number | undefined> =>
  new Map(FIELDS.map((field) => [field, deltaTextOf(part, field)?.length]));

/** A delta as the log has it: the row of its part, its seq, its packed place, its text. */
export type DeltaRow = { ref: number; seq: number; extra: number; payload: string };

/** Extends open parts by the deltas, in the order of their seqs, that their rows do not hold yet. `covered` has the seq up to which a row does. */
export function foldDeltas(parts: Map<number, Part>, covered: Map<number, number>, deltas: DeltaRow[]): void {
  for (const { ref, seq, extra, payload } of deltas) {
    const part = parts.get(ref);
    if (part === undefined || seq <= (covered.get(ref) ?? seq)) continue;
    const grown = applyDelta(part, { field: deltaField(extra), offset: deltaOffset(extra), text: payload });
    if (grown === undefined) throw new Error(`The delta ${seq} does not continue part ${part.id}.`);
    parts.set(ref, grown);
  }
}
