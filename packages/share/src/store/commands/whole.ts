/** The older way of writing a share (S-10): whole rows, in any order, the last one wins, nothing is removed. */
import { HoldfastError } from "@holdfast/kernel";
import type { RefId, ShareId, ShareResult } from "@holdfast/protocol";
import { admit, type By, refNotValid } from "../access.ts";
import { apply, omit, settle, type Target } from "../apply.ts";
import { auditOften, auditWrite } from "../audit.ts";
import type { PreparedRow } from "../effect.ts";
import { countWrite, putGrant, SHARE_RIGHTS } from "../grants.ts";
import { findItem } from "../item.ts";
import { EventLog } from "../note.ts";
import { findShare, type ShareRow } from "../share-row.ts";
import { storeIdOf, type Write } from "../sql.ts";
import { requireBlobs, requireQuota } from "./require.ts";
import { stageStream } from "./stream.ts";

/** Whoever writes by whole state needs one secret for writing and for taking back. */
const WHOLE_RIGHTS = [...SHARE_RIGHTS, "append"] as const;

export type NewWholeShare = {
  shareId: ShareId;
  by: By;
  refId: RefId;
  secretHash: string;
  isPublic: boolean;
  quota: number;
};

export function createWholeShare(write: Write, made: NewWholeShare): void {
  const { shareId, by } = made;
  if (by.key === undefined) throw refNotValid();
  write.insert(
    `INSERT INTO share (id, publish_key, store, state, mode, is_public, title, quota, time_created, time_updated)
     VALUES (?, ?, ?, 'live', 'none', ?, '', ?, ?, ?)`,
    shareId,
    by.key,
    storeIdOf(write),
    made.isPublic ? 1 : 0,
    made.quota,
    write.now,
    write.now,
  );
  const share = findShare(write, shareId) as ShareRow;
  putGrant(write, share, {
    refId: made.refId,
    secretHash: made.secretHash,
    rights: WHOLE_RIGHTS,
    caveats: {},
    label: "Publisher",
  });
  auditWrite(write, { share, by, action: "createShare" });
}

/** `streamId` is taken for the first write. Throws SHARE_MODE for a share that is written by operations. */
export function syncShare(
  write: Write,
  asked: {
    shareId: ShareId;
    by: By;
    rows: readonly PreparedRow[];
    title: string | undefined;
    streamId: string;
  },
): ShareResult<"syncShare"> {
  const { shareId, by, rows, title, streamId } = asked;
  const { share, line } = admit(write, write.now, { shareId, by, access: "append" });
  if (share.mode === "ops" || (share.mode === "none" && share.staged !== null))
    throw new HoldfastError("SHARE_MODE", `The share ${shareId} is written by operations.`);
  const target: Target = {
    share,
    stream: share.live ?? firstStream(write, share, streamId),
    log: new EventLog(share.id, share.last_seq, write.now),
    bytes: 0,
    givenUp: [],
  };
  requireBlobs(write, share, new Set(rows.flatMap(({ effect }) => effect.blobs.map(({ hash }) => hash))));
  for (const row of rows) putWhole(write, target, row);
  write.run("UPDATE share SET mode = 'whole', title = ? WHERE rid = ?", title ?? share.title, share.rid);
  settle(write, target);
  requireQuota(write, share);
  countWrite(write, line);
  auditOften(write, { share, by, grant: line[0], action: "syncShare" });
  return { seq: target.log?.last ?? share.last_seq };
}

function firstStream(write: Write, share: ShareRow, id: string): number {
  const rid = stageStream(write, share, id);
  write.run("UPDATE share SET live = ?, staged = NULL WHERE rid = ?", rid, share.rid);
  return rid;
}

/** A part may come before its message: what it belongs to is kept as not shown until it is there. */
function putWhole(write: Write, target: Target, { key, hash, effect }: PreparedRow): void {
  const { parent } = effect;
  const messageKey = `message:${parent}`;
  if (parent !== undefined && findItem(write, target.stream, messageKey) === undefined)
    omit(write, target, undefined, {
      key: messageKey,
      hash: "",
      effect: { does: "omit", reason: "withheld" },
    });
  apply(write, target, { key, hash, effect });
}
