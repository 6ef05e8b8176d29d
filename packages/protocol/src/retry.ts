/** Whether and when a failed step is tried again (session-model 13). Pure: time is passed in. */
import type { SessionError } from "./session-error.ts";

/** Tries of one step: the first and at most four retries. */
export const STEP_ATTEMPTS = 5;

/** Delay of the first retry in ms; it doubles from there. */
export const RETRY_BASE_MS = 2_000;

/** Longest delay that we choose ourselves, when the provider sent no headers at all. */
export const RETRY_CAP_MS = 30_000;

/** Longest delay there is: a timer holds no more (2^31 - 1 ms). */
export const RETRY_LIMIT_MS = 2_147_483_647;

/** Milliseconds to wait before retry `attempt` (from 1) of a step that failed with this error; `now` is wall-clock ms, for HTTP dates. */
export function retryDelayMs(attempt: number, error: SessionError | undefined, now: number): number {
  const headers = error?.name === "APIError" ? error.data.responseHeaders : undefined;
  const asked = headers === undefined ? undefined : askedDelayMs(headers, now);
  const exponential = RETRY_BASE_MS * 2 ** Math.min(Math.max(attempt, 1) - 1, 30);
  const delay = asked ?? (headers === undefined ? Math.min(exponential, RETRY_CAP_MS) : exponential);
  return Math.min(delay, RETRY_LIMIT_MS);
}

/** What the provider asked for, in ms: `retry-after-ms`, else `retry-after` as seconds or as a date in the future. */
function askedDelayMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = numberOf(header(headers, "retry-after-ms"));
  if (ms !== undefined) return Math.ceil(ms);
  const after = header(headers, "retry-after");
  const seconds = numberOf(after);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  const date = after === undefined || !/[a-z]/i.test(after) ? Number.NaN : Date.parse(after);
  return date > now ? Math.ceil(date - now) : undefined;
}

/**
 * Why the step may be tried again, as a sentence for the session's status; nothing when it must not be. The provider's `x-should-retry`
 * wins; an overflow is never retried (compaction answers it), nor is an abort, a missing key, a refusal of content or an unknown error.
 */
export function retryReason(error: SessionError): string | undefined {
  if (error.name === "UnknownError") return reasonOfText(error.data.message);
  if (error.name !== "APIError") return undefined;
  const { message, statusCode, isRetryable, responseHeaders, responseBody } = error.data;
  const wish =
    responseHeaders === undefined ? undefined : header(responseHeaders, "x-should-retry")?.toLowerCase();
  if (wish === "false") return undefined;
  if (wish === "true" || isRetryable || (statusCode ?? 0) >= 500) return reasonOfText(message) ?? message;
  return reasonOfText(message) ?? reasonOfText(responseBody ?? "");
}

export function isRetryable(error: SessionError): boolean {
  return retryReason(error) !== undefined;
}

/** A plain sentence about a rate, or one of the JSON forms that mean the same. */
function reasonOfText(text: string): string | undefined {
  const json = parseObject(text);
  if (json === undefined) {
    return /rate increased too quickly|rate limit|too many requests/i.test(text) ? text : undefined;
  }
  const inner = parseObject(json["error"]) ?? {};
  const [code, innerCode, innerType] = [json["code"], inner["code"], inner["type"]].map(String);
  if (json["type"] === "error" && innerType === "too_many_requests") return "Too many requests";
  if (/exhausted|unavailable/i.test(code ?? "")) return "The provider is overloaded";
  if (json["type"] === "error" && (innerCode ?? "").includes("rate_limit")) return "Rate limited";
  return undefined;
}

function header(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

function parseObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  if (typeof value !== "string" || !value.trimStart().startsWith("{")) return undefined;
  try {
    return parseObject(JSON.parse(value));
  } catch {
    return undefined;
  }
}
