import { newId } from "@holdfast/kernel";
import {
  correctionPart,
  type MessageId,
  type Model,
  type SessionId,
  type TurnId,
  type Usage,
  type UserMessage,
} from "@holdfast/protocol";
import type { AnswerPatch, AnswerValidation, ProgressOp } from "../../store/index.ts";

type Target = { sessionId: SessionId; turnId: TurnId; agent: string; model?: Model | undefined };

/** Says of an answer that it was not accepted, and tells its agent why in a user message of the server's. */
export function correctionOf(
  { sessionId, turnId, agent, model }: Target,
  answer: { messageId: MessageId; stepId: string | undefined },
  { validation, text, now }: { validation: AnswerValidation; text: string; now: number },
): { messageId: MessageId; ops: ProgressOp[] } {
  const message: UserMessage = {
    id: newId("msg", now),
    sessionId,
    turnId,
    role: "user",
    agent,
    time: { created: now },
  };
  if (model !== undefined) message.model = model;
  const part = correctionPart({ id: newId("prt", now), sessionId, messageId: message.id }, text, now);
  // An agent that names its steps says itself how each ended.
  const finish = answer.stepId === undefined ? { finish: "end_turn" } : {};
  return {
    messageId: message.id,
    ops: [
      { op: "answer", messageId: answer.messageId, patch: { ...finish, metadata: { validation } } },
      { op: "tell", message, parts: [part] },
    ],
  };
}

/** What a step has used, as its answer says it; `undefined` when that is not known. */
export function spentBy({ tokens, cost }: Usage): AnswerPatch | undefined {
  if (tokens === undefined && cost === undefined) return undefined;
  return { ...(tokens === undefined ? {} : { tokens }), ...(cost === undefined ? {} : { cost }) };
}
