import type { Input, InputId, MessageId, SessionId, Turn, TurnId } from "@holdfast/protocol";

/** An input with its turn, and the ids of the messages and open parts that belong to it. */
export type TurnRows = { turn: Turn; input: Input; user: string; assistant?: string; open: string[] };

type Ids = { sessionId: SessionId; turnId: TurnId; inputId: InputId; messageId: MessageId; position: number };

const actor = { id: "owner", kind: "owner", label: "owner" } as const;

export function newTurnRows({ sessionId, turnId, inputId, messageId, position }: Ids): TurnRows {
  const input: Input = {
    id: inputId,
    sessionId,
    turnId,
    messageId,
    state: "queued",
    position,
    requestedDelivery: "queue",
    delivery: "queue",
    parts: [{ type: "text", text: "hi" }],
    agent: "rehearsal",
    actor,
    time: { admitted: 1 },
  };
  const turn: Turn = {
    id: turnId,
    sessionId,
    inputId,
    messageId,
    assistantMessageIds: [],
    agent: "rehearsal",
    state: "queued",
    attempts: 0,
    actor,
    usage: {},
    time: { queued: 1 },
  };
  return { turn, input, user: messageId, open: [] };
}
