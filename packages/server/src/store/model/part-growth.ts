/** How the parts of a running turn grow: by deltas whose offsets continue a field exactly (D-12), folded into the row when it is read (D-13). */
import type { Delta, DeltaField, Part } from "@holdfast/protocol";

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

/** Current text of a field that deltas extend, undefined when the part has no such field now; absent output counts as empty. */
export function fieldOf(part: Part, field: DeltaField): string | undefined {
  if (field === "text") return part.type === "text" || part.type === "reasoning" ? part.text : undefined;
  if (part.type !== "tool") return undefined;
  if (field === "raw") return part.state.raw;
  return part.state.status === "running" ? (part.state.output ?? "") : undefined;
}

/** Lengths of the fields that deltas extend, undefined where the part has none now. */
export const fieldLengths = (part: Part): Map<DeltaField, number | undefined> =>
  new Map(FIELDS.map((field) => [field, fieldOf(part, field)?.length]));

const fieldText = (part: Part, field: DeltaField): string => fieldOf(part, field) ?? "";

/** The part with a field extended at `offset`. What is there already is left alone; a hole throws, as the writer refuses it. */
function extendPart(part: Part, delta: Pick<Delta, "field" | "offset" | "text">): Part {
  const text = fieldText(part, delta.field);
  if (delta.offset + delta.text.length <= text.length) return part;
  if (delta.offset !== text.length) {
    throw new Error(`A delta of ${part.id} begins at ${delta.offset}, the field ends at ${text.length}.`);
  }
  const grown = text + delta.text;
  if (delta.field === "text") return { ...part, text: grown } as Part;
  if (part.type !== "tool") return part;
  return { ...part, state: { ...part.state, [delta.field]: grown } };
}

/** A delta as the log has it: the row of its part, its packed place, its text. */
export type DeltaRow = { ref: number; extra: number; payload: string };

/** Extends open parts by the deltas, in the order of their seqs, that their rows do not hold yet. `covered` has the rows that are open. */
export function foldDeltas(parts: Map<number, Part>, covered: Map<number, number>, deltas: DeltaRow[]): void {
  const grown = new Map<string, { ref: number; field: DeltaField; length: number; texts: string[] }>();
  for (const { ref, extra, payload } of deltas) {
    const part = parts.get(ref);
    if (part === undefined || !covered.has(ref)) continue;
    const field = deltaField(extra);
    const key = `${ref}:${field}`;
    const state = grown.get(key) ?? { ref, field, length: fieldText(part, field).length, texts: [] };
    grown.set(key, state);
    if (deltaOffset(extra) + payload.length <= state.length) continue;
    state.texts.push(payload);
    state.length += payload.length;
  }
  for (const { ref, field, texts } of grown.values()) {
    const part = parts.get(ref);
    if (part === undefined || texts.length === 0) continue;
    parts.set(ref, extendPart(part, { field, offset: fieldText(part, field).length, text: texts.join("") }));
  }
}
