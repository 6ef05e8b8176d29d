/** The server, as the loop knows it: every call is one message of `wire.ts`. A subagent has one of its own that tells what it does as a child's. */
import type { Message } from "@holdfast/protocol";
import type {
  AgentQuestion,
  HistoryAnswer,
  HistoryParams,
  PermissionAnswer,
  PermissionAsk,
  QuestionAnswer,
  Said,
} from "./wire.ts";

export type Host = {
  /** In order; waits only where too much is uncommitted. */
  say(...events: Said[]): Promise<void>;
  /** Resolves when all that was said is committed. Rejects when it cannot be: then nothing more may be done. */
  commit(): Promise<void>;
  ask(request: PermissionAsk, signal: AbortSignal): Promise<PermissionAnswer>;
  askQuestion(question: AgentQuestion, signal: AbortSignal): Promise<QuestionAnswer>;
  history(page: HistoryParams): Promise<HistoryAnswer>;
  /** Stored messages of the running turn, from this one on, once all that was said is committed. Rejects as `commit` does. */
  turn(from?: string): Promise<Message[]>;
  /** Undefined when it is gone. */
  blob(hash: string): Promise<Uint8Array | undefined>;
};
