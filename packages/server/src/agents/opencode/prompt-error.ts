import type { SessionError } from "@holdfast/protocol";
import { shownText } from "../agent-error.ts";
import { modelError, shownBody } from "../model-error.ts";
import { object, text } from "./json.ts";

/** The error of a message or of a session as ours; texts are bounded and masked. `providerId` is that of the message's model. */
export function promptError(agent: string, value: unknown, providerId = agent): SessionError {
  const error = object(value);
  const data = object(error["data"]);
  const message = shownText(text(data["message"]) ?? text(error["name"]) ?? "opencode reported an error.");
  switch (error["name"]) {
    case "MessageAbortedError":
      return { name: "MessageAbortedError", data: { message } };
    case "MessageOutputLengthError":
      return { name: "MessageOutputLengthError", data: {} };
    case "ContentFilterError":
      return { name: "ContentFilterError", data: { message } };
    case "ProviderAuthError":
      return {
        name: "ProviderAuthError",
        data: { providerId: shownText(text(data["providerID"]) ?? providerId), message },
      };
    case "ContextOverflowError": {
      const responseBody = shownBody(data["responseBody"]);
      return {
        name: "ContextOverflowError",
        data: responseBody === undefined ? { message } : { message, responseBody },
      };
    }
    case "APIError": {
      const { statusCode, isRetryable, responseHeaders, responseBody, metadata } = data;
      const call = { statusCode, isRetryable: isRetryable === true, responseHeaders, responseBody, metadata };
      const error = modelError({ providerId, message, ...call });
      return error ?? { name: "APIError", data: { message, isRetryable: false } };
    }
    default:
      return modelError({ providerId, message }) ?? { name: "AgentReportedError", data: { agent, message } };
  }
}
