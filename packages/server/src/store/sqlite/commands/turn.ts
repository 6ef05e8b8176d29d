import { HoldfastError, notFound } from "@holdfast/kernel";
import type {
  Actor,
  AgentSessionId,
  InputId,
  InstanceId,
  Message,
  MessageId,
  SessionId,
  Turn,
  TurnId,
  WaitingFor,
} from "@holdfast/protocol";
import { suspendedBy } from "../../model/index.ts";
import type { Applied, IdempotencyKey, StartedTurn, StartTurnCommand } from "../../port.ts";
import { announceAgentSession, announceInput, announceMessage, announceTurn } from "../announce.ts";
import { type Log, openLog, openLogByRid } from "../log.ts";
import { once } from "../replay-key.ts";
import {
  agentSessionOf,
  approvalModeOf,
  toAgentSessionWithFacts,
  findInput,
  givenServersOf,
  inputOf,
  type InputRow,
  isForPeopleOnly,
  nextInput,
  toInput,
  findMessage,
  withParts,
  sessionByRid,
  type SessionRow,
  toSession,
  toTurn,
  turnByRid,
} from "../rows/index.ts";
import { announceActivity, refreshSession } from "../session-change.ts";
import { fromJson, toJson, type Write } from "../sql.ts";
import { moveLease, takeLease } from "../workspace-lease.ts";
import { announceStep, insertAnswer, nextOrdinal } from "./answer.ts";
import { dropQueued, letNext, pause } from "./input.ts";
import { requireTurn } from "./owned-turn.ts";

/**
 * queued -> running: claim, lease, delivery, ordinals and the answer's header in one transaction, before the backend is called (D-11, D-17,
 *
 */
export function startTurn(write: Write, command: StartTurnCommand): StartedTurn | undefined {
  const log = openLog(write, command.sessionId, command.actor, "work");
  const { session } = log;
  const input = nextInput(write, session, command.past);
  if (input === undefined || !isExpected(write, command, session, input)) return undefined;
  // Set since somebody looked: their tools may write, so it is looked at again.
  if (command.writes === false && givenServersOf(write, session).length > 0) return undefined;
  const epoch = claim(write, session.rid, command.instanceId);
  if (command.writes !== false)
    takeLease(write, session, { rid: input.turn, instance: command.instanceId, epoch });
  deliver(log, input);
  openAgentSession(log, input.agent, command.agentSessionId);
  endSuspension(write, session, input.agent);
  const changed = write.run(
    "UPDATE turn SET state = 'running', time_started = max(?, time_queued), first_seq = ?, waiting_for = NULL WHERE rid = ? AND state = 'queued'",
    write.now,
    session.last_seq,
    input.turn,
  );
  if (changed !== 1) throw new HoldfastError("CONFLICT", `Turn ${input.turn_id} is not queued any more.`);
  const turn = { rid: input.turn, id: input.turn_id };
  insertAnswer(log, turn, {
    id: command.assistantMessageId,
    parentId: input.message_id as MessageId,
    agent: input.agent,
    path: { cwd: session.directory, root: projectDirectory(write, session) },
    step: 1,
  });
  announceTurn(log, input.turn, "turn.started");
  announceStep(log, turn, command.assistantMessageId, 1);
  refreshSession(log);
  return startedTurn(write, session.rid, {
    turn,
    agent: input.agent,
    messageId: input.message_id,
    inputId: input.id,
    epoch,
    assistantMessageId: command.assistantMessageId,
  });
}

/** queued -> completed / noted, in the order of the queue: the message joins the history, and no agent is asked. */
export function noteTurn(
  write: Write,
  command: { sessionId: SessionId; turnId: TurnId; past?: readonly string[] | undefined; actor: Actor },
): boolean {
  const log = openLog(write, command.sessionId, command.actor, "work");
  const input = nextInput(write, log.session, command.past);
  if (input?.turn_id !== command.turnId || !isForPeopleOnly(write, input)) return false;
  deliver(log, input);
  const changed = write.run(
    `UPDATE turn SET state = 'completed', reason = 'noted', time_ended = max(?, time_queued), waiting_for = NULL
     WHERE rid = ? AND state = 'queued'`,
    write.now,
    input.turn,
  );
  if (changed !== 1) throw new HoldfastError("CONFLICT", `Turn ${command.turnId} is not queued any more.`);
  announceTurn(log, input.turn, "turn.completed");
  refreshSession(log);
  return true;
}

/** A turn of the agent starts, so its limit is over, or somebody tries all the same. */
export function endSuspension(write: Write, session: SessionRow, agent: string): void {
  if (session.suspended === null) return;
  const suspended = suspendedBy(fromJson(session.suspended), agent);
  write.run("UPDATE session SET suspended = ? WHERE rid = ?", toJson(suspended), session.rid);
}

/** What an answer's path names as its root. */
export function projectDirectory(write: Write, session: SessionRow): string {
  const row = write.get<{ directory: string }>(
    "SELECT directory FROM project WHERE rid = ?",
    session.project,
  );
  return row?.directory ?? session.directory;
}

function isExpected(
  write: Write,
  { expected }: StartTurnCommand,
  session: SessionRow,
  input: InputRow,
): boolean {
  return (
    expected === undefined ||
    (input.turn_id === expected.turnId &&
      approvalModeOf(write, session, input.turn) === expected.approvalMode)
  );
}

/** Raises the epoch and gives the session to the instance (D-17); answers the epoch. */
export function claim(write: Write, session: number, instanceId: InstanceId): number {
  const row = write.get<{ epoch: number }>(
    "UPDATE session SET epoch = epoch + 1 WHERE rid = ? RETURNING epoch",
    session,
  );
  const epoch = row?.epoch ?? 0;
  write.run(
    "INSERT OR REPLACE INTO claim (session, instance, epoch) VALUES (?, ?, ?)",
    session,
    instanceId,
    epoch,
  );
  return epoch;
}

function deliver(log: Log, input: InputRow): void {
  const { write, session } = log;
  write.run("UPDATE message SET ordinal = ? WHERE rid = ?", nextOrdinal(write, session.rid), input.message);
  write.run("UPDATE input SET state = 'delivered', time_delivered = ? WHERE rid = ?", write.now, input.rid);
  announceInput(log, input.rid, "input.delivered");
  announceMessage(log, input.message_id);
}

/** Inserts the agent session that is the first of its agent here. */
export function openAgentSession(log: Log, agent: string, id: AgentSessionId): void {
  const { write, session } = log;
  if (agentSessionOf(write, session.rid, agent) !== undefined) return;
  write.insert(
    `INSERT INTO agent_session (id, session, agent, status, cwd, data, time_created, time_updated, event_seq)
     VALUES (?, ?, ?, 'new', ?, '{}', ?, ?, 0)`,
    id,
    session.rid,
    agent,
    session.directory,
    write.now,
    write.now,
  );
  announceAgentSession(log, id);
}

type Started = {
  turn: { rid: number; id: string };
  agent: string;
  messageId: string;
  inputId?: string;
  epoch: number;
  assistantMessageId: MessageId;
};

/** What whoever runs the turn needs of it, as the rows are now. */
export function startedTurn(write: Write, session: number, started: Started): StartedTurn {
  const { agent, epoch, assistantMessageId, inputId } = started;
  const sessionRow = sessionByRid(write, session);
  const turn = turnByRid(write, started.turn.rid);
  const message = findMessage(write, started.messageId);
  const agentSession = agentSessionOf(write, session, agent);
  const delivered = inputId === undefined ? undefined : findInput(write, inputId);
  const whole: Message | undefined = message === undefined ? undefined : withParts(write, [message])[0];
  if (!sessionRow || !turn || !whole || !agentSession)
    throw new Error(`Turn ${started.turn.id} lost its rows.`);
  return {
    epoch,
    session: { ...toSession(sessionRow), approvalMode: approvalModeOf(write, sessionRow, turn.rid) },
    turn: toTurn(write, turn),
    ...(delivered === undefined ? {} : { input: toInput(write, delivered) }),
    message: whole,
    assistantMessageId,
    agentSession: toAgentSessionWithFacts(agentSession),
    mcpServers: givenServersOf(write, sessionRow),
  };
}

export function setWaiting(write: Write, command: { turnId: TurnId; waitingFor: WaitingFor | null }): void {
  const row = requireTurn(write, command.turnId);
  const next = toJson(command.waitingFor);
  if (row.state !== "queued" || row.waiting_for === next) return;
  const actor: Actor = { id: "system:dispatcher", kind: "system", label: "dispatcher" };
  write.run("UPDATE turn SET waiting_for = ? WHERE rid = ?", next, row.rid);
  announceTurn(openLogByRid(write, row.session, actor, "upkeep"), row.rid, "turn.updated");
}

type Cancel = {
  turnId: TurnId;
  actor: Actor;
  next?: InputId | undefined;
  idempotency?: IdempotencyKey | undefined;
};

/** A durable intent, committed before its 202 (D-10): a queued turn ends here, a running one ends aborted / cancelled whoever finalizes it. */
export function cancelTurn(write: Write, command: Cancel): Applied<Turn> {
  return once(
    write,
    command.idempotency,
    () => applyCancel(write, command),
    () => toTurn(write, requireTurn(write, command.turnId)),
  );
}

function applyCancel(write: Write, command: Cancel): void {
  const row = requireTurn(write, command.turnId);
  const log = openLogByRid(write, row.session, command.actor, "asked");
  const isSuperseded = command.next !== undefined && letNext(log, command.next);
  if (row.state === "queued" && row.merged_into !== null) {
    // The agent is being told right now: it ends if it comes back to the queue.
    write.run(
      "UPDATE turn SET cancel_time = coalesce(cancel_time, ?), cancel_actor = coalesce(cancel_actor, ?) WHERE rid = ?",
      write.now,
      log.actorRid,
      row.rid,
    );
    if (row.cancel_time === null) announceTurn(log, row.rid, "turn.updated");
  } else if (row.state === "queued") {
    const input = inputOf(write, row);
    if (input !== undefined) dropQueued(log, input);
    refreshSession(log);
  } else if (row.state === "running" && row.cancel_time === null) {
    write.run(
      "UPDATE turn SET cancel_time = ?, cancel_actor = ?, superseded = ? WHERE rid = ?",
      write.now,
      log.actorRid,
      isSuperseded ? 1 : 0,
      row.rid,
    );
    announceTurn(log, row.rid, "turn.updated");
    if (!isSuperseded && log.session.queue_length > 0) pause(log);
    announceActivity(log);
  }
}

/** Raises the epoch and moves the claim, so that whatever the old owner still writes is refused (D-18). */
export function takeOver(
  write: Write,
  command: { sessionId: SessionId; instanceId: InstanceId },
): number | undefined {
  const session = write.get<{ rid: number }>("SELECT rid FROM session WHERE id = ?", command.sessionId);
  if (session === undefined) throw notFound("session", command.sessionId);
  const another = write.get(
    "SELECT 1 FROM claim c JOIN instance i ON i.id = c.instance WHERE c.session = ? AND c.instance <> ? AND i.ended IS NULL",
    session.rid,
    command.instanceId,
  );
  if (another !== undefined) return undefined;
  const epoch = claim(write, session.rid, command.instanceId);
  moveLease(write, session.rid, { instance: command.instanceId, epoch });
  return epoch;
}
