/**
 * The fields of an ASKFORM line, as the schema of an elicitation: `<name>: <type>`, with `!` behind the name of what is required. Types are `text`,
 * `number`, `integer` and `boolean`, and `one` and `many` with their options; bounds stand behind the type, `integer 1..65535`.
 */
import type { ElicitationPropertySchema, ElicitationSchema } from "@agentclientprotocol/sdk";

const FIELD = /^([^\s:!]+)(!?):\s*([a-z]+)(?:\s+(\d+)\.\.(\d+))?(?:\s+(\S.*))?$/su;

/** Reads the fields; a sentence says what is wrong with them. */
export function parseFields(fields: readonly string[]): ElicitationSchema | string {
  const properties: Record<string, ElicitationPropertySchema> = {};
  const required: string[] = [];
  for (const field of fields) {
    const [, name, mark, type = "", from, to, rest] = FIELD.exec(field) ?? [];
    const property = propertyOf(
      type,
      bounds(from, to),
      rest?.split(",").map((option) => option.trim()),
    );
    if (name === undefined || property === undefined) return `${JSON.stringify(field)} is no field`;
    properties[name] = property;
    if (mark === "!") required.push(name);
  }
  return { type: "object", properties, required };
}

type Bounds = { from: number; to: number } | undefined;

const bounds = (from: string | undefined, to: string | undefined): Bounds =>
  from === undefined || to === undefined ? undefined : { from: Number(from), to: Number(to) };

function propertyOf(
  type: string,
  range: Bounds,
  options: readonly string[] | undefined,
): ElicitationPropertySchema | undefined {
  const isChoice = type === "one" || type === "many";
  if (isChoice !== (options !== undefined)) return undefined;
  switch (type) {
    case "text":
      return { type: "string", ...(range && { minLength: range.from, maxLength: range.to }) };
    case "number":
    case "integer":
      return { type, ...(range && { minimum: range.from, maximum: range.to }) };
    case "boolean":
      return { type };
    case "one":
      return { type: "string", enum: [...(options ?? [])] };
    case "many": {
      const items = { type: "string" as const, enum: [...(options ?? [])] };
      return { type: "array", items, ...(range && { minItems: range.from, maxItems: range.to }) };
    }
  }
  return undefined;
}
