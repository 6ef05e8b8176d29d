/** The write of the store port about turns that an agent starts by itself. See `port.ts`. */
import type {
  Actor,
  AgentSessionId,
  InstanceId,
  MessageId,
  Part,
  SessionId,
  TurnId,
} from "@holdfast/protocol";
import type { StartedTurn } from "./commands.ts";

export type StartAgentTurnCommand = {
  sessionId: SessionId;
  instanceId: InstanceId;
  agent: string;
  turnId: TurnId;
  /** The message that stands where nobody asked, and what it says. */
  messageId: MessageId;
  parts: Part[];
  assistantMessageId: MessageId;
  agentSessionId: AgentSessionId;
  actor: Actor;
  /** Whether it takes the workspace's lease, where that is free. */
  writes: boolean;
};

export type AgentTurnCommands = {
  /**
   * Claims the session (epoch + 1) for a turn that is `running` from its first moment and has no input, whatever is queued or paused; `undefined`, and
   * nothing is written, while a turn is live and in an archived session. Where somebody else has the workspace's lease it goes without: its agent works
   * already. The agent session's id is used when it is new.
   */
  startAgentTurn(command: StartAgentTurnCommand): Promise<StartedTurn | undefined>;
};
