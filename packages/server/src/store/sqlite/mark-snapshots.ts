import type { Actor, MessageId, PartOf } from "@holdfast/protocol";
import type { SnapshotMark } from "../port.ts";
import { putLast } from "./insert-part.ts";
import { openLog } from "./log.ts";
import { findSession, type MessageRow, SELECT_MESSAGE } from "./rows/index.ts";
import type { Write } from "./sql.ts";

const NEWEST_ANSWER = `${SELECT_MESSAGE} WHERE m.session = ? AND m.role = 'assistant' AND m.ordinal IS NOT NULL
  AND t.state NOT IN ('running', 'finalizing') ORDER BY m.ordinal DESC LIMIT 1`;

/** Says in sessions which files they have now: at the end of the newest answer of a turn that has ended. A session that is gone, or has none, is left. */
export function markSnapshots(write: Write, marks: readonly SnapshotMark[], actor: Actor): void {
  for (const { sessionId, partId, snapshot } of marks) {
    const session = findSession(write, sessionId);
    const answer = session && write.get<MessageRow>(NEWEST_ANSWER, session.rid);
    if (answer === undefined) continue;
    const messageId = answer.id as MessageId;
    const part: PartOf<"snapshot"> = { id: partId, sessionId, messageId, type: "snapshot", snapshot };
    putLast(openLog(write, sessionId, actor, "upkeep"), answer, part);
  }
}
