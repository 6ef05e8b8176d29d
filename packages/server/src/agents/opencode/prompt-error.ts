import type { SessionError } from "@holdfast/protocol";
import { shownText } from "../agent-error.ts";
import { object, text, type Json } from "./json.ts";

/** The error of a message or of a session as ours; texts are bounded and masked. */
export function promptError(agent: string, value: unknown): SessionError {
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
    case "ContextOverflowError":
      return { name: "ContextOverflowError", data: { message } };
    case "ProviderAuthError":
      return {
        name: "ProviderAuthError",
        data: { providerId: shownText(text(data["providerID"]) ?? agent), message },
      };
    case "APIError":
      return { name: "APIError", data: apiErrorData(data, message) };
    default:
      return { name: "AgentReportedError", data: { agent, message } };
  }
}

function apiErrorData(data: Json, message: string): Extract<SessionError, { name: "APIError" }>["data"] {
  const { statusCode } = data;
  const isStatus =
    typeof statusCode === "number" && Number.isInteger(statusCode) && statusCode >= 100 && statusCode <= 999;
  const body = text(data["responseBody"]);
  return {
    message,
    isRetryable: data["isRetryable"] === true,
    ...(isStatus ? { statusCode } : {}),
    ...(body === undefined ? {} : { responseBody: shownText(body) }),
  };
}
