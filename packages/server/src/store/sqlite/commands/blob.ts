import { notFound } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import { RETENTION } from "../../model/index.ts";
import type { Write } from "../sql.ts";

/** `bytes` is null when the content lies in a file that was synced before this command (D-28). */
export type RecordBlob = {
  hash: string;
  size: number;
  bytes: Uint8Array | null;
  mime: string;
  sessionId: SessionId;
};

/** Keeps content once and one reference per session; triggers keep the count. */
export function recordBlob(write: Write, command: RecordBlob): void {
  const session = write.get<{ rid: number }>("SELECT rid FROM session WHERE id = ?", command.sessionId);
  if (session === undefined) throw notFound("session", command.sessionId);
  write.run(
    "INSERT OR IGNORE INTO blob (hash, size, bytes, unused_since) VALUES (?, ?, ?, ?)",
    command.hash,
    command.size,
    command.bytes,
    write.now,
  );
  write.run(
    "INSERT OR IGNORE INTO blob_reference (session, blob, mime) SELECT ?, rid, ? FROM blob WHERE hash = ?",
    session.rid,
    command.mime,
    command.hash,
  );
}

/** Rows that went, and the hashes whose files may go. */
export type DroppedBlobs = { rows: number; files: string[] };

/** Drops rows that nothing has referred to for an hour. */
export function dropUnusedBlobs(write: Write, command: { limit: number }): DroppedBlobs {
  const rows = write.all<{ rid: number; hash: string; inline: number }>(
    "SELECT rid, hash, bytes IS NOT NULL AS inline FROM blob WHERE count = 0 AND unused_since < ? LIMIT ?",
    write.now - RETENTION.unusedBlob,
    command.limit,
  );
  for (const row of rows) write.run("DELETE FROM blob WHERE rid = ?", row.rid);
  return { rows: rows.length, files: rows.filter((row) => row.inline === 0).map((row) => row.hash) };
}
