import type { Delta } from "./event.ts";
import type { DeltaField, Part } from "./part.ts";

/** The text that deltas of a field extend; `undefined` when the part, as it is now, has no such field. */
export function deltaTextOf(part: Part, field: DeltaField): string | undefined {
  if (field === "text") return part.type === "text" || part.type === "reasoning" ? part.text : undefined;
  if (part.type !== "tool") return undefined;
  if (field === "raw") return part.state.raw;
  return part.state.status === "pending" ? undefined : (part.state.output ?? "");
}

/**
 * A delta on a part, by the one rule of server and clients (D-12): `offset` = length appends; `offset` + length of the text <= length is already
 * there and gives the same object; anything else, or a field that the part does not have now, is `undefined`: read the part.
 */
export function applyDelta(
  part: Part,
  { field, offset, text }: Pick<Delta, "field" | "offset" | "text">,
): Part | undefined {
  const before = deltaTextOf(part, field);
  if (before === undefined) return undefined;
  if (offset !== before.length) return offset + text.length <= before.length ? part : undefined;
  if (text === "") return part;
  return part.type === "tool"
    ? { ...part, state: { ...part.state, [field]: before + text } }
    : { ...part, [field]: before + text };
}
