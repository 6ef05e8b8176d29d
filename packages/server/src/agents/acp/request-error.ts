import { RequestError } from "@agentclientprotocol/sdk";
import type { AuthMethod, SessionError } from "@holdfast/protocol";
import { shownText } from "../agent-error.ts";
import { toldStatus, type Quirks } from "../catalog/index.ts";
import { modelError } from "../model-error.ts";
import { loginError } from "./auth-methods.ts";
import { isObject } from "./wire-message.ts";
import { RESPONSE_TOO_LARGE } from "./wire.ts";

const METHOD_NOT_FOUND = -32_601;
const AUTH_REQUIRED = -32_000;
const RESOURCE_NOT_FOUND = -32_002;

/** Words of agents that have no code of their own for a session they do not know. */
const GONE =
  /\b(?:session|conversation|thread)\b.{0,80}\b(?:not found|does not exist|unknown|no such|expired)\b|\b(?:unknown|no such|invalid) session\b|\bno (?:previous |saved )?sessions? found\b/is;

/**
 * What an error answer to load or resume means: the method does not exist, the session does not exist, a login is missing, or something
 * broke, which never counts as gone.
 */
export type OpenRefusal = "unsupported" | "gone" | "login" | "broken";

export function classifyRefusal(error: unknown): OpenRefusal {
  if (!(error instanceof RequestError)) return "broken";
  if (error.code === METHOD_NOT_FOUND) return "unsupported";
  if (error.code === RESOURCE_NOT_FOUND) return "gone";
  if (error.code === AUTH_REQUIRED) return "login";
  return error.code !== RESPONSE_TOO_LARGE && GONE.test(describeError(error)) ? "gone" : "broken";
}

/** Who answered a prompt with an error. */
export type Teller = {
  agent: string;
  version: string | undefined;
  quirks: Quirks;
  authMethods: readonly AuthMethod[];
};

/**
 * The error of a prompt that was answered with one: what the model's provider said, as far as the agent tells it in data or in a sentence of
 * its record; a missing login; else the agent's own words.
 */
export function promptError(teller: Teller, error: unknown): SessionError {
  const { agent } = teller;
  if (!(error instanceof RequestError)) {
    return { name: "UnknownError", data: { message: "The prompt could not be sent." } };
  }
  const message = describeError(error);
  if (error.code === AUTH_REQUIRED) return loginError(agent, message, teller.authMethods);
  const data: Record<string, unknown> = isObject(error.data) ? error.data : {};
  const told = modelError({
    providerId: typeof data["providerId"] === "string" ? shownText(data["providerId"]) : agent,
    message,
    // opencode over ACP names the type of its error and keeps the rest, 1.18.
    isCall: data["errorName"] === "APIError",
    statusCode: statusOf(error) ?? toldStatus(teller, message),
    isRetryable: data["isRetryable"],
    responseHeaders: data["responseHeaders"] ?? data["headers"],
    responseBody: data["responseBody"] ?? data["body"] ?? (isObject(data["error"]) ? data : undefined),
    metadata: data["metadata"],
  });
  return told ?? { name: "AgentReportedError", data: { agent, message } };
}

/** The error's message with what its data adds to it. */
export function describeError(error: RequestError): string {
  const { data } = error;
  const details = isObject(data) ? (data["details"] ?? data["message"] ?? data["error"]) : data;
  const text = typeof details === "string" ? details : "";
  return shownText(text === "" || error.message.includes(text) ? error.message : `${error.message}: ${text}`);
}

/** Some agents give the HTTP status as data, some as the code itself, some at the beginning of the details. */
function statusOf(error: RequestError): number | undefined {
  const { data } = error;
  const named = isObject(data) ? (data["status"] ?? data["statusCode"]) : undefined;
  const details = isObject(data) && typeof data["details"] === "string" ? data["details"] : "";
  const leading = /^(\d{3})\b/.exec(details)?.[1];
  return [named, error.code, leading === undefined ? undefined : Number(leading)].find(
    (status): status is number =>
      typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599,
  );
}
