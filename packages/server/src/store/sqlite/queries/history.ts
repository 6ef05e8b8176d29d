import type { Message, SessionId, TurnId } from "@holdfast/protocol";
import type { MessagePage } from "../../port.ts";
import { type MessageRow, SELECT_MESSAGE, withParts } from "../rows/index.ts";
import type { Sql } from "../sql.ts";
import { lastSeq } from "./session.ts";

/** Bytes of rows in a page, but for its first: a page of the largest inputs would be gigabytes. */
const PAGE_BYTES = 32 * 1024 * 1024;

type PageQuery = { sessionId: SessionId; limit: number; before?: number; after?: number };

/** Chronological inside the page, newest page first; call it in one snapshot (D-13, D-29). `next` is older, `prev` newer. */
export function pageMessages(sql: Sql, query: PageQuery): MessagePage {
  const newer = query.after !== undefined;
  const cursor = query.after ?? query.before;
  const condition = cursor === undefined ? "" : `AND m.ordinal ${newer ? ">" : "<"} ?`;
  const rows = sql.all<MessageRow>(
    `${SELECT_MESSAGE} WHERE m.session = (SELECT rid FROM session WHERE id = ?) AND m.ordinal IS NOT NULL ${condition}
     ORDER BY m.ordinal ${newer ? "ASC" : "DESC"} LIMIT ?`,
    query.sessionId,
    ...(cursor === undefined ? [] : [cursor]),
    query.limit + 1,
  );
  const shown = rows.slice(0, Math.min(query.limit, fitting(sql, rows)));
  const more = rows.length > shown.length;
  if (!newer) shown.reverse();
  const page: MessagePage = { items: withParts(sql, shown), seq: lastSeq(sql, query.sessionId) ?? 0 };
  const oldest = shown[0]?.ordinal;
  const newest = shown.at(-1)?.ordinal;
  if (oldest != null && (newer || more)) page.next = oldest;
  if (newest != null && (newer ? more : query.before !== undefined)) page.prev = newest;
  return page;
}

/** How many of the rows fit a page with their parts, in their order: one at least. */
function fitting(sql: Sql, rows: readonly MessageRow[]): number {
  if (rows.length < 2) return rows.length;
  const parts = sql.all<{ message: number; bytes: number }>(
    `SELECT message, sum(octet_length(data)) AS bytes FROM part
     WHERE session = ? AND message IN (${rows.map(() => "?").join(", ")}) GROUP BY message`,
    rows[0]?.session ?? 0,
    ...rows.map(({ rid }) => rid),
  );
  const bytesOf = new Map(parts.map(({ message, bytes }) => [message, bytes]));
  let bytes = 0;
  const over = rows.findIndex((row, index) => {
    bytes += row.data.length + (bytesOf.get(row.rid) ?? 0);
    return index > 0 && bytes > PAGE_BYTES;
  });
  return over < 0 ? rows.length : over;
}

export function messagesOfTurn(sql: Sql, id: TurnId): Message[] {
  return withParts(
    sql,
    sql.all<MessageRow>(
      `${SELECT_MESSAGE} WHERE m.turn = (SELECT rid FROM turn WHERE id = ?) ORDER BY m.rid`,
      id,
    ),
  );
}
