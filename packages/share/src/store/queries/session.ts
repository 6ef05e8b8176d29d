/** What readers see of a share: the rows of its live stream, as they are now. */
import type { ShareArgs, SharedMessage, SharedSession, ShareResult } from "@holdfast/protocol";
import { type CommentRow, toComment } from "../comment-row.ts";
import { idOf } from "../effect.ts";
import { findItem, type ItemRow, wholeData } from "../item.ts";
import type { ShareRow } from "../share-row.ts";
import type { Sql } from "../sql.ts";
import { cursorInvalid, countCursor, limitOf, pageOf } from "./page.ts";

/** Characters of one page beyond which it takes no further row. */
const PAGE_CHARACTERS = 4 * 1024 * 1024;
/** Omitted rows that are named with a session. */
const OMITTED = 1_000;

type Omitted = SharedSession["omitted"][number];

export function readSession(sql: Sql, share: ShareRow): SharedSession {
  const whole = <T>(key: string): T | undefined => {
    const item = share.live === null ? undefined : findItem(sql, share.live, key);
    const data = item && wholeData(sql, item);
    return data === undefined ? undefined : (JSON.parse(data) as T);
  };
  const session = whole<NonNullable<SharedSession["session"]>>("session");
  const usage = whole<NonNullable<SharedSession["usage"]>>("usage");
  return {
    shareId: share.id,
    ...(session === undefined ? {} : { session }),
    models: whole<SharedSession["models"]>("models") ?? [],
    ...(usage === undefined ? {} : { usage }),
    omitted: omittedOf(sql, share),
    ...(share.expires_at === null ? {} : { expiresAt: share.expires_at }),
    seq: share.last_seq,
  };
}

/** Omitted parts stand with their message, where that is shown. */
function omittedOf(sql: Sql, share: ShareRow): Omitted[] {
  return sql
    .all<{ key: string; omitted: string }>(
      `SELECT i.key, i.omitted FROM item i
       LEFT JOIN item m ON m.stream = i.stream AND m.key = 'message:' || i.parent AND m.omitted IS NULL
       WHERE i.stream = ? AND i.omitted IS NOT NULL AND m.rid IS NULL ORDER BY i.rid LIMIT ${OMITTED}`,
      share.live,
    )
    .map(({ key, omitted }) => ({ key, reason: omitted as Omitted["reason"] }));
}

type Page = ShareArgs<"readMessages">;
type MessagePlace = { ordinal: number; key: string };

/** Chronological inside a page, the newest page first; `next` leads to older ones, `prev` to newer ones. */
export function readMessages(sql: Sql, share: ShareRow, page: Page): ShareResult<"readMessages"> {
  const limit = limitOf(page.limit);
  const isForward = page.after !== undefined;
  const from = placeOf(page.after ?? page.before);
  const bound = from === undefined ? "" : `AND (ordinal, key) ${isForward ? ">" : "<"} (?, ?)`;
  const order = isForward ? "ASC" : "DESC";
  const rows = sql.all<ItemRow>(
    `SELECT * FROM item WHERE stream = ? AND kind = 'message' AND data IS NOT NULL ${bound}
     ORDER BY ordinal ${order}, key ${order} LIMIT ?`,
    share.live,
    ...(from === undefined ? [] : [from.ordinal, from.key]),
    limit + 1,
  );
  const items: SharedMessage[] = [];
  const taken: ItemRow[] = [];
  let characters = 0;
  for (const row of rows.slice(0, limit)) {
    if (taken.length > 0 && characters > PAGE_CHARACTERS) break;
    const { message, size } = messageOf(sql, row);
    characters += size;
    items.push(message);
    taken.push(row);
  }
  const hasMore = taken.length < rows.length;
  const [first, last] = isForward ? [taken[0], taken.at(-1)] : [taken.at(-1), taken[0]];
  const hasOlder = isForward ? from !== undefined : hasMore;
  const hasNewer = isForward ? hasMore : from !== undefined;
  return {
    items: isForward ? items : items.toReversed(),
    ...(hasOlder && first !== undefined ? { next: cursorOf(first) } : {}),
    ...(hasNewer && last !== undefined ? { prev: cursorOf(last) } : {}),
    seq: share.last_seq,
  };
}

const cursorOf = ({ ordinal, key }: ItemRow): string => `${ordinal ?? 0}.${idOf(key)}`;

function placeOf(cursor: string | undefined): MessagePlace | undefined {
  if (cursor === undefined) return undefined;
  const match = /^(\d{1,15})\.(msg_[0-9a-z]{26})$/.exec(cursor);
  if (match === null) throw cursorInvalid();
  return { ordinal: Number(match[1]), key: `message:${String(match[2])}` };
}

function messageOf(sql: Sql, row: ItemRow): { message: SharedMessage; size: number } {
  const parts = sql.all<ItemRow>(
    "SELECT * FROM item WHERE stream = ? AND kind = 'part' AND parent = ? ORDER BY ordinal, rid",
    row.stream,
    idOf(row.key),
  );
  const texts = [row, ...parts].map((item) => wholeData(sql, item));
  const [info = "{}", ...rest] = texts;
  return {
    message: {
      info: JSON.parse(info) as SharedMessage["info"],
      parts: rest.flatMap((text) =>
        text === undefined ? [] : [JSON.parse(text) as SharedMessage["parts"][number]],
      ),
      omitted: parts.flatMap(({ key, omitted }) =>
        omitted === null ? [] : [{ key, reason: omitted as Omitted["reason"] }],
      ),
    },
    size: texts.reduce((sum, text) => sum + (text?.length ?? 0), 0),
  };
}

export function readChanges(
  sql: Sql,
  share: ShareRow,
  page: ShareArgs<"readChanges">,
): ShareResult<"readChanges"> {
  const limit = limitOf(page.limit);
  const after = page.before;
  if (after !== undefined && !/^chg_[0-9a-z]{26}$/.test(after)) throw cursorInvalid();
  const rows = sql.all<ItemRow>(
    "SELECT * FROM item WHERE stream = ? AND kind = 'change' AND data IS NOT NULL AND key > ? ORDER BY key LIMIT ?",
    share.live,
    after === undefined ? "change:" : `change:${after}`,
    limit + 1,
  );
  const taken: ItemRow[] = [];
  let characters = 0;
  for (const row of rows.slice(0, limit)) {
    if (taken.length > 0 && characters > PAGE_CHARACTERS) break;
    characters += row.data?.length ?? 0;
    taken.push(row);
  }
  const last = taken.at(-1);
  return {
    items: taken.map(({ data }) => JSON.parse(data ?? "{}") as ShareResult<"readChanges">["items"][number]),
    ...(taken.length < rows.length && last !== undefined ? { next: idOf(last.key) } : {}),
    seq: share.last_seq,
  };
}

/** Newest first. */
export function readComments(
  sql: Sql,
  share: ShareRow,
  page: ShareArgs<"readComments">,
): ShareResult<"readComments"> {
  const limit = limitOf(page.limit);
  const rows = sql.all<CommentRow>(
    "SELECT * FROM comment WHERE share = ? AND rid < ? ORDER BY rid DESC LIMIT ?",
    share.rid,
    countCursor(page.before),
    limit + 1,
  );
  return pageOf(rows, limit, toComment);
}

/** What of a blob a reader may know: the kind that a part of the live stream says. */
export const blobShown = (sql: Sql, share: ShareRow, hash: string): { mime: string } | undefined =>
  sql.get<{ mime: string }>(
    `SELECT u.mime FROM blob b JOIN blob_use u ON u.blob = b.rid JOIN item i ON i.rid = u.item
     WHERE b.share = ? AND b.hash = ? AND i.stream = ? LIMIT 1`,
    share.rid,
    hash,
    share.live,
  );

/** Whether a row of the share names a file with this hash: a blob, or a snapshot. */
export const namesFile = (sql: Sql, shareId: string, hash: string): boolean =>
  ["blob", "snapshot"].some(
    (table) =>
      sql.get(
        `SELECT 1 FROM ${table} t JOIN share s ON s.rid = t.share WHERE s.id = ? AND t.hash = ?`,
        shareId,
        hash,
      ) !== undefined,
  );

/** Every blob that has a row, with its share. */
export const blobRows = (sql: Sql): { shareId: string; hash: string }[] =>
  sql.all("SELECT s.id AS shareId, b.hash FROM blob b JOIN share s ON s.rid = b.share");
