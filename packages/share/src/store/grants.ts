/** Grants of a share as rows: made, narrowed, counted, shown to their owner. */
import { HoldfastError } from "@holdfast/kernel";
import {
  type Caveats,
  type Grant,
  narrowed,
  type RefId,
  type Right,
  unenforceable,
} from "@holdfast/protocol";
import { countedOf, dayOf, endOf, LINE_LENGTH, onlyReads } from "./access.ts";
import { caveatsOf, type GrantRow, rightsOf, type ShareRow } from "./share-row.ts";
import { countOf, type Sql, type Write } from "./sql.ts";

/** Rights that a grant on a share may have; the others need a live session (S-14). */
export const SHARE_RIGHTS: readonly Right[] = ["read", "comment", "share", "admin"];
/** Grants of one share at most, those that ended too. */
const GRANTS = 10_000;

export type NewGrant = {
  refId: RefId;
  secretHash: string;
  rights: readonly Right[];
  caveats: Caveats;
  label: string;
  parent?: GrantRow | undefined;
  /** The line that it takes the place of, of a ref that was renewed by who held one: with what is left of its uses. */
  renews?: readonly GrantRow[] | undefined;
};

export const grantById = (sql: Sql, share: ShareRow, id: string): GrantRow | undefined =>
  sql.get<GrantRow>("SELECT * FROM ref_grant WHERE share = ? AND id = ?", share.rid, id);

/** The same grant again is the one that is there (S-25); its id with another secret, or its secret under another id, is a CONFLICT. */
export function putGrant(write: Write, share: ShareRow, grant: NewGrant): GrantRow {
  const known = write.all<GrantRow>(
    "SELECT * FROM ref_grant WHERE share = ? AND (id = ? OR hash = ?)",
    share.rid,
    grant.refId,
    grant.secretHash,
  );
  const [first] = known;
  if (first !== undefined) {
    if (known.length === 1 && first.id === grant.refId && first.hash === grant.secretHash) return first;
    throw new HoldfastError(
      "CONFLICT",
      `The ref ${grant.refId} is there with another secret; choose both anew.`,
    );
  }
  if (countOf(write, "ref_grant WHERE share = ?", share.rid) >= GRANTS)
    throw new HoldfastError("QUOTA_EXCEEDED", `A share has at most ${GRANTS} refs, those that ended too.`);
  write.insert(
    `INSERT INTO ref_grant (id, share, parent, root, hash, rights, caveats, label, epoch, uses, expires_at, time_created)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    grant.refId,
    share.rid,
    grant.parent?.rid ?? null,
    rootOf(grant.parent ?? grant.renews?.[0]),
    grant.secretHash,
    JSON.stringify(grant.rights),
    JSON.stringify(grant.caveats),
    grant.label,
    share.capability_epoch,
    usedUp(grant.renews ?? []),
    grant.caveats.expiresAt ?? null,
    write.now,
  );
  return grantById(write, share, grant.refId) as GrantRow;
}

const rootOf = (above: GrantRow | undefined): number | null => above?.root ?? above?.rid ?? null;

/** What counts as used of the first of a line once the fewest that are left in it are its own. */
function usedUp(line: readonly GrantRow[]): number {
  const most = (grant: GrantRow): number => caveatsOf(grant).maxUses ?? Infinity;
  const [own] = line;
  if (own === undefined || most(own) === Infinity) return 0;
  return most(own) - Math.min(...line.map((grant) => most(grant) - grant.uses));
}

/**
 * What a child below a grant is allowed when this is asked for (S-15): what is not named is inherited. Throws REF_WIDENS where that would be more than its
 * parent may, or what only a live session knows, and CAVEAT_UNENFORCEABLE for a limit that means nothing on its rights.
 */
export function allowedBelow(
  parent: GrantRow,
  asked: { rights: readonly Right[]; caveats: Caveats },
): { rights: Right[]; caveats: Caveats } {
  const result = narrowed({ rights: rightsOf(parent), caveats: caveatsOf(parent) }, asked);
  const widens =
    "widens" in result ? result.widens : result.allowed.rights.find((right) => !SHARE_RIGHTS.includes(right));
  if (widens !== undefined || "widens" in result)
    throw new HoldfastError(
      "REF_WIDENS",
      `${widens} would allow more than ref ${parent.id} does, or than a share knows. Ask for what it has, or less.`,
      { data: { widens } },
    );
  const limit = unenforceable(result.allowed);
  if (limit !== undefined)
    throw new HoldfastError("CAVEAT_UNENFORCEABLE", `${limit} limits approve, which a share does not have.`);
  return result.allowed;
}

/** Throws UNPROCESSABLE for a child of a line that is as long as lines may be. */
export function requireShortLine(line: readonly GrantRow[]): void {
  if (line.length >= LINE_LENGTH)
    throw new HoldfastError("UNPROCESSABLE", `A line of refs has at most ${LINE_LENGTH} of them.`);
}

/** Counts an accepted write for each grant of the line. */
export function countWrite(write: Write, line: readonly GrantRow[]): void {
  for (const grant of line)
    write.run(
      "UPDATE ref_grant SET uses = uses + ?, time_used = ? WHERE rid = ?",
      onlyReads(grant) ? 0 : 1,
      write.now,
      grant.rid,
    );
}

/** Counts a peer and day of who only reads, once, for each grant of the line that has a limit. */
export function countRead(write: Write, line: readonly GrantRow[], peer: string): void {
  const counted = countedOf(write, line, { peer, now: write.now });
  for (const grant of line) {
    if (caveatsOf(grant).maxUses === undefined || !onlyReads(grant) || counted.has(grant.rid)) continue;
    write.insert(
      "INSERT INTO grant_day (ref_grant, peer, day) VALUES (?, ?, ?)",
      grant.rid,
      peer,
      dayOf(write.now),
    );
    write.run("UPDATE ref_grant SET uses = uses + 1 WHERE rid = ?", grant.rid);
  }
}

/** A grant as its owner sees it, with why it ended. */
export function toGrant(sql: Sql, share: ShareRow, row: GrantRow, now: number): Grant {
  const byRid = (rid: number | null): GrantRow | undefined =>
    rid === null ? undefined : sql.get<GrantRow>("SELECT * FROM ref_grant WHERE rid = ?", rid);
  const parent = byRid(row.parent);
  const ended = endOfLine(sql, share, row, now);
  const by = (id: string, label: string): Grant["createdBy"] => ({ id, kind: "ref", label });
  return {
    id: row.id,
    ...(parent === undefined ? {} : { parentId: parent.id }),
    rootId: byRid(row.root)?.id ?? row.id,
    target: { kind: "share", id: share.id },
    rights: rightsOf(row),
    caveats: caveatsOf(row),
    label: row.label,
    epoch: row.epoch,
    createdBy:
      parent === undefined
        ? { id: "publisher", kind: "owner", label: "Publisher" }
        : by(parent.id, parent.label),
    uses: row.uses,
    ...(ended === undefined ? {} : { ended }),
    ...(row.revoked_at === null
      ? {}
      : {
          revoked: {
            at: row.revoked_at,
            by:
              row.revoked_by === null
                ? { id: "system", kind: "system", label: "Service" }
                : by(row.revoked_by, ""),
            ...(row.revoked_reason === null ? {} : { reason: row.revoked_reason }),
          },
        }),
    time: { created: row.time_created, ...(row.time_used === null ? {} : { lastUsed: row.time_used }) },
  };
}

function endOfLine(sql: Sql, share: ShareRow, row: GrantRow, now: number): Grant["ended"] {
  if (share.state !== "live") return "targetGone";
  const own = endOf(row, share, now);
  if (own !== undefined) return own;
  const { maxUses } = caveatsOf(row);
  if (maxUses !== undefined && row.uses >= maxUses) return "exhausted";
  let parent = row.parent;
  for (let depth = 0; parent !== null && depth < LINE_LENGTH; depth += 1) {
    const above = sql.get<GrantRow>("SELECT * FROM ref_grant WHERE rid = ?", parent);
    if (above === undefined) break;
    if (endOf(above, share, now) !== undefined) return "parentRevoked";
    parent = above.parent;
  }
  return undefined;
}
