import type { Part } from "@holdfast/protocol";
import { isOpen, partData } from "./rows/index.ts";
import type { Write } from "./sql.ts";

/** Inserts a part's row at the next place in its message, not yet announced; `seq` is that of its coming event, 0 when it is not known yet. */
export function placePart(
  write: Write,
  place: { session: number; message: number },
  part: Part,
  seq: number,
): { rid: number; ordinal: number } {
  const row = write.get<{ rid: number; ordinal: number }>(
    `INSERT INTO part (id, session, message, ordinal, type, data, seq, event_seq, open)
     SELECT ?, ?, ?, coalesce(max(ordinal) + 1, 0), ?, ?, ?, ?, ? FROM part WHERE session = ? AND message = ?
     RETURNING rid, ordinal`,
    part.id,
    place.session,
    place.message,
    part.type,
    partData(part),
    seq,
    seq,
    isOpen(part) ? 1 : 0,
    place.session,
    place.message,
  );
  if (row === undefined) throw new Error(`Part ${part.id} was not inserted.`);
  return { rid: row.rid, ordinal: row.ordinal };
}
