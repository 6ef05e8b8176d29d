/** Applies operations to the rows of a stream. Readers of a live stream hear each change in the same transaction (S-31: of a staged one, none). */
import type { Effect } from "./effect.ts";
import { idOf, kindOf, omittedEvent, putPayload, EVENT_OF, removedEvent } from "./effect.ts";
import { fieldLength, findItem, type ItemRow } from "./item.ts";
import type { EventLog } from "./note.ts";
import { dropUnusedBlobs } from "./purge.ts";
import type { ShareRow } from "./share-row.ts";
import { dropSnapshot } from "./snapshot.ts";
import type { Write } from "./sql.ts";

/** Bytes that a row costs beside its data, for the quota. */
const ROW_BYTES = 128;

export type Target = {
  share: ShareRow;
  stream: number;
  /** Of the live stream. */
  log: EventLog | undefined;
  /** By how much the stream grew, in bytes. */
  bytes: number;
  /** Blobs that a row has given up. Another one of the same command may show them, so `settle` looks which of them nobody does. */
  givenUp: number[];
  /** Whether readers are still told of removals, which a row that comes back ends. Looked up once. */
  hasRemovals?: boolean;
};

/** Why an operation is rejected alone (S-22). */
export type Rejection = "OP_INVALID" | "DEPENDENCY_UNMET";

type Act<D extends Effect["does"]> = { key: string; hash: string; effect: Extract<Effect, { does: D }> };

export function apply(
  write: Write,
  target: Target,
  { key, hash, effect }: { key: string; hash: string; effect: Effect },
): Rejection | undefined {
  const item = findItem(write, target.stream, key);
  switch (effect.does) {
    case "put":
      return put(write, target, item, { key, hash, effect });
    case "grow":
      return grow(write, target, item, { key, hash, effect });
    case "remove":
      if (item !== undefined) remove(write, target, item);
      return undefined;
    case "omit":
      omit(write, target, item, { key, hash, effect });
      return undefined;
  }
}

function put(
  write: Write,
  target: Target,
  item: ItemRow | undefined,
  { key, hash, effect }: Act<"put">,
): Rejection | undefined {
  const { parent, ordinal, data, blobs } = effect;
  if (parent !== undefined && findItem(write, target.stream, `message:${parent}`) === undefined)
    return "DEPENDENCY_UNMET";
  const seq = tell(target, { type: EVENT_OF[kindOf(key)].type, data: putPayload(key, data) });
  if (item !== undefined) clear(write, target, item);
  const bytes = data.length + ROW_BYTES;
  const rid = store(write, target, item, { key, parent, ordinal, omitted: null, hash, seq, bytes, data });
  for (const blob of blobs)
    write.run(
      "INSERT OR IGNORE INTO blob_use (item, blob, mime) SELECT ?, rid, ? FROM blob WHERE share = ? AND hash = ?",
      rid,
      blob.mime,
      target.share.rid,
      blob.hash,
    );
  return undefined;
}

function grow(
  write: Write,
  target: Target,
  item: ItemRow | undefined,
  { effect }: Act<"grow">,
): Rejection | undefined {
  if (item === undefined) return "DEPENDENCY_UNMET";
  const { field, offset, text, parent } = effect;
  if (item.parent !== parent || fieldLength(write, item, field) !== offset) return "OP_INVALID";
  write.insert(
    "INSERT INTO growth (item, field, length, text) VALUES (?, ?, ?, ?)",
    item.rid,
    field,
    text.length,
    text,
  );
  const data = JSON.stringify({ messageId: parent, partId: idOf(item.key), field, offset, text });
  const seq = tell(target, { type: "message.part.delta", data });
  write.run("UPDATE item SET seq = ?, bytes = bytes + ? WHERE rid = ?", seq, text.length, item.rid);
  target.bytes += text.length;
  return undefined;
}

/** A message takes its parts along (S-20). */
export function remove(write: Write, target: Target, item: ItemRow): void {
  const parts =
    item.kind === "message"
      ? write.all<ItemRow>(
          "SELECT * FROM item WHERE stream = ? AND kind = 'part' AND parent = ?",
          target.stream,
          idOf(item.key),
        )
      : [];
  for (const row of [item, ...parts]) {
    clear(write, target, row);
    write.run("DELETE FROM item WHERE rid = ?", row.rid);
  }
  noteRemoval(write, target, item);
}

/** Tells readers, now and when they come back, that a row is gone. */
export function noteRemoval(
  write: Write,
  target: Target,
  { key, parent }: Pick<ItemRow, "key" | "parent">,
): void {
  if (target.log === undefined) return;
  target.hasRemovals = true;
  const seq = tell(target, removedEvent(key, parent));
  write.run(
    "INSERT OR REPLACE INTO removal (share, key, parent, seq) VALUES (?, ?, ?, ?)",
    target.share.rid,
    key,
    parent,
    seq,
  );
}

/** The row stays and says that it is not shown. */
export function omit(
  write: Write,
  target: Target,
  item: ItemRow | undefined,
  { key, hash, effect }: Act<"omit">,
): void {
  const parent = effect.parent ?? item?.parent ?? undefined;
  const seq = tell(target, omittedEvent(key, effect.reason, parent ?? null));
  if (item !== undefined) clear(write, target, item);
  const ordinal = item?.ordinal ?? undefined;
  store(write, target, item, {
    key,
    parent,
    ordinal,
    omitted: effect.reason,
    hash,
    seq,
    bytes: ROW_BYTES,
    data: null,
  });
}

/** The seq of the event, 0 on a stream that nobody reads. */
const tell = ({ log }: Target, { type, data }: { type: string; data: string }): number =>
  log?.add(type, data) ?? 0;

/** Takes what belongs to a row's present content away. */
function clear(write: Write, target: Target, item: ItemRow): void {
  target.bytes -= item.bytes;
  if (item.kind !== "part") return;
  write.run("DELETE FROM growth WHERE item = ?", item.rid);
  const used = write.all<{ blob: number }>("DELETE FROM blob_use WHERE item = ? RETURNING blob", item.rid);
  for (const { blob } of used) target.givenUp.push(blob);
}

type NewItem = {
  key: string;
  parent: string | undefined;
  ordinal: number | undefined;
  omitted: string | null;
  hash: string;
  seq: number;
  bytes: number;
  data: string | null;
};

function store(write: Write, target: Target, item: ItemRow | undefined, row: NewItem): number {
  target.bytes += row.bytes;
  const content = [
    row.parent ?? null,
    row.ordinal ?? null,
    row.omitted,
    row.hash,
    row.seq,
    row.bytes,
    row.data,
  ] as const;
  if (item !== undefined) {
    write.run(
      "UPDATE item SET parent = ?, ordinal = ?, omitted = ?, hash = ?, seq = ?, bytes = ?, data = ? WHERE rid = ?",
      ...content,
      item.rid,
    );
    return item.rid;
  }
  if (target.log !== undefined && hasRemovals(write, target))
    write.run("DELETE FROM removal WHERE share = ? AND key = ?", target.share.rid, row.key);
  return write.insert(
    "INSERT INTO item (stream, key, kind, parent, ordinal, omitted, hash, seq, bytes, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    target.stream,
    row.key,
    kindOf(row.key),
    ...content,
  );
}

function hasRemovals(write: Write, target: Target): boolean {
  target.hasRemovals ??=
    write.get("SELECT 1 FROM removal WHERE share = ? LIMIT 1", target.share.rid) !== undefined;
  return target.hasRemovals;
}

/** Writes down what a command did to the share's counts, and tells it. */
export function settle(write: Write, target: Target): void {
  dropUnusedBlobs(write, target.share, target.givenUp);
  if (target.bytes !== 0)
    write.run("UPDATE stream SET bytes = bytes + ? WHERE rid = ?", target.bytes, target.stream);
  write.run(
    "UPDATE share SET last_seq = ?, time_updated = ? WHERE rid = ?",
    target.log?.last ?? target.share.last_seq,
    write.now,
    target.share.rid,
  );
  if (target.log !== undefined && target.log.last > target.share.last_seq) dropSnapshot(write, target.share);
  for (const note of target.log?.notes() ?? []) write.emit(note);
}
