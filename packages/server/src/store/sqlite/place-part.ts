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
  // Two statements: one that reads the table it inserts into makes a table of its own at every run.
  const next = write.get<{ ordinal: number }>(
    "SELECT coalesce(max(ordinal) + 1, 0) AS ordinal FROM part WHERE session = ? AND message = ?",
    place.session,
    place.message,
  );
  const ordinal = next?.ordinal ?? 0;
  const rid = write.insert(
    `INSERT INTO part (id, session, message, ordinal, type, data, seq, event_seq, open)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    part.id,
    place.session,
    place.message,
    ordinal,
    part.type,
    partData(part),
    seq,
    seq,
    isOpen(part) ? 1 : 0,
  );
  return { rid, ordinal };
}
