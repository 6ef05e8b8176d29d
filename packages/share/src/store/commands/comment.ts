import { HoldfastError } from "@holdfast/kernel";
import type { ShareArgs, ShareId, ShareResult } from "@holdfast/protocol";
import { admit, type By, requireUsesLeft } from "../access.ts";
import { auditWrite } from "../audit.ts";
import { type CommentRow, toComment } from "../comment-row.ts";
import { countWrite } from "../grants.ts";
import { findItem } from "../item.ts";
import { EventLog } from "../note.ts";
import type { GrantRow } from "../share-row.ts";
import { dropSnapshot } from "../snapshot.ts";
import { countOf, type Write } from "../sql.ts";
import { requireQuota } from "./require.ts";

/** Comments of one share at most. */
const COMMENTS = 10_000;

/** Idempotent by its id; the same id with another text is a CONFLICT. NOT_FOUND where the message or the change is not there. */
export function comment(
  write: Write,
  { shareId, by, args }: { shareId: ShareId; by: By; args: ShareArgs<"comment"> },
): ShareResult<"comment"> {
  const { share, line } = admit(write, write.now, { shareId, by, access: "comment", anyUses: true });
  const grant = line[0] as GrantRow;
  const find = (): CommentRow | undefined =>
    write.get<CommentRow>("SELECT * FROM comment WHERE share = ? AND id = ?", share.rid, args.id);
  const known = find();
  if (known !== undefined) {
    if (known.text === args.text && known.target === args.on && known.ref === grant.id)
      return toComment(known);
    throw new HoldfastError("CONFLICT", `The comment ${args.id} is there with another text.`);
  }
  requireUsesLeft(write, line, { peer: by.peer, now: write.now });
  const key = `${args.on.startsWith("msg_") ? "message" : "change"}:${args.on}`;
  if (share.live === null || findItem(write, share.live, key) === undefined)
    throw new HoldfastError("NOT_FOUND", `The share ${shareId} has no ${args.on}.`);
  if (countOf(write, "comment WHERE share = ?", share.rid) >= COMMENTS)
    throw new HoldfastError("QUOTA_EXCEEDED", `A share has at most ${COMMENTS} comments.`);
  const log = new EventLog(share.id, share.last_seq, write.now);
  write.insert(
    "INSERT INTO comment (share, id, target, text, ref, label, seq, time_created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    share.rid,
    args.id,
    args.on,
    args.text,
    grant.id,
    grant.label,
    share.last_seq + 1,
    write.now,
  );
  const made = toComment(find() as CommentRow);
  log.add("comment.created", JSON.stringify({ comment: made }));
  write.run(
    "UPDATE share SET last_seq = ?, other_bytes = other_bytes + ? WHERE rid = ?",
    log.last,
    args.text.length,
    share.rid,
  );
  requireQuota(write, share);
  countWrite(write, line);
  auditWrite(write, { share, by, grant, action: "comment" }, args.id);
  dropSnapshot(write, share);
  for (const note of log.notes()) write.emit(note);
  return made;
}
