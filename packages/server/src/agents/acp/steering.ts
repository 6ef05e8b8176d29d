/** Giving more to a running prompt over ACP: a request that its agents share by custom, not yet of the protocol. */
import { RequestError, type ContentBlock } from "@agentclientprotocol/sdk";
import { shownText } from "../agent-error.ts";
import type { SteerResult } from "../port.ts";
import { describeError } from "./request-error.ts";
import { isObject } from "./wire-message.ts";

export const STEERING = "_session/steering";

/** `promptRequired`: an agent whose prompt has just ended says so, and begins nothing that nobody owns. */
export const steeringParams = (sessionId: string, prompt: ContentBlock[]) => ({
  sessionId,
  prompt,
  _meta: { steering: { idleBehavior: "promptRequired" } },
});

/** Reads the answer. What is not among the known ones tells nothing: agents answer methods that they do not know with an empty success. */
export function steerResultOf(answer: { result: unknown } | { error: unknown }): SteerResult {
  if ("error" in answer) {
    if (!(answer.error instanceof RequestError)) return { outcome: "unknown" };
    return { outcome: "failed", message: describeError(answer.error) };
  }
  const { outcome, reason } = isObject(answer.result) ? answer.result : {};
  switch (outcome) {
    case "injected":
    case "promptRequired":
      return { outcome };
    // Against what was asked for, but it has the words.
    case "startedNewTurn":
      return { outcome: "injected" };
    case "failed":
      return { outcome, message: shownText(typeof reason === "string" ? reason : "It said no reason.") };
    default:
      return { outcome: "unknown" };
  }
}
