import type { AgentSessionId, MessageId, Model, SessionId, TurnId } from "@holdfast/protocol";
import type { StartedTurn } from "../../store/index.ts";
import { type Mask, maskOf } from "./masked.ts";

/** Whose words a recorder writes down, and where they go. */
export type RecorderTarget = {
  sessionId: SessionId;
  turnId: TurnId;
  epoch: number;
  /** What the turn was asked, and its first answer. */
  parentId: MessageId;
  messageId: MessageId;
  agentSessionId: AgentSessionId;
  agent: string;
  /** The model that was asked for. */
  model?: Model | undefined;
  mask: Mask;
};

export function targetOf(started: StartedTurn): RecorderTarget {
  const { session, turn, epoch, message, assistantMessageId, agentSession } = started;
  return {
    sessionId: session.id,
    turnId: turn.id,
    epoch,
    parentId: message.info.id,
    messageId: assistantMessageId,
    agentSessionId: agentSession.id,
    agent: turn.agent,
    model: turn.model,
    mask: maskOf(started),
  };
}
