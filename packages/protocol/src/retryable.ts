/** Whether a failed step may be tried again (session-model 13). Pure. */
import type { SessionError } from "./session-error.ts";

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

function parseObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  if (typeof value !== "string" || !value.trimStart().startsWith("{")) return undefined;
  try {
    return parseObject(JSON.parse(value));
  } catch {
    return undefined;
  }
}
