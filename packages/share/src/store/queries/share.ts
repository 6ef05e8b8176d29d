/** What publishers and owners see: shares of a key, grants, the audit, where a stream is. */
import type { ShareArgs, ShareHello, ShareResult } from "@holdfast/protocol";
import { type Admitted, type By, lineOf } from "../access.ts";
import { type AuditRow, toAuditEntry } from "../audit.ts";
import { toGrant } from "../grants.ts";
import {
  caveatsOf,
  findShare,
  type GrantRow,
  rightsOf,
  type ShareRow,
  stateOf,
  streamOf,
  type StreamRow,
  toServiceShare,
} from "../share-row.ts";
import { type Sql, storeIdOf } from "../sql.ts";
import { countCursor, limitOf, pageOf } from "./page.ts";
import { shareOfRef } from "./whole.ts";

/** Pages of others' refs that one answer passes over. */
const PASSED_PAGES = 50;

/** What is there or was, made with one key, newest first. */
export function listShares(
  sql: Sql,
  { key, args, now }: { key: string; args: ShareArgs<"listShares">; now: number },
): ShareResult<"listShares"> {
  const limit = limitOf(args.limit);
  const rows = sql.all<ShareRow>(
    "SELECT * FROM share WHERE publish_key = ? AND rid < ? ORDER BY rid DESC LIMIT ?",
    key,
    countCursor(args.before),
    limit + 1,
  );
  return pageOf(rows, limit, (share) => toServiceShare(sql, share, now));
}

export function redeemed(sql: Sql, { share, line }: Admitted): ShareResult<"redeemShare"> {
  const own = line[0] as GrantRow;
  const live = streamOf(sql, share.live);
  return {
    shareId: share.id,
    refId: own.id,
    title: share.title,
    rights: rightsOf(own),
    caveats: caveatsOf(own),
    capabilityEpoch: share.capability_epoch,
    ...(live === undefined ? {} : { stream: live.id as NonNullable<ShareHello["live"]>["stream"] }),
    cursor: live?.cursor ?? 0,
  };
}

/** Where the streams of a share are, also of one that has ended. */
export function helloOf(sql: Sql, share: ShareRow, now: number): ShareHello {
  const place = (stream: StreamRow | undefined) =>
    stream && {
      stream: stream.id as NonNullable<ShareHello["live"]>["stream"],
      cursor: stream.cursor,
      chain: stream.chain,
    };
  const live = place(streamOf(sql, share.live));
  const staged = place(streamOf(sql, share.staged));
  return {
    storeId: storeIdOf(sql),
    state: stateOf(sql, share, now),
    capabilityEpoch: share.capability_epoch,
    writerEpoch: share.writer_epoch,
    ...(live === undefined ? {} : { live }),
    ...(staged === undefined ? {} : { staged }),
    time: now,
  };
}

/** Where the audit counts what was refused: the share, and the ref whose secret it was, whatever became of it. Undefined for a share that there is not. */
export function refusedUse(
  sql: Sql,
  shareId: string | undefined,
  by: By,
): { shareRid: number; ref: string | null } | undefined {
  const share = findShare(sql, shareId ?? shareOfRef(sql, by.hash ?? "") ?? "");
  // For a share that there is not, too (S-15).
  const [own] = lineOf(sql, share?.rid ?? 0, by.hash ?? "");
  return share && { shareRid: share.rid, ref: own?.id ?? null };
}

/** With `admin` every ref of the share, else the caller's own and those below it. */
export function listRefs(
  sql: Sql,
  { share, line }: Admitted,
  { now, args }: { now: number; args: ShareArgs<"listRefs"> },
): ShareResult<"listRefs"> {
  const [own] = line;
  const seesAll = own === undefined || rightsOf(own).includes("admin");
  const limit = limitOf(args.limit);
  const isOurs = (grant: GrantRow): boolean =>
    seesAll || lineOf(sql, share.rid, grant.hash).some(({ rid }) => rid === own.rid);
  const items: GrantRow[] = [];
  let at = countCursor(args.before);
  let hasMore = true;
  for (let pages = 0; pages < PASSED_PAGES && hasMore && items.length < limit; pages += 1) {
    const rows = sql.all<GrantRow>(
      "SELECT * FROM ref_grant WHERE share = ? AND rid < ? ORDER BY rid DESC LIMIT ?",
      share.rid,
      at,
      limit + 1,
    );
    hasMore = rows.length > limit;
    for (const grant of rows.slice(0, limit)) {
      if (items.length === limit) {
        hasMore = true;
        break;
      }
      at = grant.rid;
      if (isOurs(grant)) items.push(grant);
    }
  }
  return {
    items: items.map((grant) => toGrant(sql, share, grant, now)),
    ...(hasMore ? { next: String(at) } : {}),
  };
}

/** Newest first. */
export function readAudit(sql: Sql, share: ShareRow, args: ShareArgs<"readAudit">): ShareResult<"readAudit"> {
  const limit = limitOf(args.limit);
  const rows = sql.all<AuditRow>(
    "SELECT * FROM audit WHERE share = ? AND rid < ? AND (? IS NULL OR ref = ?) ORDER BY rid DESC LIMIT ?",
    share.rid,
    countCursor(args.before),
    args.refId ?? null,
    args.refId ?? null,
    limit + 1,
  );
  return pageOf(rows, limit, toAuditEntry);
}
