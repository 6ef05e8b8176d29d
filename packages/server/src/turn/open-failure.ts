import { isHoldfastError, storageRefusal } from "@holdfast/kernel";
import type { SessionError } from "@holdfast/protocol";
import { AgentFailure } from "../agents/index.ts";
import type { Ending } from "./terminal-record.ts";

/** What a refused or failed opening means for the turn. A thrown value that no backend is allowed to throw is a fault of ours. */
export function openFailureOf(agent: string, thrown: unknown): Ending {
  if (thrown instanceof AgentFailure)
    return { by: "open", failure: { kind: thrown.kind, error: thrown.error } };
  if (isHoldfastError(thrown, "AGENT_UNAVAILABLE")) {
    const error: SessionError = {
      name: "AgentError",
      data: { agent, phase: "open", message: thrown.message },
    };
    return { by: "open", failure: { kind: "unavailable", error } };
  }
  // What storage refuses is repeated until the turn is stopped.
  const isStopped = isHoldfastError(thrown, "SHUTTING_DOWN") || storageRefusal(thrown) !== undefined;
  return isStopped ? { by: "stop" } : faultEnding();
}

/** An ending for what must not happen; its cause is in the log and never in the turn (style: unknown errors do not leak). */
export const faultEnding = (): Ending => ({
  by: "fault",
  error: { name: "UnknownError", data: { message: "Something broke inside Holdfast; its log says what." } },
});
