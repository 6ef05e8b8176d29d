/** Rows of a stream: how they are read whole. */
import { payloadHash } from "@holdfast/kernel";
import type { ItemKind } from "./effect.ts";
import type { Sql } from "./sql.ts";

export type ItemRow = {
  rid: number;
  stream: number;
  key: string;
  kind: ItemKind;
  parent: string | null;
  ordinal: number | null;
  omitted: string | null;
  hash: string;
  seq: number;
  bytes: number;
  data: string | null;
};

export const findItem = (sql: Sql, stream: number, key: string): ItemRow | undefined =>
  sql.get<ItemRow>("SELECT * FROM item WHERE stream = ? AND key = ?", stream, key);

export type Growth = { field: string; text: string };

export const growthOf = (sql: Sql, item: number): Growth[] =>
  sql.all<Growth>("SELECT field, text FROM growth WHERE item = ? ORDER BY rid", item);

type Grown = { text?: string; state?: Record<string, unknown> };

/** A row's JSON with what it grew by. */
export function grown(data: string, growth: readonly Growth[]): string {
  if (growth.length === 0) return data;
  const part = JSON.parse(data) as Grown;
  const texts = new Map<string, string[]>();
  for (const { field, text } of growth) texts.set(field, [...(texts.get(field) ?? []), text]);
  for (const [field, pieces] of texts) {
    const added = pieces.join("");
    if (field === "text") part.text = (part.text ?? "") + added;
    else if (part.state !== undefined) part.state[field] = asText(part.state[field]) + added;
  }
  return JSON.stringify(part);
}

const asText = (value: unknown): string => (typeof value === "string" ? value : "");

/** The row as readers get it; undefined where it is omitted. */
export const wholeData = (sql: Sql, item: ItemRow): string | undefined =>
  item.data === null
    ? undefined
    : item.kind === "part"
      ? grown(item.data, growthOf(sql, item.rid))
      : item.data;

/** The length of a field that deltas extend, in UTF-16 units; undefined where the row has no such field. */
export function fieldLength(sql: Sql, item: ItemRow, field: string): number | undefined {
  if (item.kind !== "part" || item.data === null) return undefined;
  const part = JSON.parse(item.data) as Grown & { type?: string };
  const isTool = part.type === "tool";
  const isText = part.type === "text" || part.type === "reasoning";
  if (field === "text" ? !isText : !isTool) return undefined;
  const start = field === "text" ? (part.text ?? "") : asText(part.state?.[field]);
  const added = sql.get<{ n: number | null }>(
    "SELECT sum(length) AS n FROM growth WHERE item = ? AND field = ?",
    item.rid,
    field,
  );
  return start.length + (added?.n ?? 0);
}

/** By which two streams are compared: that of the operation which wrote the row, or of the row as it has grown since. */
export function contentHash(sql: Sql, item: ItemRow): string {
  if (item.kind !== "part" || item.data === null) return item.hash;
  const growth = growthOf(sql, item.rid);
  return growth.length === 0
    ? item.hash
    : payloadHash({ part: JSON.parse(grown(item.data, growth)) as unknown });
}
