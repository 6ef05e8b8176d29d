/** A share as the older surface gives it, and what a link is of. */
import type { ShareId } from "@holdfast/protocol";
import { kindOf } from "../effect.ts";
import { type ItemRow, wholeData } from "../item.ts";
import { type ShareRow, stateOf } from "../share-row.ts";
import type { Sql } from "../sql.ts";

export type WholeShare = {
  id: ShareId;
  title: string;
  isPublic: boolean;
  time: { created: number; updated: number };
  data: { type: string; data: unknown }[];
};

/** Undefined for a share that there is not, or not any more. */
export function wholeShare(sql: Sql, share: ShareRow | undefined, now: number): WholeShare | undefined {
  if (share === undefined || stateOf(sql, share, now) !== "live") return undefined;
  const items = sql.all<ItemRow>(
    "SELECT * FROM item WHERE stream = ? AND data IS NOT NULL ORDER BY rid",
    share.live,
  );
  return {
    id: share.id,
    title: share.title,
    isPublic: share.is_public === 1,
    time: { created: share.time_created, updated: share.time_updated },
    data: items.map((item) => ({
      type: kindOf(item.key),
      data: JSON.parse(wholeData(sql, item) ?? "null") as unknown,
    })),
  };
}

/** The share that a secret is of; the oldest where there are several. */
export const shareOfRef = (sql: Sql, hash: string): string | undefined =>
  sql.get<{ id: string }>(
    "SELECT s.id FROM ref_grant g JOIN share s ON s.rid = g.share WHERE g.hash = ? ORDER BY g.rid LIMIT 1",
    hash,
  )?.id;
