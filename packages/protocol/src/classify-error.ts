/**
 * Turns anything thrown while a model was asked into a typed session error (session-model 3). The order of the questions is the rule: the
 * first that answers wins. Errors of the AI SDK are known by their shape, not by their class, so that this needs no dependency. Pure.
 */
import { OVERFLOW_CODE, saysOverflow } from "./overflow.ts";
import { redactHeaders } from "./redact-headers.ts";
import { type APIError, abortedError, type SessionError, sessionErrorSchema } from "./session-error.ts";
import { classifyStreamError } from "./stream-error.ts";

/** Longest response body kept with an error, in characters: errors are stored in rows. */
export const ERROR_BODY_LENGTH = 32_768;

export type ErrorContext = {
  providerId: string;
  /** We are stopping: a broken decompression is then our own abort. */
  aborting?: boolean;
};

type Facts = Readonly<Record<string, unknown>>;

export function classifyError(error: unknown, context: ErrorContext): SessionError {
  const facts: Facts = typeof error === "object" && error !== null ? (error as Facts) : {};
  const message = textOf(facts["message"]);
  const name = textOf(facts["name"]);

  if (name === "AbortError") return abortedError(message || "Aborted");
  if (name === "MessageOutputLengthError") return { name, data: {} };
  if (name === "AI_LoadAPIKeyError" || name === "LoadAPIKeyError") {
    return { name: "ProviderAuthError", data: { providerId: context.providerId, message } };
  }
  const reset = findCode(facts, "ECONNRESET");
  if (reset !== undefined) return connectionReset(reset);
  if (name === "ZlibError" || /^(?:Z_|ERR_ZLIB|ZlibError)/.test(textOf(facts["code"]))) {
    return context.aborting === true ? abortedError("Aborted") : brokenBody(textOf(facts["code"]), message);
  }
  if (name === "AI_APICallError" || name === "APICallError") return classifyCall(facts, message, context);

  const stored = sessionErrorSchema.safeParse(error);
  if (stored.success) return redacted(stored.data);
  if (error instanceof Error) return { name: "UnknownError", data: { message: describe(error) } };
  return classifyStreamError(error) ?? { name: "UnknownError", data: { message: jsonOf(error) } };
}

/** A failed HTTP call to a provider. */
function classifyCall(facts: Facts, message: string, context: ErrorContext): SessionError {
  const status = typeof facts["statusCode"] === "number" ? facts["statusCode"] : undefined;
  const body = typeof facts["responseBody"] === "string" ? facts["responseBody"] : undefined;
  const text = readableMessage(message, status, body);
  const kept = body === undefined ? {} : { responseBody: body.slice(0, ERROR_BODY_LENGTH) };
  const overflows =
    bodyCode(body) === OVERFLOW_CODE ||
    status === 413 ||
    (status !== 429 && (saysOverflow(message) || saysOverflow(text)));
  if (overflows) return { name: "ContextOverflowError", data: { message: text, ...kept } };

  const data: APIError["data"] = {
    message: text,
    isRetryable: isRetryableCall(facts, status, context),
    ...kept,
  };
  if (status !== undefined && Number.isInteger(status) && status >= 100 && status <= 999)
    data.statusCode = status;
  const headers = facts["responseHeaders"];
  if (typeof headers === "object" && headers !== null)
    data.responseHeaders = redactHeaders(stringsOf(headers));
  const url = textOf(facts["url"]);
  if (url !== "") data.metadata = { url: withoutQuery(url) };
  return { name: "APIError", data };
}

/** OpenAI answers 404 for models that are there a moment later. */
function isRetryableCall(facts: Facts, status: number | undefined, context: ErrorContext): boolean {
  if (status === 404 && context.providerId.startsWith("openai")) return true;
  return facts["isRetryable"] === true;
}

function readableMessage(message: string, status: number | undefined, body: string | undefined): string {
  if (body !== undefined && /^\s*<(?:!doctype|html)/i.test(body)) return gatewayMessage(status, message);
  const inner = body === undefined ? "" : bodyMessage(body);
  if (message === "")
    return inner || body?.slice(0, 1_000) || (status === undefined ? "Unknown error" : `HTTP ${status}`);
  return inner === "" || message.includes(inner) ? message : `${message}: ${inner}`;
}

/** A page of HTML comes from something between us and the provider, and nobody can read it in a message. */
function gatewayMessage(status: number | undefined, message: string): string {
  if (status === 401)
    return "Unauthorized: a gateway or proxy refused the request. Check the credentials for it.";
  if (status === 403)
    return "Forbidden: a gateway or proxy blocked the request. Check the network's rules and the account.";
  return message || `A gateway answered with a page instead of data (HTTP ${status ?? "unknown"}).`;
}

function connectionReset(facts: Facts): SessionError {
  const metadata: Record<string, string> = {};
  for (const key of ["code", "syscall", "message"]) {
    if (typeof facts[key] === "string") metadata[key] = facts[key];
  }
  return { name: "APIError", data: { message: "Connection reset by server", isRetryable: true, metadata } };
}

function brokenBody(code: string, message: string): SessionError {
  return {
    name: "APIError",
    data: {
      message: "The response could not be decompressed",
      isRetryable: true,
      metadata: { code: code || "ZlibError", message },
    },
  };
}

/** The error or one of its causes that has this code; at most eight deep. */
function findCode(facts: Facts, code: string): Facts | undefined {
  let current: unknown = facts;
  for (let depth = 0; depth < 8 && typeof current === "object" && current !== null; depth += 1) {
    if ((current as Facts)["code"] === code) return current as Facts;
    current = (current as Facts)["cause"];
  }
  return undefined;
}

function redacted(error: SessionError): SessionError {
  if (error.name !== "APIError" || error.data.responseHeaders === undefined) return error;
  return {
    name: "APIError",
    data: { ...error.data, responseHeaders: redactHeaders(error.data.responseHeaders) },
  };
}

/** An error without a message still says what it is: tagged errors carry their facts beside it. */
function describe(error: Error): string {
  if (error.message !== "") return error.message;
  const facts = jsonOf(Object.fromEntries(Object.entries(error)));
  const name = textOf((error as unknown as Facts)["_tag"]) || error.name;
  return facts === "{}" ? name : `${name} ${facts}`;
}

function bodyCode(body: string | undefined): string | undefined {
  const error = errorOf(body);
  return error === undefined ? undefined : textOf(error["code"]);
}

function bodyMessage(body: string): string {
  return textOf(errorOf(body)?.["message"]);
}

/** The `error` object of a JSON body, or the body itself. */
function errorOf(body: string | undefined): Facts | undefined {
  try {
    const json: unknown = JSON.parse(body ?? "");
    if (typeof json !== "object" || json === null) return undefined;
    const inner = (json as Facts)["error"];
    return typeof inner === "object" && inner !== null ? (inner as Facts) : (json as Facts);
  } catch {
    return undefined;
  }
}

function stringsOf(value: object): Record<string, string> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]));
}

/** Keys of some providers stand in the query of the address. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? "";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
