import { isDeepStrictEqual } from "node:util";
import { HoldfastError } from "@holdfast/kernel";
import type { MessageInfo, Part } from "@holdfast/protocol";

/**
 * Fields that tell what Holdfast checked, heard, counted or did: a validated result or why there is none, the model that answered, totals of a turn, who answered, when a
 * call's output was compacted.
 */
const OWN_FIELDS = [
  "structured",
  "metadata.validation",
  "model",
  "askedModel",
  "summary",
  "mode",
  "state.time.compacted",
];

/** Throws UNPROCESSABLE, with the field as an issue, when an edit would set, change or clear what Holdfast alone says. */
export function refuseOwnFields(current: MessageInfo | Part, edited: MessageInfo | Part): void {
  const path = OWN_FIELDS.find((field) => !isDeepStrictEqual(at(current, field), at(edited, field)));
  if (path === undefined) return;
  throw new HoldfastError(
    "UNPROCESSABLE",
    `The field ${path} of ${current.id} is written by Holdfast alone.`,
    {
      issues: [{ path, message: "Send it as it is, or not at all where it is not there." }],
    },
  );
}

function at(row: object, field: string): unknown {
  let value: unknown = row;
  for (const name of field.split("."))
    value =
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return value;
}
