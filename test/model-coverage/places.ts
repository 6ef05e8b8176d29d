/**
 * Places of the session model: every field, variant and value of an enumeration that the data of its events name (`Turn.reason=limited`,
 * `Part<tool>.state<completed>.attachments[].mime`), and which of them a row fills. One walk names both, so that they are comparable. A type that has a name
 * of its own is named once, wherever it stands.
 */
import { EVENT_DATA, type EventType } from "@holdfast/protocol";
import { z } from "zod";

/** What is counted beside events, by the names of the protocol's schemas. */
export type RowKind =
  | "Actor"
  | "Session"
  | "Input"
  | "Turn"
  | "MessageInfo"
  | "Part"
  | "Permission"
  | "Question"
  | "AgentSession"
  | "Todo";

type Schema = z.core.JSONSchema.BaseSchema;
/** Rows of no session, which are another model's. */
const OTHERS = new Set(["Project", "Workspace", "Worktree", "Change", "Share", "Grant", "SessionComment"]);
/** Stands for a value when every place is asked for. */
const ANY = Symbol("any value");

const { properties: events = {}, $defs: types = {} } = z.toJSONSchema(z.object(EVENT_DATA), {
  unrepresentable: "any",
}) as { properties?: Record<string, Schema>; $defs?: Record<string, Schema> };

const placeOf = (type: string): string => `Event<${type}>`;

/** All places that there are. */
export function allPlaces(): string[] {
  const found = Object.keys(EVENT_DATA).flatMap((type) => [
    placeOf(type),
    ...walk(events[type], placeOf(type), ANY),
  ]);
  return [...new Set(found)].toSorted((a, b) => typeOf(a).localeCompare(typeOf(b)));
}

/** What a place belongs to: `Turn`, `Event`. */
export const typeOf = (place: string): string => /^\w+/.exec(place)?.[0] ?? place;

/** The places that a row fills. */
export const placesOfRow = (kind: RowKind, row: unknown): Set<string> =>
  new Set(walk(types[kind], kind, row));

/** The places that an event and the row in its data fill. */
export const placesOfEvent = (type: string, data: unknown): Set<string> =>
  new Set([placeOf(type), ...walk(events[type as EventType], placeOf(type), data)]);

function* walk(schema: Schema | undefined, path: string, value: unknown): Generator<string> {
  if (schema === undefined || value === undefined) return;
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/$defs/", "");
    if (!OTHERS.has(name)) yield* walk(types[name], name, value);
    return;
  }
  for (const one of schema.allOf ?? []) yield* walk(one, path, value);
  for (const branch of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])] as Schema[])
    yield* walkBranch(branch, path, value);
  for (const one of schema.enum ?? []) if (value === ANY || value === one) yield `${path}=${String(one)}`;
  for (const [key, inner] of Object.entries(schema.properties ?? {}) as [string, Schema][]) {
    const at = value === ANY ? ANY : (value as Record<string, unknown>)[key];
    if (at === undefined || inner.const !== undefined) continue;
    // The row of an event has its places under the name of its type.
    if (inner.$ref === undefined || !path.startsWith("Event<")) yield `${path}.${key}`;
    yield* walk(inner, `${path}.${key}`, at);
  }
  if (typeof schema.additionalProperties === "object") {
    const inner = value === ANY ? [ANY] : Object.values(value as object);
    for (const one of inner) yield* walk(schema.additionalProperties, `${path}.*`, one);
  }
  if (schema.items !== undefined) {
    const items = value === ANY ? [ANY] : Array.isArray(value) ? value : [];
    for (const item of items) yield* walk(schema.items as Schema, `${path}[]`, item);
  }
}

/** A variant of a union, with what is fixed in it as its name. */
function* walkBranch(branch: Schema, path: string, value: unknown): Generator<string> {
  const fixed = constantsOf(branch);
  // What stands for a row that is too large for an event; the row itself is read from its database.
  if ("tooLarge" in fixed || (value !== ANY && !couldBe(branch, fixed, value))) return;
  const [label] = Object.values(fixed);
  if (label === undefined) {
    yield* walk(branch, path, value);
    return;
  }
  const there = `${path}<${JSON.stringify(label).replaceAll('"', "")}>`;
  yield there;
  yield* walk(branch, there, value);
}

const constantsOf = (schema: Schema): Record<string, unknown> =>
  Object.fromEntries(
    (Object.entries(schema.properties ?? {}) as [string, Schema][])
      .filter(([, inner]) => inner.const !== undefined)
      .map(([key, inner]) => [key, inner.const]),
  );

/** Whether a value may be of this variant: its type, and what is fixed in it. */
function couldBe(schema: Schema, fixed: Record<string, unknown>, value: unknown): boolean {
  if (schema.properties !== undefined) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    return Object.entries(fixed).every(([key, constant]) => Reflect.get(value, key) === constant);
  }
  if (schema.type === "array") return Array.isArray(value);
  if (schema.type === "integer" || schema.type === "number") return typeof value === "number";
  return schema.type === undefined || typeof value === schema.type;
}
