import type { Caveats, RefId, Right, ServiceShare, ShareId } from "@holdfast/protocol";
import { type Sql, storeIdOf } from "./sql.ts";

export type ShareRow = {
  rid: number;
  id: ShareId;
  publish_key: string;
  store: string;
  state: "live" | "expired" | "revoked";
  mode: "none" | "ops" | "whole";
  is_public: number;
  title: string;
  capability_epoch: number;
  writer_epoch: number;
  writer_nonce: string | null;
  live: number | null;
  staged: number | null;
  last_seq: number;
  trimmed_seq: number;
  other_bytes: number;
  quota: number;
  expires_at: number | null;
  time_created: number;
  time_updated: number;
};

export type GrantRow = {
  rid: number;
  id: RefId;
  share: number;
  parent: number | null;
  root: number | null;
  hash: string;
  rights: string;
  caveats: string;
  label: string;
  epoch: number;
  uses: number;
  expires_at: number | null;
  expired_at: number | null;
  revoked_at: number | null;
  revoked_by: string | null;
  revoked_reason: string | null;
  time_created: number;
  time_used: number | null;
};

export type StreamRow = {
  rid: number;
  id: string;
  share: number;
  cursor: number;
  chain: string;
  forgotten: number;
  bytes: number;
};

export const findShare = (sql: Sql, id: string): ShareRow | undefined =>
  sql.get<ShareRow>("SELECT * FROM share WHERE id = ?", id);

export const streamOf = (sql: Sql, rid: number | null): StreamRow | undefined =>
  rid === null ? undefined : sql.get<StreamRow>("SELECT * FROM stream WHERE rid = ?", rid);

/** Rows, blobs and comments of a share, in bytes. */
export function bytesOf(sql: Sql, share: ShareRow): number {
  const streams = sql.get<{ n: number | null }>(
    "SELECT sum(bytes) AS n FROM stream WHERE share = ?",
    share.rid,
  );
  return share.other_bytes + (streams?.n ?? 0);
}

/** A share that is due is expired, whether or not that is written down yet. */
export const isExpired = (share: ShareRow, now: number): boolean =>
  share.state === "expired" || (share.expires_at !== null && share.expires_at <= now);

/** The state as it is told: hidden until it is confirmed for this store (S-24). */
export function stateIn(share: ShareRow, storeId: string, now: number): ServiceShare["state"] {
  if (share.state === "revoked") return "revoked";
  if (isExpired(share, now)) return "expired";
  return share.store === storeId ? "live" : "hidden";
}

export const stateOf = (sql: Sql, share: ShareRow, now: number): ServiceShare["state"] =>
  stateIn(share, storeIdOf(sql), now);

/** `viewers` is known to the service alone, which fills it in. */
export function toServiceShare(sql: Sql, share: ShareRow, now: number): ServiceShare {
  return {
    id: share.id,
    title: share.title,
    state: stateOf(sql, share, now),
    mode: share.mode,
    capabilityEpoch: share.capability_epoch,
    ...(share.expires_at === null ? {} : { expiresAt: share.expires_at }),
    bytes: bytesOf(sql, share),
    quota: share.quota,
    viewers: 0,
    time: { created: share.time_created, updated: share.time_updated },
  };
}

export const rightsOf = (grant: GrantRow): Right[] => JSON.parse(grant.rights) as Right[];
export const caveatsOf = (grant: GrantRow): Caveats => JSON.parse(grant.caveats) as Caveats;
