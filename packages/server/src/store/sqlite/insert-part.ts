import type { Part } from "@holdfast/protocol";
import { isOpen, partData } from "../model/index.ts";
import { rewritePart } from "./announce.ts";
import type { Log } from "./log.ts";
import { type MessageRow, WRITTEN } from "./rows/index.ts";
import type { Write } from "./sql.ts";

type Place = { session: number; message: number };

/** Inserts a part's row as the last of its message, not yet announced; `seq` is that of its coming event, 0 when it is not known yet. */
export function appendPart(
  write: Write,
  row: Place,
  part: Part,
  seq: number,
): { rid: number; ordinal: number } {
  // Two statements: one that reads the table it inserts into makes a table of its own at every run.
  const next = write.get<{ ordinal: number }>(
    "SELECT coalesce(max(ordinal) + 1, 0) AS ordinal FROM part WHERE session = ? AND message = ?",
    row.session,
    row.message,
  );
  const ordinal = next?.ordinal ?? 0;
  return { rid: insertPart(write, { ...row, ordinal }, part, seq), ordinal };
}

/** A part behind all others of a message of the log's session, with its event. */
export function putLast(log: Log, message: MessageRow, part: Part): void {
  const place = { session: message.session, message: message.rid };
  const { rid, ordinal } = appendPart(log.write, place, part, 0);
  rewritePart(log, rid, { ...part, ordinal }, { rid: message.turn, id: message.turn_id });
}

/** The row of a part whose number is known, not yet announced; answers its id. */
export function insertPart(write: Write, row: Place & { ordinal: number }, part: Part, seq: number): number {
  return write.insert(
    `INSERT INTO part (id, session, message, ordinal, type, seq, event_seq, open, data, schema_version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ${WRITTEN.part})`,
    part.id,
    row.session,
    row.message,
    row.ordinal,
    part.type,
    seq,
    seq,
    isOpen(part) ? 1 : 0,
    partData(part),
  );
}
