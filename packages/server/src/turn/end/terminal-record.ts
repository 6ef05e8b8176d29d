/** How the ways in which a turn can stop become the one record that ends it (D-8, A-15, A-25). Pure. */
import { abortedError, type APIError, type SessionError, type TurnReason } from "@holdfast/protocol";
import type { AgentFailure, PromptResult } from "../../agents/index.ts";
import type { TerminalRecord } from "../../store/index.ts";

/** Why we stop a turn ourselves. Only `cancelled` has a durable intent behind it (D-10). */
export type StopCause =
  | { kind: "cancelled" }
  | { kind: "timeout"; message: string }
  | { kind: "shutdown" }
  /** The agent waits longer for its next try than a turn may. */
  | { kind: "limited"; error: APIError };

/** How an agent could not be opened. */
export type OpenFailure = Pick<AgentFailure, "kind" | "error">;

/** What ended the work on a turn. */
export type Ending =
  | { by: "prompt"; result: PromptResult; alive: boolean }
  | { by: "open"; failure: OpenFailure }
  /** Stopped before the agent was asked anything. */
  | { by: "stop" }
  /** Something in Holdfast itself broke. */
  | { by: "fault"; error: SessionError };

const STOP_TEXT = {
  cancelled: "The turn was cancelled.",
  shutdown: "The server was shut down.",
  interrupted: "The server stopped while the turn was running.",
  closed: "The agent was closed while it worked.",
} as const;

/** The record of a turn that nobody stopped. */
export function recordOf(agent: string, ending: Ending): TerminalRecord {
  switch (ending.by) {
    case "open":
      return openFailed(ending.failure);
    case "stop":
      return aborted("interrupted", STOP_TEXT.interrupted);
    case "fault":
      return failed("error", ending.error);
    case "prompt":
      return { ...promptEnded(agent, ending.result), ...agentSessionAfter(ending) };
  }
}

/** The record of a turn that was being stopped: the cause decides, whatever the agent's answer. */
export function stoppedRecord(agent: string, cause: StopCause, ending: Ending): TerminalRecord {
  const after: Partial<TerminalRecord> = ending.by === "prompt" ? agentSessionAfter(ending) : {};
  if (ending.by === "prompt" && ending.result.outcome === "ended") after.usage = ending.result.usage;
  switch (cause.kind) {
    case "cancelled":
      return { ...aborted("cancelled", STOP_TEXT.cancelled), ...after };
    case "shutdown":
      return { ...aborted("shutdown", STOP_TEXT.shutdown), ...after };
    case "timeout": {
      const error: SessionError = {
        name: "AgentError",
        data: { agent, phase: "prompt", message: cause.message },
      };
      return { ...failed("timeout", error), ...after };
    }
    case "limited":
      return { ...failed("limited", cause.error), ...after };
  }
}

/** The record of a turn whose owner died (D-18). */
export function lostOwnerRecord(cancelled: boolean): TerminalRecord {
  const record = cancelled
    ? aborted("cancelled", STOP_TEXT.cancelled)
    : aborted("interrupted", STOP_TEXT.interrupted);
  return { ...record, agentSession: "crashed" };
}

function promptEnded(agent: string, result: PromptResult): TerminalRecord {
  switch (result.outcome) {
    case "ended":
      return { ...stopReason(agent, result.stopReason), usage: result.usage };
    case "failed":
      return promptFailed(result.error);
    case "crashed":
      return failed("crashed", result.error);
    case "killed":
      return aborted("interrupted", STOP_TEXT.closed);
  }
}

function promptFailed(error: SessionError): TerminalRecord {
  if (error.name === "MessageAbortedError") return { state: "aborted", reason: "cancelled", error };
  const isLimited = error.name === "APIError" && error.data.resetAt !== undefined;
  return failed(isLimited ? "limited" : "error", error);
}

type Ended = Extract<PromptResult, { outcome: "ended" }>;

function stopReason(agent: string, stop: Ended["stopReason"]): TerminalRecord {
  const reported = (message: string): SessionError => ({
    name: "AgentReportedError",
    data: { agent, message },
  });
  switch (stop) {
    case "end_turn":
      return { state: "completed", finish: stop };
    case "max_tokens":
      return { ...failed("error", { name: "MessageOutputLengthError", data: {} }), finish: stop };
    case "max_turn_requests":
      return {
        ...failed("exhausted", reported("The agent used up the model requests of one turn.")),
        finish: stop,
      };
    case "refusal":
      return { ...failed("refused", reported("The agent refused to go on.")), finish: stop };
    case "denied":
      return {
        ...failed("denied", reported("The agent stopped where a permission was denied.")),
        finish: stop,
      };
    case "cancelled":
      return { ...aborted("cancelled", STOP_TEXT.cancelled), finish: stop };
  }
}

function openFailed({ kind, error }: OpenFailure): TerminalRecord {
  switch (kind) {
    case "crashed":
      return { ...failed("crashed", error), agentSession: "crashed" };
    case "unavailable":
      return failed("error", error);
    case "aborted":
      return aborted("interrupted", STOP_TEXT.closed);
  }
}

function agentSessionAfter({
  result,
  alive,
}: Extract<Ending, { by: "prompt" }>): Pick<TerminalRecord, "agentSession"> {
  if (result.outcome === "crashed") return { agentSession: "crashed" };
  return { agentSession: alive ? "idle" : "resumable" };
}

const failed = (reason: TurnReason, error: SessionError): TerminalRecord => ({
  state: "failed",
  reason,
  error,
  finish: "error",
});

const aborted = (reason: TurnReason, text: string): TerminalRecord => ({
  state: "aborted",
  reason,
  error: abortedError(text),
});
