/** The writes of the store port that change what is settled, by people and by agents that tell of it. See `port.ts`. */
import type { Actor, Message, MessageId, MessageInfo, Part, PartId, SessionId } from "@holdfast/protocol";
import type { Applied, Written } from "./written.ts";

export type EditCommands = {
  /**
   * Deletes children first, leaves a tombstone (D-26). SESSION_BUSY while a turn of any of them is running or finalizing. Their shares are taken back in
   * the same transaction, or kept: CONFLICT while one that is to be kept has something to send (S-2, S-32).
   */
  deleteSession(
    command: Written & { sessionId: SessionId; keepShares?: boolean | undefined },
  ): Promise<{ deleted: SessionId[] }>;
  /** SESSION_BUSY while its turn is live; UNPROCESSABLE when a field that Holdfast alone writes would change. So `updatePart`. */
  updateMessage(command: Written & { messageId: MessageId; message: MessageInfo }): Promise<Applied<Message>>;
  /** SESSION_BUSY while its turn is live. */
  removeMessage(command: Written & { messageId: MessageId }): Promise<void>;
  updatePart(command: Written & { part: Part }): Promise<Applied<Part>>;
  removePart(command: Written & { partId: PartId }): Promise<void>;
  /** Since `time` the agent of a call that completed no longer gives its output to its model. The first time that is told holds; of any other part a no-op. */
  clearOutput(command: { partId: PartId; time: number; actor: Actor }): Promise<void>;
};
