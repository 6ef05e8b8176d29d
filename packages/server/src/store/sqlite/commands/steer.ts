/**
 * An input that goes into the turn that runs (D-6, A-28): its own turn stays `queued` until the agent has said what became of it.
 *
 *   queued ─offer─► input delivered, turn merged into the running one ─end─► completed / steered | queued again | aborted / interrupted
 *
 * It is told as `input.delivered` once it has an end, so that this is told of no input twice. Whatever has no end when the running turn ends was perhaps given to its agent, and is never given again.
 */
import { HoldfastError } from "@holdfast/kernel";
import { abortedError, type Actor, type SessionError, type Turn, type TurnId } from "@holdfast/protocol";
import type { OfferedSteer, SteerEnd } from "../../port.ts";
import { announceInput, announceMessage, announceTurn } from "../announce.ts";
import { type Log, openLogByRid } from "../log.ts";
import {
  findInput,
  findMessage,
  firstQueued,
  inputOf,
  type InputRow,
  isForPeopleOnly,
  toInput,
  toTurn,
  type TurnRow,
  withParts,
} from "../rows/index.ts";
import { refreshSession } from "../session-change.ts";
import { toJson, type Write } from "../sql.ts";
import { nextOrdinal } from "./answer.ts";
import { dropQueued, pause } from "./input.ts";
import { fence, requireTurn } from "./owned-turn.ts";

type Owned = { turnId: TurnId; epoch: number; actor: Actor };

const UNKNOWN =
  "It was given to the turn that was running, which ended before its agent said whether it took it. It is not given again by itself.";

export function offerSteer(write: Write, { turnId, epoch, actor }: Owned): OfferedSteer | undefined {
  const turn = requireTurn(write, turnId);
  fence(write, turn, epoch);
  const log = openLogByRid(write, turn.session, actor, "work");
  const input = firstQueued(write, turn.session);
  const isOpen = turn.state === "running" && turn.cancel_time === null && log.session.queue_paused === 0;
  if (!isOpen || input === undefined || !goesInto(write, input, turn)) return undefined;
  write.run("UPDATE input SET state = 'delivered', time_delivered = ? WHERE rid = ?", write.now, input.rid);
  write.run("UPDATE turn SET merged_into = ?, waiting_for = NULL WHERE rid = ?", turn.id, input.turn);
  announceInput(log, input.rid, "input.updated");
  announceTurn(log, input.turn, "turn.updated");
  refreshSession(log);
  const [delivered, message] = [findInput(write, input.id), findMessage(write, input.message_id)];
  const whole = message === undefined ? undefined : withParts(write, [message])[0];
  if (delivered === undefined || whole === undefined) throw new Error(`Input ${input.id} lost its rows.`);
  return { input: toInput(write, delivered), message: whole };
}

/** Words and files for the same agent and model; whatever else it asks for is asked of a turn of its own. */
function goesInto(write: Write, input: InputRow, turn: TurnRow): boolean {
  return (
    input.delivery === "steer" &&
    input.agent === turn.agent &&
    input.model === turn.model &&
    input.format === null &&
    input.system === null &&
    input.tools === null &&
    !isForPeopleOnly(write, input) &&
    write.get(
      "SELECT 1 FROM part WHERE session = ? AND message = ? AND type NOT IN ('text', 'file') LIMIT 1",
      input.session,
      input.message,
    ) === undefined
  );
}

export function endSteer(write: Write, command: Owned & { end: SteerEnd }): Turn {
  const turn = requireTurn(write, command.turnId);
  if (turn.state !== "queued" || turn.merged_into === null) return toTurn(write, turn);
  fence(write, turn, command.epoch);
  const log = openLogByRid(write, turn.session, command.actor, "work");
  const { end } = command;
  if (end.outcome === "returned") giveBack(log, turn, end.detail);
  else settle(log, turn, end.outcome);
  refreshSession(log);
  return toTurn(write, requireTurn(write, command.turnId));
}

/** The running turn ends: of what was given to its agent and has no end, nobody can tell any more. The caller refreshes the session. */
export function endOpenSteers(log: Log, running: TurnRow): void {
  const { write } = log;
  const left = write.all<{ id: string }>(
    "SELECT id FROM turn WHERE session = ? AND state = 'queued' AND merged_into = ?",
    running.session,
    running.id,
  );
  for (const { id } of left) settle(log, requireTurn(write, id), "unknown");
}

function giveBack(log: Log, turn: TurnRow, detail: string | undefined): void {
  const { write } = log;
  const input = requireOwnInput(write, turn);
  const waitingFor = detail === undefined ? undefined : { kind: "turn", holder: turn.merged_into, detail };
  write.run("UPDATE input SET state = 'queued', time_delivered = NULL WHERE rid = ?", input.rid);
  write.run(
    "UPDATE turn SET merged_into = NULL, waiting_for = ? WHERE rid = ?",
    toJson(waitingFor),
    turn.rid,
  );
  if (turn.cancel_time !== null) return dropQueued(log, input);
  // A stop meanwhile found nothing in the queue that it could hold (D-6).
  const running = turn.merged_into === null ? undefined : requireTurn(write, turn.merged_into);
  if (running !== undefined && running.cancel_time !== null) pause(log);
  announceInput(log, input.rid, "input.updated");
  announceTurn(log, turn.rid, "turn.updated");
}

/** Its message gets its place in the history either way: it may have been read. */
function settle(log: Log, turn: TurnRow, outcome: "taken" | "unknown"): void {
  const { write, session } = log;
  const error: SessionError | undefined = outcome === "taken" ? undefined : abortedError(UNKNOWN);
  const lost = turn.cancel_time === null ? "interrupted" : "cancelled";
  const [state, reason] = outcome === "taken" ? ["completed", "steered"] : ["aborted", lost];
  const place = nextOrdinal(write, session.rid);
  write.run("UPDATE message SET ordinal = ? WHERE id = ?", place, turn.message_id);
  const changed = write.run(
    `UPDATE turn SET state = ?, reason = ?, error = ?, merged_into = ?, time_ended = max(?, time_queued), first_seq = ?
     WHERE rid = ? AND state = 'queued'`,
    state,
    reason,
    toJson(error),
    outcome === "taken" ? turn.merged_into : null,
    write.now,
    session.last_seq,
    turn.rid,
  );
  if (changed !== 1) throw new HoldfastError("CONFLICT", `Turn ${turn.id} is not queued any more.`);
  announceInput(log, requireOwnInput(write, turn).rid, "input.delivered");
  announceMessage(log, turn.message_id);
  announceTurn(log, turn.rid, outcome === "taken" ? "turn.completed" : "turn.aborted");
}

function requireOwnInput(write: Write, turn: TurnRow): InputRow {
  const input = inputOf(write, turn);
  if (input === undefined) throw new Error(`Turn ${turn.id} lost its input.`);
  return input;
}
