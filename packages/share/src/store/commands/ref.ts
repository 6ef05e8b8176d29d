/** Refs below the publisher's (S-13, S-15, S-25). */
import { HoldfastError } from "@holdfast/kernel";
import type { ShareArgs, ShareId, ShareResult } from "@holdfast/protocol";
import { admit, type By, lineOf, requireUsesLeft } from "../access.ts";
import { auditWrite } from "../audit.ts";
import { allowedBelow, countWrite, grantById, putGrant, requireShortLine, toGrant } from "../grants.ts";
import type { GrantRow, ShareRow } from "../share-row.ts";
import type { Write } from "../sql.ts";

type Target = { shareId: ShareId; by: By };

export function attenuate(
  write: Write,
  { shareId, by, args }: Target & { args: ShareArgs<"attenuate"> },
): ShareResult<"attenuate"> {
  const { share, line } = admit(write, write.now, { shareId, by, access: "share", anyUses: true });
  const parent = line[0] as GrantRow;
  const { rights, caveats } = allowedBelow(parent, { rights: args.rights, caveats: args.caveats ?? {} });
  requireShortLine(line);
  const isNew = grantById(write, share, args.refId) === undefined;
  if (isNew) requireUsesLeft(write, line, { peer: by.peer, now: write.now });
  const made = putGrant(write, share, {
    refId: args.refId,
    secretHash: args.secretHash,
    rights,
    caveats,
    label: args.label ?? "",
    parent,
  });
  if (made.parent !== parent.rid)
    throw new HoldfastError("CONFLICT", `The ref ${args.refId} comes from another one.`);
  if (isNew) {
    countWrite(write, line);
    auditWrite(write, { share, by, grant: parent, action: "attenuate" }, args.refId);
  }
  return { ref: toGrant(write, share, made, write.now) };
}

/** With `share` the caller's own and those below it, with `admin` any of the share. Ends what comes from it at once. */
export function revokeCapability(
  write: Write,
  { shareId, by, args }: Target & { args: ShareArgs<"revokeCapability"> },
): ShareResult<"revokeCapability"> {
  const { share, line } = admit(write, write.now, {
    shareId,
    by,
    access: ["share", "admin"],
    keyMay: true,
    anyUses: true,
  });
  const grant = grantById(write, share, args.refId);
  if (grant === undefined || !mayRevoke(write, share, line, grant))
    throw new HoldfastError("NOT_FOUND", `The caller has no ref ${args.refId} below its own.`);
  if (grant.revoked_at === null) {
    requireUsesLeft(write, line, { peer: by.peer, now: write.now });
    write.run(
      "UPDATE ref_grant SET revoked_at = ?, revoked_by = ?, revoked_reason = ? WHERE rid = ?",
      write.now,
      line[0]?.id ?? null,
      args.reason ?? null,
      grant.rid,
    );
    countWrite(write, line);
    auditWrite(write, { share, by, grant: line[0], action: "revokeCapability" }, args.refId);
    write.emit({ kind: "access", shareId });
  }
  return { ref: toGrant(write, share, grantById(write, share, args.refId) as GrantRow, write.now) };
}

function mayRevoke(write: Write, share: ShareRow, line: readonly GrantRow[], grant: GrantRow): boolean {
  const [own] = line;
  if (own === undefined || own.rights.includes('"admin"')) return true;
  return lineOf(write, share.rid, grant.hash).some(({ rid }) => rid === own.rid);
}
