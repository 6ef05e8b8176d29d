/** Turns that an agent starts by itself: running from their first moment, with nothing in the queue. */
import { isHoldfastError } from "@holdfast/kernel";
import type { SessionId, TurnId, UserMessage } from "@holdfast/protocol";
import type { StartAgentTurnCommand, StartedTurn } from "../../port.ts";
import { announceMessage, announceTurn, rewritePart } from "../announce.ts";
import { appendPart } from "../insert-part.ts";
import { type Log, openLog } from "../log.ts";
import { liveTurnRow, type SessionRow } from "../rows/index.ts";
import { refreshSession } from "../session-change.ts";
import type { Write } from "../sql.ts";
import { takeLease } from "../workspace-lease.ts";
import { announceStep, insertAnswer, insertMessage } from "./answer.ts";
import { claim, endSuspension, openAgentSession, projectDirectory, startedTurn } from "./turn.ts";

export function startAgentTurn(write: Write, command: StartAgentTurnCommand): StartedTurn | undefined {
  const log = openLog(write, command.sessionId, command.actor, "work");
  const { session } = log;
  if (session.time_archived !== null || liveTurnRow(write, session.rid) !== undefined) return undefined;
  const epoch = claim(write, session.rid, command.instanceId);
  const turn = { rid: insertRunning(log, command), id: command.turnId };
  if (command.writes) takeFreeLease(write, session, { rid: turn.rid, instance: command.instanceId, epoch });
  openAgentSession(log, command.agent, command.agentSessionId);
  endSuspension(write, session, command.agent);
  tellWhy(log, turn, command);
  insertAnswer(log, turn, {
    id: command.assistantMessageId,
    parentId: command.messageId,
    agent: command.agent,
    path: { cwd: session.directory, root: projectDirectory(write, session) },
    step: 1,
  });
  announceTurn(log, turn.rid, "turn.started");
  announceStep(log, turn, command.assistantMessageId, 1);
  refreshSession(log);
  const { agent, messageId, assistantMessageId } = command;
  return startedTurn(write, session.rid, { turn, agent, messageId, epoch, assistantMessageId });
}

function insertRunning({ write, session, actorRid }: Log, { turnId, agent }: StartAgentTurnCommand): number {
  return write.insert(
    `INSERT INTO turn (id, session, agent, state, actor, time_queued, time_started, first_seq, event_seq)
     VALUES (?, ?, ?, 'running', ?, ?, ?, ?, 0)`,
    turnId,
    session.rid,
    agent,
    actorRid,
    write.now,
    write.now,
    session.last_seq,
  );
}

type Owner = Parameters<typeof takeLease>[2];

function takeFreeLease(write: Write, session: SessionRow, turn: Owner): void {
  try {
    takeLease(write, session, turn);
  } catch (error) {
    if (!isHoldfastError(error, "WORKSPACE_BUSY")) throw error;
  }
}

/** The parts are told before their message: a client takes a user message that it knows no parts of for one to be read again. */
function tellWhy(log: Log, turn: { rid: number; id: TurnId }, command: StartAgentTurnCommand): void {
  const { write, session } = log;
  const { messageId, agent, parts } = command;
  const message: UserMessage = {
    id: messageId,
    sessionId: session.id as SessionId,
    turnId: turn.id,
    role: "user",
    agent,
    time: { created: write.now },
  };
  const row = insertMessage(write, { session: session.rid, turn: turn.rid }, message);
  for (const part of parts) {
    const { rid, ordinal } = appendPart(write, { session: session.rid, message: row }, part, 0);
    rewritePart(log, rid, { ...part, ordinal }, turn);
  }
  announceMessage(log, messageId);
}
