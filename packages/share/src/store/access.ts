/**
 * Who may do what with a share (S-13 to S-16): looked at by the service before a call, and again inside the transaction of each write, so that nothing
 * slips between a revocation and its effect.
 *
 * To strangers every secret that does not work is the same: the same statements are run for all of them, whatever is there, and one answer is given. Who
 * holds what the publisher was given or the publish key is told that the share is gone.
 */
import { HoldfastError } from "@holdfast/kernel";
import type { MethodAccess, Right } from "@holdfast/protocol";
import {
  caveatsOf,
  findShare,
  type GrantRow,
  isExpired,
  rightsOf,
  type ShareRow,
  stateIn,
} from "./share-row.ts";
import { type Sql, storeIdOf } from "./sql.ts";

/** Who calls, by hashes: of a publish key that this service knows, or of a secret. */
export type By = { key?: string | undefined; hash?: string | undefined; peer: string };

/** `line` is the caller's grant and those it comes from, its own first; none for a publish key. */
export type Admitted = { share: ShareRow; line: GrantRow[] };

export type Asked = {
  shareId: string;
  by: By;
  /** Of several rights one is enough. */
  access: Exclude<MethodAccess, "publishKey"> | readonly Right[];
  /** The publish key that the share was made with may do it too. */
  keyMay?: boolean;
  /** What works on a share that has ended, for its publisher. */
  alsoEnded?: boolean;
  /** Uses are not looked at: the caller was let in before and stays, or the act looks at them once it knows that it is no repetition. */
  anyUses?: boolean;
};

/** Most grants in a line, from the root on. */
export const LINE_LENGTH = 16;

const LINE = `WITH RECURSIVE line (rid, parent, depth) AS (
  SELECT rid, parent, 0 FROM ref_grant WHERE share = ? AND hash = ?
  UNION ALL SELECT up.rid, up.parent, depth + 1 FROM line JOIN ref_grant up ON up.rid = line.parent WHERE depth < ${LINE_LENGTH}
) SELECT g.* FROM line JOIN ref_grant g ON g.rid = line.rid ORDER BY line.depth`;

/** The one answer to every secret that does not work (S-15). */
export const refNotValid = (): HoldfastError =>
  new HoldfastError(
    "REF_NOT_VALID",
    "This ref does not work, or does not work any more. Ask its owner for a new one.",
  );

const gone = (share: ShareRow, state: string): HoldfastError =>
  new HoldfastError(
    "SHARE_GONE",
    `The share ${share.id} is ${state}; nothing can be done with it any more.`,
    {
      data: { state },
    },
  );

/** The caller's grant and those above it, whatever has become of them. */
export const lineOf = (sql: Sql, shareRid: number, hash: string): GrantRow[] =>
  sql.all<GrantRow>(LINE, shareRid, hash);

/** Admits a caller to an act. Throws REF_NOT_VALID, SHARE_GONE (to the publisher alone) or FORBIDDEN. */
export function admit(sql: Sql, now: number, asked: Asked): Admitted {
  const { by, access } = asked;
  const share = findShare(sql, asked.shareId);
  // All of them for a share that there is not, too: what is there shows by no time that it takes (S-15).
  const line = lineOf(sql, share?.rid ?? 0, by.hash ?? "");
  const storeId = storeIdOf(sql);
  const used = exhausted(sql, line, { peer: by.peer, now });
  const [own] = line;
  const isKey = by.key !== undefined && by.key === share?.publish_key;
  if (share === undefined || (!isKey && own === undefined)) throw refNotValid();
  const isPublisher = isKey || (own !== undefined && isPublishers(own));
  const state = stateIn(share, storeId, now);
  if (state !== "live" && !isPublisher) throw refNotValid();
  if ((state === "revoked" || state === "expired") && asked.alsoEnded !== true) throw gone(share, state);
  if (isKey) {
    if (asked.keyMay === true) return { share, line: [] };
    throw new HoldfastError("FORBIDDEN", "A publish key may not do this; it needs a ref of the share.");
  }
  const hasEnded = line.some((grant) => endOf(grant, share, now) !== undefined);
  if (own === undefined || hasEnded) throw refNotValid();
  if (asked.anyUses !== true && used !== undefined) throw refNotValid();
  const wanted = access === "anyone" ? [] : [access].flat();
  if (wanted.length > 0 && !wanted.some((right) => mayDo(own, right)))
    throw new HoldfastError(
      "FORBIDDEN",
      `This ref may not do that: it lacks the right ${wanted.join(" or ")}.`,
    );
  return { share, line };
}

/** What a share was made with, or its publisher renewed: it has no parent, and comes of no line. */
export const isPublishers = ({ parent, root }: GrantRow): boolean => parent === null && root === null;

/** Throws REF_NOT_VALID for a line of which a grant has no use left. */
export function requireUsesLeft(
  sql: Sql,
  line: readonly GrantRow[],
  where: { peer: string; now: number },
): void {
  if (exhausted(sql, line, where) !== undefined) throw refNotValid();
}

/** Every right but `append` includes `read`. */
function mayDo(grant: GrantRow, right: Right): boolean {
  const rights = rightsOf(grant);
  return rights.includes(right) || (right === "read" && rights.some((one) => one !== "append"));
}

/** Why a grant by itself no longer works, beside its uses. */
export function endOf(
  grant: GrantRow,
  share: ShareRow,
  now: number,
): "revoked" | "expired" | "epoch" | undefined {
  if (grant.revoked_at !== null) return "revoked";
  if (grant.expired_at !== null || (grant.expires_at !== null && grant.expires_at <= now)) return "expired";
  return grant.epoch < share.capability_epoch ? "epoch" : undefined;
}

/** The grant of a line that has no use left. For who only reads, a peer and day that were counted go on. One statement for every line, also an empty one. */
function exhausted(
  sql: Sql,
  line: readonly GrantRow[],
  where: { peer: string; now: number },
): GrantRow | undefined {
  const counted = countedOf(sql, line, where);
  return line.find((grant) => {
    const { maxUses } = caveatsOf(grant);
    return maxUses !== undefined && grant.uses >= maxUses && !counted.has(grant.rid);
  });
}

const DAY_MS = 86_400_000;
export const dayOf = (now: number): number => Math.floor(now / DAY_MS);

/** Those of a line that only read, and that counted this peer today. */
export function countedOf(
  sql: Sql,
  line: readonly GrantRow[],
  { peer, now }: { peer: string; now: number },
): ReadonlySet<number> {
  const rows = sql.all<{ rid: number }>(
    "SELECT ref_grant AS rid FROM grant_day WHERE ref_grant IN (SELECT value FROM json_each(?)) AND peer = ? AND day = ?",
    JSON.stringify(line.filter(onlyReads).map(({ rid }) => rid)),
    peer,
    dayOf(now),
  );
  return new Set(rows.map(({ rid }) => rid));
}

/** Its uses are peers and days, not writes (S-16). */
export const onlyReads = (grant: GrantRow): boolean => rightsOf(grant).every((right) => right === "read");

/** What of a share is due and not written down (S-32): it itself, or refs of it. The same statements for a share that there is not. */
export function dueOf(sql: Sql, shareId: string, now: number): "share" | "grants" | undefined {
  const share = findShare(sql, shareId);
  const grant = sql.get(
    "SELECT 1 FROM ref_grant WHERE share = ? AND expires_at IS NOT NULL AND expired_at IS NULL AND expires_at <= ? LIMIT 1",
    share?.rid ?? 0,
    now,
  );
  if (share === undefined || share.state !== "live") return undefined;
  if (isExpired(share, now)) return "share";
  return grant === undefined ? undefined : "grants";
}
