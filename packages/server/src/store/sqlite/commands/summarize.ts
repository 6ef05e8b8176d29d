/** What was asked says what became of it when its turn ends. */
import type { DiffTotals, UserMessage } from "@holdfast/protocol";
import { summaryOf } from "../../model/index.ts";
import { announceMessage } from "../announce.ts";
import type { Log } from "../log.ts";
import {
  findMessage,
  foldParts,
  messageData,
  type PartRow,
  SELECT_PART,
  toMessageInfo,
  type TurnRow,
  WRITTEN,
} from "../rows/index.ts";
import type { Write } from "../sql.ts";

/** Writes the summary of the turn's user message. Its parts are settled. */
export function summarize(log: Log, turn: TurnRow, totals: DiffTotals | undefined): void {
  const { write } = log;
  const row = findMessage(write, turn.message_id);
  if (row === undefined) return;
  const asked = write.all<PartRow>(
    `${SELECT_PART} WHERE p.session = ? AND p.message = ? ORDER BY p.ordinal`,
    turn.session,
    row.rid,
  );
  const summary = summaryOf(foldParts(write, asked), lastText(write, turn), totals);
  if (summary === undefined) return;
  const info: UserMessage = { ...(toMessageInfo(row) as UserMessage), summary };
  write.run(
    `UPDATE message SET data = ?, schema_version = ${WRITTEN.message} WHERE rid = ?`,
    messageData(info),
    row.rid,
  );
  announceMessage(log, row.id);
}

/** The last text of a turn's answers. */
function lastText(write: Write, turn: TurnRow): string | undefined {
  const answers = write.all<{ rid: number }>(
    "SELECT rid FROM message WHERE turn = ? AND role = 'assistant' ORDER BY rid DESC",
    turn.rid,
  );
  for (const { rid } of answers) {
    const row = write.get<PartRow>(
      `${SELECT_PART} WHERE p.session = ? AND p.message = ? AND p.type = 'text' ORDER BY p.ordinal DESC LIMIT 1`,
      turn.session,
      rid,
    );
    const part = row === undefined ? undefined : foldParts(write, [row])[0];
    if (part?.type === "text") return part.text;
  }
  return undefined;
}
