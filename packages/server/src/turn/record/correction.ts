import { newId } from "@holdfast/kernel";
import {
  correctionPart,
  type MessageId,
  type Model,
  type SessionId,
  type TextPart,
  type TurnId,
  type Usage,
  type UserMessage,
} from "@holdfast/protocol";
import type { AnswerPatch, AnswerValidation, ProgressOp } from "../../store/index.ts";

type Target = { sessionId: SessionId; turnId: TurnId; agent: string; model?: Model | undefined };

/** A user message of a turn that the server writes: what it says is one part. */
export function serverMessage(
  { sessionId, turnId, agent, model }: Target,
  now: number,
  partOf: (place: Pick<TextPart, "id" | "sessionId" | "messageId">) => TextPart,
): { messageId: MessageId; op: ProgressOp } {
  const messageId = newId("msg", now);
  const message: UserMessage = {
    id: messageId,
    sessionId,
    turnId,
    role: "user",
    agent,
    time: { created: now },
  };
  if (model !== undefined) message.model = model;
  const part = partOf({ id: newId("prt", now), sessionId, messageId });
  return { messageId, op: { op: "tell", message, parts: [part] } };
}

/** Says of an answer that it was not accepted, and tells its agent why in a user message of the server's. */
export function correctionOf(
  target: Target,
  answer: { messageId: MessageId; stepId: string | undefined },
  { validation, text, now }: { validation: AnswerValidation; text: string; now: number },
): { messageId: MessageId; ops: ProgressOp[] } {
  const { messageId, op } = serverMessage(target, now, (place) => correctionPart(place, text, now));
  // An agent that names its steps says itself how each ended.
  const finish = answer.stepId === undefined ? { finish: "end_turn" } : {};
  return {
    messageId,
    ops: [{ op: "answer", messageId: answer.messageId, patch: { ...finish, metadata: { validation } } }, op],
  };
}

/** What a step has used, as its answer says it; `undefined` when that is not known. */
export function spentBy({ tokens, cost }: Usage): AnswerPatch | undefined {
  if (tokens === undefined && cost === undefined) return undefined;
  return { ...(tokens === undefined ? {} : { tokens }), ...(cost === undefined ? {} : { cost }) };
}
