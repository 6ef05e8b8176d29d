/**
 * The switch from what readers see to a new stream (S-31): in one transaction, by comparison of both, so that readers hear of what differs and go on by
 * their cursors. What is the same keeps its place.
 */
import { noteRemoval, settle, type Target } from "./apply.ts";
import { EVENT_OF, omittedEvent, putPayload } from "./effect.ts";
import { contentHash, findItem, type ItemRow, wholeData } from "./item.ts";
import { EventLog } from "./note.ts";
import { dropStream } from "./purge.ts";
import type { ShareRow } from "./share-row.ts";
import type { Write } from "./sql.ts";

/** Rows that differ and are told one by one; with more, readers go on by their cursors. */
const TOLD_ROWS = 500;

/** Rows as a reader wants them: the session, then its messages, then their parts. */
const IN_ORDER = `CASE kind WHEN 'session' THEN 0 WHEN 'models' THEN 1 WHEN 'usage' THEN 2 WHEN 'message' THEN 3 WHEN 'part' THEN 4 ELSE 5 END, ordinal, rid`;

/** Until here no event of a staged row has a place. */
const NO_PLACE = 0;

export function switchStream(write: Write, share: ShareRow, staged: number): void {
  const log = new EventLog(share.id, share.last_seq, write.now);
  const target: Target = { share, stream: staged, log, bytes: 0, givenUp: [] };
  if (share.live !== null) keepPlaces(write, share.live, staged);
  placeRest(write, staged, log);
  write.run(
    "DELETE FROM removal WHERE share = ? AND key IN (SELECT key FROM item WHERE stream = ?)",
    share.rid,
    staged,
  );
  if (share.live !== null) noteVanished(write, target, share.live);
  write.run("UPDATE share SET live = ?, staged = NULL WHERE rid = ?", staged, share.rid);
  if (share.live !== null) dropStream(write, share, share.live);
  settle(write, target);
}

/** Rows that are the same in both streams keep the seq of their newest event. */
function keepPlaces(write: Write, live: number, staged: number): void {
  write.run(
    `UPDATE item SET seq = o.seq FROM item o
     WHERE item.stream = ? AND o.stream = ? AND o.key = item.key AND o.hash = item.hash AND o.omitted IS item.omitted
       AND NOT EXISTS (SELECT 1 FROM growth g WHERE g.item = item.rid) AND NOT EXISTS (SELECT 1 FROM growth g WHERE g.item = o.rid)`,
    staged,
    live,
  );
  const grown = write.all<ItemRow>(
    `SELECT i.* FROM item i JOIN item o ON o.stream = ? AND o.key = i.key
     WHERE i.stream = ? AND i.kind = 'part' AND i.seq = ${NO_PLACE}
       AND (EXISTS (SELECT 1 FROM growth g WHERE g.item = i.rid) OR EXISTS (SELECT 1 FROM growth g WHERE g.item = o.rid))`,
    live,
    staged,
  );
  for (const item of grown) {
    const old = findItem(write, live, item.key);
    if (
      old !== undefined &&
      old.omitted === item.omitted &&
      contentHash(write, old) === contentHash(write, item)
    )
      write.run("UPDATE item SET seq = ? WHERE rid = ?", old.seq, item.rid);
  }
}

/** Gives every other row a place behind all that readers have heard. */
function placeRest(write: Write, staged: number, log: EventLog): void {
  const waiting = `FROM item WHERE stream = ? AND seq = ${NO_PLACE}`;
  const count = write.get<{ n: number }>(`SELECT count(*) AS n ${waiting}`, staged)?.n ?? 0;
  if (count > TOLD_ROWS) {
    write.run(
      `UPDATE item SET seq = ? + placed.n FROM (SELECT rid AS item, row_number() OVER (ORDER BY ${IN_ORDER}) AS n ${waiting}) AS placed
       WHERE item.rid = placed.item`,
      log.last,
      staged,
    );
    log.skip(count);
    return;
  }
  for (const item of write.all<ItemRow>(`SELECT * ${waiting} ORDER BY ${IN_ORDER}`, staged)) {
    const { type, data } = eventOf(write, item);
    write.run("UPDATE item SET seq = ? WHERE rid = ?", log.add(type, data), item.rid);
  }
}

/** The event that stands for a row as it is now. */
export function eventOf(sql: Pick<Write, "get" | "all">, item: ItemRow): { type: string; data: string } {
  const data = wholeData(sql, item);
  if (data === undefined) return omittedEvent(item.key, item.omitted ?? "refused", item.parent);
  return { type: EVENT_OF[item.kind].type, data: putPayload(item.key, data) };
}

/** Rows that are in the old stream alone. Parts go with their message. */
function noteVanished(write: Write, target: Target, live: number): void {
  const vanished = write.all<Pick<ItemRow, "key" | "parent">>(
    `SELECT o.key, o.parent FROM item o
     WHERE o.stream = ? AND NOT EXISTS (SELECT 1 FROM item i WHERE i.stream = ? AND i.key = o.key)
       AND (o.kind <> 'part' OR o.parent IS NULL OR EXISTS (SELECT 1 FROM item m WHERE m.stream = ? AND m.key = 'message:' || o.parent))
     ORDER BY o.rid`,
    live,
    target.stream,
    target.stream,
  );
  for (const row of vanished) noteRemoval(write, target, row);
}
