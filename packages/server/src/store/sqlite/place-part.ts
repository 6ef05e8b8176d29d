import type { Part } from "@holdfast/protocol";
import { isOpen, partData } from "../model/index.ts";
import type { Write } from "./sql.ts";

type Place = { session: number; message: number };

/** Inserts a part's row at the next place in its message, not yet announced; `seq` is that of its coming event, 0 when it is not known yet. */
export function placePart(
  write: Write,
  place: Place,
  part: Part,
  seq: number,
): { rid: number; ordinal: number } {
  // Two statements: one that reads the table it inserts into makes a table of its own at every run.
  const next = write.get<{ ordinal: number }>(
    "SELECT coalesce(max(ordinal) + 1, 0) AS ordinal FROM part WHERE session = ? AND message = ?",
    place.session,
    place.message,
  );
  const ordinal = next?.ordinal ?? 0;
  return { rid: insertPart(write, { ...place, ordinal }, part, seq), ordinal };
}

/** The same at a place that is known; answers the row's id. */
export function insertPart(
  write: Write,
  place: Place & { ordinal: number },
  part: Part,
  seq: number,
): number {
  return write.insert(
    `INSERT INTO part (id, session, message, ordinal, type, seq, event_seq, open, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    part.id,
    place.session,
    place.message,
    place.ordinal,
    part.type,
    seq,
    seq,
    isOpen(part) ? 1 : 0,
    partData(part),
  );
}
