/** What is told of a running turn beside the parts of its answers: by the agent of an answer and of what it took back, and by the server to the agent. */
import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, AssistantMessage, MessageId } from "@holdfast/protocol";
import type { ProgressOp } from "../../port.ts";
import { announceMessage } from "../announce.ts";
import { insertPart } from "../insert-part.ts";
import { append, type Log } from "../log.ts";
import { actorRow, findMessage, type SessionHead, toMessageInfo, type TurnHead } from "../rows/index.ts";
import type { TurnMemory } from "../turn-memory.ts";
import { insertMessage, isAskedIn, writeAnswer } from "./answer.ts";

type OpOf<O extends ProgressOp["op"]> = Extract<ProgressOp, { op: O }>;

/** Events of `beginStep`: two parts, two messages, the turn, and the end and the beginning of a step. */
export const STEP_EVENTS = 7;

/** Events that an op makes. */
export function eventsOf(op: ProgressOp): number {
  if (op.op === "checkpoint") return 0;
  if (op.op === "tell") return op.parts.length + 1;
  return op.op === "step" ? STEP_EVENTS : 1;
}

/** What the server tells an agent on the way is the server's act, not the agent's (D-36). */
const TELLER: Actor = { id: "system:turn", kind: "system", label: "turn" };

/** The parts are told before their message: a client takes a user message that it knows no parts of for one to be read again. */
export function tell(
  by: Log<SessionHead>,
  turn: TurnHead,
  { message, parts }: OpOf<"tell">,
  first: number,
): void {
  const { write, session } = by;
  if (message.sessionId !== session.id || message.turnId !== turn.id)
    throw new HoldfastError("CONFLICT", `Message ${message.id} belongs to another turn.`);
  const log = { ...by, actor: TELLER, actorRid: actorRow(write, TELLER) };
  const row = insertMessage(write, { session: session.rid, turn: turn.rid }, message);
  for (const [ordinal, part] of parts.entries()) {
    const seq = first + ordinal;
    const rid = insertPart(write, { session: session.rid, message: row, ordinal }, part, seq);
    append(log, { type: "message.part.updated", seq, ref: rid, data: { part: { ...part, ordinal } }, turn });
  }
  announceMessage({ ...log, nextSeq: first + parts.length }, message.id);
}

export function patchAnswer(
  log: Log<SessionHead>,
  turn: TurnHead,
  { messageId, patch }: OpOf<"answer">,
  seq: number,
): void {
  const row = findMessage(log.write, messageId);
  if (row?.turn !== turn.rid || row.role !== "assistant") throw notFound("answer of this turn", messageId);
  if (patch.parentId !== undefined && !isAskedIn(log.write, patch.parentId, turn))
    throw notFound("message of this turn", patch.parentId);
  const before = toMessageInfo(row) as AssistantMessage;
  const { askedModel, ...told } = patch;
  const info: AssistantMessage = { ...before, ...told };
  if (patch.metadata !== undefined) info.metadata = { ...before.metadata, ...patch.metadata };
  if (askedModel === null) delete info.askedModel;
  else if (askedModel !== undefined) info.askedModel = askedModel;
  writeAnswer({ ...log, nextSeq: seq }, row.rid, info);
}

/** A part that its agent took back; no other turn's. */
export function dropPart(
  log: Log<SessionHead>,
  { known, turn }: { known: TurnMemory; turn: TurnHead },
  { partId }: OpOf<"removePart">,
  seq: number,
): void {
  const { write } = log;
  const part = known.part(write, partId);
  const message = part && findMessage(write, part.message_id);
  if (part === undefined || message?.turn !== turn.rid) throw notFound("part of this turn", partId);
  write.run("DELETE FROM part WHERE rid = ?", part.rid);
  known.forgetPart(partId);
  const data = { messageId: message.id as MessageId, partId };
  append(log, { type: "message.part.removed", seq, ref: null, data, turn });
}
