/** The life of a share on its service (S-2, S-24, S-25, S-32). */
import { HoldfastError } from "@holdfast/kernel";
import type { ServiceShare, ShareArgs, ShareId, ShareResult } from "@holdfast/protocol";
import { admit, type By, isPublishers, lineOf, refNotValid } from "../access.ts";
import { auditWrite } from "../audit.ts";
import { countWrite, grantById, putGrant, SHARE_RIGHTS } from "../grants.ts";
import { purgeShare } from "../purge.ts";
import {
  caveatsOf,
  findShare,
  type GrantRow,
  isExpired,
  rightsOf,
  type ShareRow,
  stateOf,
  toServiceShare,
} from "../share-row.ts";
import { storeIdOf, type Write } from "../sql.ts";

type Target = { shareId: ShareId; by: By };

/**
 * Makes a share with the grants of its publisher, or answers the one that is there with the same. Throws SHARE_GONE for an id that was taken back, CONFLICT
 * for one of others.
 */
export function createShare(
  write: Write,
  { by, args, quota }: { by: By; args: ShareArgs<"createShare">; quota: number },
): ShareResult<"createShare"> {
  const { shareId, title, owner, append, expiresAt } = args;
  const key = by.key;
  if (key === undefined) throw refNotValid();
  const known = findShare(write, shareId);
  if (known !== undefined) return { share: repeated(write, known, key, args) };
  write.insert(
    `INSERT INTO share (id, publish_key, store, state, title, quota, expires_at, time_created, time_updated)
     VALUES (?, ?, ?, 'live', ?, ?, ?, ?, ?)`,
    shareId,
    key,
    storeIdOf(write),
    title,
    quota,
    expiresAt ?? null,
    write.now,
    write.now,
  );
  const share = findShare(write, shareId) as ShareRow;
  putRoots(write, share, { owner, append });
  auditWrite(write, { share, by, action: "createShare" });
  return { share: toServiceShare(write, share, write.now) };
}

/** A create that came again. One whose grants were renewed since is answered all the same: it is the same share of the same key. */
function repeated(write: Write, share: ShareRow, key: string, args: ShareArgs<"createShare">): ServiceShare {
  const isOurs = share.publish_key === key;
  const state = stateOf(write, share, write.now);
  if (isOurs && (state === "revoked" || state === "expired"))
    throw new HoldfastError("SHARE_GONE", `The share ${share.id} is ${state}; make another one.`, {
      data: { state },
    });
  const owner = grantById(write, share, args.owner.refId);
  if (!isOurs || owner?.hash !== args.owner.secretHash)
    throw new HoldfastError(
      "CONFLICT",
      `The share ${share.id} is there and was made by others, or with other secrets.`,
    );
  return toServiceShare(write, share, write.now);
}

type Roots = Pick<ShareArgs<"bumpEpoch">, "owner" | "append">;

function putRoots(write: Write, share: ShareRow, { owner, append }: Roots): void {
  const made = [putGrant(write, share, { ...owner, rights: SHARE_RIGHTS, caveats: {}, label: "Owner" })];
  if (append !== undefined)
    made.push(putGrant(write, share, { ...append, rights: ["append"], caveats: {}, label: "Publisher" }));
  requireEpoch(share, made);
}

/** In the place of a ref that was given on: what it may itself, until when and as often as its line does, and never the publisher's own (S-14, S-15). */
function putRenewed(
  write: Write,
  share: ShareRow,
  { owner, append }: Roots,
  line: readonly [GrantRow, ...GrantRow[]],
): void {
  if (append !== undefined)
    throw new HoldfastError("FORBIDDEN", "Only who publishes a share renews the ref that writes it.");
  const [own] = line;
  const kept = { rights: rightsOf(own), caveats: caveatsOf(own), label: own.label };
  requireEpoch(share, [putGrant(write, share, { ...owner, ...kept, renews: line })]);
}

function requireEpoch(share: ShareRow, made: readonly GrantRow[]): void {
  if (made.some(({ epoch }) => epoch !== share.capability_epoch))
    throw new HoldfastError("CONFLICT", "The ref is one of an earlier epoch; choose a new id and secret.");
}

/**
 * Takes a share back for good: what it held goes, its id stays taken. With a publish key also one that never arrived, so that a create that is still under
 * way finds it gone.
 */
export function revokeShare(
  write: Write,
  { shareId, by, quota }: Target & { quota: number },
): ShareResult<"revokeShare"> {
  const answer = { share: { id: shareId, state: "revoked" as const } };
  if (by.key !== undefined && findShare(write, shareId) === undefined) {
    write.insert(
      `INSERT INTO share (id, publish_key, store, state, title, quota, time_created, time_updated) VALUES (?, ?, ?, 'revoked', '', ?, ?, ?)`,
      shareId,
      by.key,
      storeIdOf(write),
      quota,
      write.now,
      write.now,
    );
    return answer;
  }
  const { share, line } = admit(write, write.now, {
    shareId,
    by,
    access: "admin",
    keyMay: true,
    alsoEnded: true,
  });
  if (share.state === "revoked") return answer;
  purgeShare(write, share);
  write.run(
    "UPDATE share SET state = 'revoked', title = '', time_updated = ? WHERE rid = ?",
    write.now,
    share.rid,
  );
  auditWrite(write, { share, by, grant: line[0], action: "revokeShare" });
  write.emit({ kind: "access", shareId });
  return answer;
}

export function confirmShare(write: Write, { shareId, by }: Target): ShareResult<"confirmShare"> {
  const { share, line } = admit(write, write.now, { shareId, by, access: "append", keyMay: true });
  const store = storeIdOf(write);
  if (share.store !== store) {
    write.run("UPDATE share SET store = ?, time_updated = ? WHERE rid = ?", store, write.now, share.rid);
    auditWrite(write, { share, by, grant: line[0], action: "confirmShare" });
  }
  return { share: toServiceShare(write, { ...share, store }, write.now) };
}

export function updateShare(
  write: Write,
  { shareId, by, args }: Target & { args: ShareArgs<"updateShare"> },
): ShareResult<"updateShare"> {
  const { share, line } = admit(write, write.now, { shareId, by, access: "admin", keyMay: true });
  const title = args.title ?? share.title;
  const expiresAt = args.expiresAt === undefined ? share.expires_at : args.expiresAt;
  write.run(
    "UPDATE share SET title = ?, expires_at = ?, time_updated = ? WHERE rid = ?",
    title,
    expiresAt,
    write.now,
    share.rid,
  );
  countWrite(write, line);
  auditWrite(write, { share, by, grant: line[0], action: "updateShare" });
  // Readers' timers are set anew.
  write.emit({ kind: "access", shareId });
  const changed = findShare(write, shareId) as ShareRow;
  if (isExpired(changed, write.now)) expire(write, changed);
  return { share: toServiceShare(write, findShare(write, shareId) as ShareRow, write.now) };
}

/**
 * Ends every grant of a lower epoch, and makes the new ones, in one transaction (S-13): the publisher's, or for who held a ref with `admin` one that allows what that did. The same call again, with the caller's old secret or the new owner's,
 * answers the same; EPOCH_STALE where the epoch is another one.
 */
export function bumpEpoch(
  write: Write,
  { shareId, by, args }: Target & { args: ShareArgs<"bumpEpoch"> },
): ShareResult<"bumpEpoch"> {
  const known = findShare(write, shareId);
  const owner = known && grantById(write, known, args.owner.refId);
  if (
    known !== undefined &&
    owner?.hash === args.owner.secretHash &&
    owner.epoch === args.from + 1 &&
    known.capability_epoch === args.from + 1 &&
    (by.key === known.publish_key || madeIt(write, known, by, args.from))
  )
    return { capabilityEpoch: known.capability_epoch };
  const { share, line } = admit(write, write.now, { shareId, by, access: "admin", keyMay: true });
  if (share.capability_epoch !== args.from)
    throw new HoldfastError(
      "EPOCH_STALE",
      `The share ${shareId} is at epoch ${share.capability_epoch}, not ${args.from}.`,
      {
        data: { epoch: share.capability_epoch },
      },
    );
  const epoch = args.from + 1;
  write.run(
    "UPDATE share SET capability_epoch = ?, time_updated = ? WHERE rid = ?",
    epoch,
    write.now,
    share.rid,
  );
  countWrite(write, line);
  const renewed = { ...share, capability_epoch: epoch };
  const [own, ...above] = counted(write, share, line);
  if (own === undefined || isPublishers(own)) putRoots(write, renewed, args);
  else putRenewed(write, renewed, args, [own, ...above]);
  auditWrite(write, { share, by, grant: line[0], action: "bumpEpoch" }, String(epoch));
  write.emit({ kind: "access", shareId });
  return { capabilityEpoch: epoch };
}

/** The line with the uses that it has now. */
const counted = (write: Write, share: ShareRow, [own]: readonly GrantRow[]): GrantRow[] =>
  own === undefined ? [] : lineOf(write, share.rid, own.hash);

/** The caller could have made this bump: its grant had `admin` in the epoch before, or is the owner's that came of it. */
function madeIt(write: Write, share: ShareRow, by: By, from: number): boolean {
  const [own] = lineOf(write, share.rid, by.hash ?? "");
  return own !== undefined && own.revoked_at === null && own.epoch >= from && own.rights.includes('"admin"');
}

/** Writes down that a share has expired; what it held goes (S-32). */
export function expireShare(write: Write, { shareId }: { shareId: string }): boolean {
  const share = findShare(write, shareId);
  if (share === undefined || share.state !== "live" || !isExpired(share, write.now)) return false;
  expire(write, share);
  return true;
}

export function expire(write: Write, share: ShareRow): void {
  purgeShare(write, share);
  write.run("UPDATE share SET state = 'expired', time_updated = ? WHERE rid = ?", write.now, share.rid);
  write.emit({ kind: "access", shareId: share.id });
}
