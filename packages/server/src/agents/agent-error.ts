import { cleanText, redact } from "@holdfast/kernel";
import type { SessionErrorOf } from "@holdfast/protocol";

type AgentErrorData = SessionErrorOf<"AgentError">["data"];

/** Characters of an agent's own words in an error. */
export const ERROR_TEXT_CHARS = 4_096;

/** The error of a broken agent: where it broke, how it exited, what it last said on stderr. */
export function agentError(
  facts: Omit<AgentErrorData, "exitCode" | "signal" | "stderrTail"> & {
    exitCode?: number | undefined;
    signal?: string | undefined;
    stderrTail?: string | undefined;
  },
): SessionErrorOf<"AgentError"> {
  const { agent, phase, message, exitCode, signal, stderrTail } = facts;
  const data: AgentErrorData = { agent, phase, message: shownText(message) };
  if (exitCode !== undefined) data.exitCode = exitCode;
  if (signal !== undefined) data.signal = signal;
  if (stderrTail !== undefined) data.stderrTail = stderrTail;
  return { name: "AgentError", data };
}

/** An agent's words as they may be shown and stored: bounded, masked, well-formed. */
export function shownText(text: string): string {
  return cleanText(redact(text).slice(0, ERROR_TEXT_CHARS));
}
