import { HoldfastError, notFound } from "@holdfast/kernel";
import type { CommentId, SessionComment } from "@holdfast/protocol";
import type { Applied, RefCommands } from "../../port.ts";
import { announceComment } from "../announce.ts";
import { type Log, openLog } from "../log.ts";
import { recordKey, replayed } from "../replay-key.ts";
import { type CommentRow, SELECT_COMMENT, toComment } from "../rows/index.ts";
import { countOf, type Write } from "../sql.ts";

/** Comments of one session. */
const MOST_COMMENTS = 10_000;

type Made = { commentId: CommentId };

export function addComment(
  write: Write,
  command: Parameters<RefCommands["addComment"]>[0],
): Applied<SessionComment> {
  const made = replayed<Made>(write, command.idempotency);
  const id = made?.commentId ?? command.commentId;
  const known = write.get<CommentRow>(`${SELECT_COMMENT} WHERE c.id = ?`, id);
  if (known !== undefined) {
    const comment = toComment(write, known);
    if (made === undefined) requireSame(comment, command);
    return { value: comment, replayed: true };
  }
  const log = openLog(write, command.sessionId, command.actor, "upkeep");
  requireSubject(log, command.on);
  if (countOf(write, "comment WHERE session = ?", log.session.rid) >= MOST_COMMENTS)
    throw new HoldfastError(
      "RATE_LIMITED",
      `Session ${command.sessionId} has ${MOST_COMMENTS} comments, the most it takes.`,
    );
  const rid = write.insert(
    "INSERT INTO comment (id, session, subject, text, actor, time_created, event_seq) VALUES (?, ?, ?, ?, ?, ?, 0)",
    id,
    log.session.rid,
    command.on,
    command.text,
    log.actorRid,
    write.now,
  );
  const value = announceComment(log, rid);
  recordKey(write, command.idempotency, { commentId: command.commentId } satisfies Made, log.session.rid);
  return { value, replayed: false };
}

function requireSame(comment: SessionComment, asked: Parameters<RefCommands["addComment"]>[0]): void {
  const isSame =
    comment.sessionId === asked.sessionId &&
    comment.on === asked.on &&
    comment.text === asked.text &&
    comment.actor.id === asked.actor.id;
  if (!isSame) throw new HoldfastError("CONFLICT", `Another comment has the id ${comment.id}.`);
}

/** What is commented on is a message of the session, or a pending change that it alone made: what a ref may read of it. */
function requireSubject({ write, session }: Log, id: string): void {
  const isMessage =
    write.get("SELECT 1 FROM message WHERE id = ? AND session = ?", id, session.rid) !== undefined;
  if (isMessage) return;
  const isChange =
    write.get(
      `SELECT 1 FROM change c WHERE c.id = ? AND c.workspace = ? AND json_array_length(c.contributions) > 0
       AND NOT EXISTS (SELECT 1 FROM json_each(c.contributions) each WHERE each.value ->> '$.sessionId' IS NOT ?)`,
      id,
      session.workspace,
      session.id,
    ) !== undefined;
  if (!isChange) throw notFound("message or change of this session", id);
}
