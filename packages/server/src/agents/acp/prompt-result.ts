import { RequestError } from "@agentclientprotocol/sdk";
import type { AuthMethod, SessionError, Usage } from "@holdfast/protocol";
import { shownText } from "../agent-error.ts";
import { toldStatus, type Quirks } from "../catalog/index.ts";
import { modelError } from "../model-error.ts";
import type { PromptResult, StopReason } from "../port.ts";
import { promptError } from "./request-error.ts";
import { isObject } from "./wire-message.ts";

/** What is known when a prompt's request settled. `crash` is set when the connection ended under it. */
export type PromptEnd = {
  agent: string;
  version: string | undefined;
  answer: { result: unknown } | { error: unknown };
  /** We asked the agent to stop. */
  isCancelled: boolean;
  /** Something that it asked for was not allowed. */
  isRejected: boolean;
  /** We ended the child on purpose. */
  isKilled: boolean;
  crash: SessionError | undefined;
  lastText: string;
  usage: Usage | undefined;
  quirks: Quirks;
  /** The ways to log in that the agent offers. */
  authMethods: readonly AuthMethod[];
};

const STOP_REASONS = new Set<unknown>([
  "end_turn",
  "max_tokens",
  "max_turn_requests",
  "refusal",
  "cancelled",
]);

/** How a prompt ended, from all that is known of it. Pure: its table is the test. */
export function promptResult(end: PromptEnd): PromptResult {
  if ("error" in end.answer) {
    const { error } = end.answer;
    if (end.isKilled) return { outcome: "killed" };
    if (end.crash !== undefined) return { outcome: "crashed", error: end.crash };
    // Some agents answer a cancel with an error of their own.
    if (end.isCancelled && error instanceof RequestError) return ended("cancelled", end.usage);
    return { outcome: "failed", error: promptError(end, error) };
  }
  const { result } = end.answer;
  // A null result is tolerated: the agent says that it is done, and nothing else.
  const stopReason = isObject(result) ? result["stopReason"] : "end_turn";
  if (!STOP_REASONS.has(stopReason)) {
    const message = `${end.agent} ended its turn for a reason that is not known: ${shownText(String(stopReason))}.`;
    return { outcome: "failed", error: { name: "UnknownError", data: { message } } };
  }
  if (stopReason === "end_turn" && !end.isCancelled && isErrorText(end, result)) {
    return { outcome: "failed", error: textError(end) };
  }
  // Nobody stopped it: it gave up where it was told no.
  const isDenied = stopReason === "cancelled" && end.isRejected && !end.isCancelled;
  return ended(isDenied ? "denied" : (stopReason as StopReason), end.usage);
}

function ended(stopReason: StopReason, usage: Usage | undefined): PromptResult {
  return usage === undefined ? { outcome: "ended", stopReason } : { outcome: "ended", stopReason, usage };
}

/** What an agent told as text: its record knows the sentences that name the provider's answer. */
function textError(end: PromptEnd): SessionError {
  const { agent } = end;
  const message = shownText(end.lastText);
  const told = modelError({ providerId: agent, message, statusCode: toldStatus(end, message) });
  return told ?? { name: "AgentReportedError", data: { agent, message } };
}

/** The structural sign of the record, for the versions that it was seen on: the words alone are never enough. */
function isErrorText({ quirks, version, lastText }: PromptEnd, result: unknown): boolean {
  const sign = quirks.errorAsText;
  if (sign === undefined || version === undefined || !sign.versions.test(version)) return false;
  const countsTokens = isObject(result) && result["usage"] !== undefined && result["usage"] !== null;
  return !countsTokens && lastText.startsWith(sign.startsWith);
}
