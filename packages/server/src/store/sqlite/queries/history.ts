import type { Message, SessionId, TurnId } from "@holdfast/protocol";
import type { MessagePage } from "../../port.ts";
import { type MessageRow, SELECT_MESSAGE, withParts } from "../rows/index.ts";
import type { Sql } from "../sql.ts";
import { lastSeq } from "./session.ts";

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
  const more = rows.length > query.limit;
  const shown = rows.slice(0, query.limit);
  if (!newer) shown.reverse();
  const page: MessagePage = { items: withParts(sql, shown), seq: lastSeq(sql, query.sessionId) ?? 0 };
  const oldest = shown[0]?.ordinal;
  const newest = shown.at(-1)?.ordinal;
  if (oldest != null && (newer || more)) page.next = oldest;
  if (newest != null && (newer ? more : query.before !== undefined)) page.prev = newest;
  return page;
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
