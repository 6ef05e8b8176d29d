import type { Delta, DeltaField, Part } from "@holdfast/protocol";

/**
 * A delta on a part (interfaces.md section 0): `offset` = length appends; `offset` + length of the text <= length is already there and
 * gives the same object; anything else, or a field that the part does not have now, is `undefined`: read the part.
 */
export function applyDelta(part: Part, delta: Delta): Part | undefined {
  const before = fieldOf(part, delta.field);
  if (before === undefined) return undefined;
  if (delta.offset !== before.length)
    return delta.offset + delta.text.length <= before.length ? part : undefined;
  return delta.text === "" ? part : withField(part, delta.field, before + delta.text);
}

/** The field's text; `undefined` when the part, as it is now, has no such field. */
function fieldOf(part: Part, field: DeltaField): string | undefined {
  if (field === "text") return part.type === "text" || part.type === "reasoning" ? part.text : undefined;
  if (part.type !== "tool") return undefined;
  if (field === "raw") return part.state.raw;
  return part.state.status === "pending" ? undefined : (part.state.output ?? "");
}

function withField(part: Part, field: DeltaField, text: string): Part {
  return part.type === "tool"
    ? { ...part, state: { ...part.state, [field]: text } }
    : { ...part, [field]: text };
}
