/** What time ends (S-9, S-16, S-32, S-33), what reads leave behind, and a store's new name after a restore (S-24). */
import { newId } from "@holdfast/kernel";
import type { By } from "../access.ts";
import { admit } from "../access.ts";
import { auditHour, type HourOfUse, REFUSED } from "../audit.ts";
import { countRead } from "../grants.ts";
import { dropStream, dropUnusedBlobs } from "../purge.ts";
import { findShare, type ShareRow } from "../share-row.ts";
import type { Write } from "../sql.ts";
import { expire } from "./share.ts";

const DAY_MS = 86_400_000;
/** A stream that waits for its commit longer is dropped; a blob that no row ever showed, too. */
const STAGED_MS = 7 * DAY_MS;
const UNUSED_BLOB_MS = DAY_MS;
const AUDIT_MS = 365 * DAY_MS;
/** Rows of reads of one share, and removals that readers may have missed. */
const READ_ROWS = 10_000;
const REMOVALS = 10_000;
/** Rows of a kind that one sweep takes. */
const SWEEP_ROWS = 200;

/** Answers how many rows it ended or removed; with less than a full sweep there is nothing left to do. */
export function sweep(write: Write): number {
  let count = 0;
  const due = write.all<ShareRow>(
    "SELECT * FROM share WHERE state = 'live' AND expires_at IS NOT NULL AND expires_at <= ? LIMIT ?",
    write.now,
    SWEEP_ROWS,
  );
  for (const share of due) expire(write, share);
  count += due.length + expireGrants(write);
  const stale = write.all<ShareRow>(
    "SELECT s.* FROM share s JOIN stream t ON t.rid = s.staged WHERE t.time_created <= ? LIMIT ?",
    write.now - STAGED_MS,
    SWEEP_ROWS,
  );
  for (const share of stale) {
    write.run("UPDATE share SET staged = NULL WHERE rid = ?", share.rid);
    if (share.staged !== null) dropStream(write, share, share.staged);
  }
  const unused = write.all<{ rid: number; share: string }>(
    `SELECT b.rid, s.id AS share FROM blob b JOIN share s ON s.rid = b.share
     WHERE b.time_created <= ? AND NOT EXISTS (SELECT 1 FROM blob_use u WHERE u.blob = b.rid) LIMIT ?`,
    write.now - UNUSED_BLOB_MS,
    SWEEP_ROWS,
  );
  for (const { rid, share } of unused) dropUnusedBlobs(write, findShare(write, share) as ShareRow, [rid]);
  count += stale.length + unused.length;
  count += write.run(
    "DELETE FROM audit WHERE rid IN (SELECT rid FROM audit WHERE last <= ? LIMIT ?)",
    write.now - AUDIT_MS,
    SWEEP_ROWS,
  );
  count += trimReads(write) + trimRemovals(write);
  return count;
}

/** Writes down which grants have expired, so that a clock set back does not revive them. */
export function expireGrants(write: Write): number {
  const shares = write.all<{ id: string }>(
    `SELECT DISTINCT s.id FROM ref_grant g JOIN share s ON s.rid = g.share
     WHERE g.expires_at IS NOT NULL AND g.expired_at IS NULL AND g.expires_at <= ?`,
    write.now,
  );
  if (shares.length === 0) return 0;
  const count = write.run(
    "UPDATE ref_grant SET expired_at = ? WHERE expires_at IS NOT NULL AND expired_at IS NULL AND expires_at <= ?",
    write.now,
    write.now,
  );
  for (const { id } of shares) write.emit({ kind: "access", shareId: id });
  return count;
}

function trimReads(write: Write): number {
  const full = write.all<{ share: number; n: number }>(
    `SELECT share, count(*) AS n FROM audit WHERE hour IS NOT NULL GROUP BY share HAVING n > ${READ_ROWS}`,
  );
  let count = 0;
  for (const { share, n } of full)
    count += write.run(
      "DELETE FROM audit WHERE rid IN (SELECT rid FROM audit WHERE share = ? AND hour IS NOT NULL ORDER BY rid LIMIT ?)",
      share,
      n - READ_ROWS,
    );
  return count;
}

/** A reader that has not heard of what is forgotten here reads the state anew. */
function trimRemovals(write: Write): number {
  const full = write.all<{ share: number; n: number }>(
    `SELECT share, count(*) AS n FROM removal GROUP BY share HAVING n > ${REMOVALS}`,
  );
  let count = 0;
  for (const { share, n } of full) {
    const last = write.get<{ seq: number }>(
      "SELECT seq FROM removal WHERE share = ? ORDER BY seq LIMIT 1 OFFSET ?",
      share,
      n - REMOVALS - 1,
    );
    if (last === undefined) continue;
    count += write.run("DELETE FROM removal WHERE share = ? AND seq <= ?", share, last.seq);
    write.run("UPDATE share SET trimmed_seq = ? WHERE rid = ?", last.seq, share);
  }
  return count;
}

/** What grants did in an hour: reads, and what was refused (S-16). */
export function noteUses(write: Write, { uses }: { uses: readonly HourOfUse[] }): void {
  for (const use of uses) {
    auditHour(write, use);
    if (use.ref !== null && use.action !== REFUSED)
      write.run(
        "UPDATE ref_grant SET time_used = ? WHERE share = ? AND id = ?",
        use.last,
        use.shareRid,
        use.ref,
      );
  }
}

/** A read of a ref whose uses are counted. Throws REF_NOT_VALID where it was the last one's. */
export function countReader(write: Write, { shareId, by }: { shareId: string; by: By }): void {
  const { line } = admit(write, write.now, { shareId, by, access: "read" });
  countRead(write, line, by.peer);
}

/**
 * After a restore (S-24): the store gets a new name, which hides every share until it is confirmed. What an owner's ref gave on to others, and others to
 * others, ends: nobody is left who could say which of them were revoked since.
 */
export function renewStore(write: Write): string {
  const storeId = newId("ins", write.now).slice("ins_".length);
  write.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('store_id', ?)", storeId);
  write.run(
    `UPDATE ref_grant SET revoked_at = ?, revoked_reason = 'restored'
     WHERE revoked_at IS NULL AND (parent IS NULL AND root IS NOT NULL OR parent IN (SELECT rid FROM ref_grant WHERE root IS NOT NULL))`,
    write.now,
  );
  return storeId;
}
