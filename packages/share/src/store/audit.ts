/** The audit of a share (S-16): a write has a row in its transaction, reads and appends one per grant, peer and hour. */
import type { AuditEntry } from "@holdfast/protocol";
import type { By } from "./access.ts";
import type { GrantRow, ShareRow } from "./share-row.ts";
import type { Write } from "./sql.ts";

const HOUR_MS = 3_600_000;
export const hourOf = (now: number): number => Math.floor(now / HOUR_MS);

/** Characters of an address that are kept. */
const PEER_LENGTH = 128;
const DETAIL_LENGTH = 256;

export type Use = { share: ShareRow; by: By; grant?: GrantRow | undefined; action: string };

/** One row for one act. */
export function auditWrite(write: Write, use: Use, detail?: string): void {
  write.insert(
    "INSERT INTO audit (share, ref, action, peer, first, last, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
    use.share.rid,
    use.grant?.id ?? null,
    use.action,
    use.by.peer.slice(0, PEER_LENGTH),
    write.now,
    write.now,
    detail?.slice(0, DETAIL_LENGTH) ?? null,
  );
}

/** The action of what was refused: a secret that does not work, or one that lacks the right. */
export const REFUSED = "refused";

export type HourOfUse = {
  shareRid: number;
  ref: string | null;
  action: string;
  peer: string;
  count: number;
  first: number;
  last: number;
};

/** One row for what a grant did from one address in an hour. */
export function auditHour(write: Write, use: HourOfUse): void {
  write.run(
    `INSERT INTO audit (share, ref, action, peer, hour, count, first, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (share, coalesce(ref, ''), action, peer, hour) WHERE hour IS NOT NULL
     DO UPDATE SET count = count + excluded.count, last = max(last, excluded.last), first = min(first, excluded.first)`,
    use.shareRid,
    use.ref,
    use.action,
    use.peer.slice(0, PEER_LENGTH),
    hourOf(use.last),
    use.count,
    use.first,
    use.last,
  );
}

/** A row an hour for what a grant does again and again. */
export function auditOften(write: Write, { share, by, grant, action }: Use): void {
  const ref = grant?.id ?? null;
  const { now } = write;
  auditHour(write, { shareRid: share.rid, ref, action, peer: by.peer, count: 1, first: now, last: now });
}

export type AuditRow = {
  rid: number;
  ref: string | null;
  action: string;
  peer: string;
  count: number;
  first: number;
  last: number;
  detail: string | null;
};

export function toAuditEntry(row: AuditRow): AuditEntry {
  const { ref, action, peer, count, first, last, detail } = row;
  return {
    ...(ref === null ? {} : { refId: ref as NonNullable<AuditEntry["refId"]> }),
    action,
    peer,
    count,
    first,
    last,
    ...(detail === null ? {} : { detail }),
  };
}
