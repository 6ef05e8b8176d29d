/** What a reader missed: rows, removals and comments above its cursor, as they are now. */
import { type CommentRow, toComment } from "../comment-row.ts";
import { removedEvent } from "../effect.ts";
import type { ItemRow } from "../item.ts";
import type { NotedEvent } from "../note.ts";
import { findShare } from "../share-row.ts";
import type { Sql } from "../sql.ts";
import { eventOf } from "../switch-stream.ts";

/** Events, and characters of their data, of one page. */
const PAGE_EVENTS = 200;
const PAGE_CHARACTERS = 1024 * 1024;

/** `through`: how far the reader is current after the page; `last`: the newest seq of the share. */
export type ReplayPage = { events: NotedEvent[]; through: number; last: number };

type Entry = { seq: number; make: () => Omit<NotedEvent, "seq" | "time"> };

/** Events have the time at which they are read: what they stand for has none of its own. */
export function replayAfter(sql: Sql, shareId: string, after: number, now: number): ReplayPage {
  const share = findShare(sql, shareId);
  if (share === undefined) return { events: [], through: after, last: after };
  const items = sql.all<ItemRow>(
    "SELECT * FROM item WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?",
    share.live,
    after,
    PAGE_EVENTS + 1,
  );
  const removals = sql.all<{ key: string; parent: string | null; seq: number }>(
    "SELECT key, parent, seq FROM removal WHERE share = ? AND seq > ? ORDER BY seq LIMIT ?",
    share.rid,
    after,
    PAGE_EVENTS + 1,
  );
  const comments = sql.all<CommentRow>(
    "SELECT * FROM comment WHERE share = ? AND seq > ? ORDER BY seq LIMIT ?",
    share.rid,
    after,
    PAGE_EVENTS + 1,
  );
  const entries: Entry[] = [
    ...items.map((item) => ({ seq: item.seq, make: () => eventOf(sql, item) })),
    ...removals.map(({ key, parent, seq }) => ({ seq, make: () => removedEvent(key, parent) })),
    ...comments.map((row) => ({
      seq: row.seq,
      make: () => ({ type: "comment.created", data: JSON.stringify({ comment: toComment(row) }) }),
    })),
  ].toSorted((a, b) => a.seq - b.seq);
  const events: NotedEvent[] = [];
  let characters = 0;
  for (const { seq, make } of entries.slice(0, PAGE_EVENTS)) {
    if (characters > PAGE_CHARACTERS) break;
    const event = { seq, time: now, ...make() };
    characters += event.data.length;
    events.push(event);
  }
  const isAll = events.length === entries.length;
  return {
    events,
    through: isAll ? share.last_seq : (events.at(-1)?.seq ?? after),
    last: share.last_seq,
  };
}
