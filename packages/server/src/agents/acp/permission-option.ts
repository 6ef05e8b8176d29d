import type { PermissionAnswer } from "../port.ts";
import { isObject } from "./wire-message.ts";

/** How a request is answered on the wire. */
export type PermissionOutcome = { outcome: "selected"; optionId: string } | { outcome: "cancelled" };

/** The outcome, and beside it what the agent's own tool was told (`question-tool.ts`). */
export type PermissionReply = { outcome: PermissionOutcome; answers?: Record<string, string> };

/** What may stand for an answer, best first: an agent is told `always` only when it offers nothing smaller. */
const REJECT = ["reject_once", "reject_always"];
const KINDS: Record<Exclude<PermissionAnswer, "cancelled">, readonly string[]> = {
  once: ["allow_once", "allow_always"],
  reject: REJECT,
  denied: REJECT,
  expired: REJECT,
};

/**
 * Picks the option that says `answer`. When the agent offers none of that kind the outcome is `cancelled`, which agents take as a no; a yes is
 * never sent for a no, nor a no for a yes.
 */
export function chooseOption(options: unknown, answer: PermissionAnswer): PermissionOutcome {
  if (answer === "cancelled") return { outcome: "cancelled" };
  const offered = (Array.isArray(options) ? options : []).filter(isObject);
  for (const kind of KINDS[answer]) {
    const option = offered.find((each) => each["kind"] === kind && typeof each["optionId"] === "string");
    if (option !== undefined) return { outcome: "selected", optionId: String(option["optionId"]) };
  }
  return { outcome: "cancelled" };
}
