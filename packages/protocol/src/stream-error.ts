import { OVERFLOW_CODE, saysOverflow } from "./overflow.ts";
import type { SessionError } from "./session-error.ts";

type Facts = Readonly<Record<string, unknown>>;

/** What providers mean by a code inside a stream, where there is no HTTP status (session-model 3). */
const REFUSALS: Readonly<Record<string, string>> = {
  insufficient_quota: "The quota is used up. Check the plan and the billing details.",
  usage_not_included: "The plan does not include this use.",
  invalid_prompt: "The provider refused the prompt as invalid.",
};
const RATES = new Set(["too_many_requests", "rate_limit_error"]);

/**
 * Reads an error that a provider sent as data inside its stream: a JSON text or object, wrapped (`{error: {...}}`) or not. Nothing when it
 * does not look like one. A numeric code is a code like any other.
 */
export function classifyStreamError(raw: unknown): SessionError | undefined {
  const outer = objectOf(raw);
  if (outer === undefined) return undefined;
  const inner = objectOf(outer["error"]) ?? outer;
  const message = textOf(inner["message"]) || textOf(outer["message"]);
  const codes = [inner["code"], inner["type"], outer["code"]]
    .map(textOf)
    .filter((code) => code !== "" && code !== "error");
  if (inner === outer && outer["type"] !== "error" && (codes.length === 0 || message === ""))
    return undefined;

  const responseBody = typeof raw === "string" ? raw : JSON.stringify(raw);
  const refusal = codes.find((code) => code in REFUSALS);
  if (refusal !== undefined) return apiError(message || (REFUSALS[refusal] ?? refusal), false, responseBody);
  if (codes.some((code) => RATES.has(code) || code.includes("rate_limit"))) {
    return apiError(message || "Too many requests", true, responseBody);
  }
  if (codes.includes(OVERFLOW_CODE) || saysOverflow(message)) {
    return {
      name: "ContextOverflowError",
      data: { message: message || "The context window is exceeded", responseBody },
    };
  }
  return message === "" ? undefined : apiError(message, false, responseBody);
}

/** Whether the body of a refused call says that the same call will be refused again, whatever its status (session-model 3). */
export function isRefusal(body: string | undefined): boolean {
  const outer = objectOf(body);
  const inner = objectOf(outer?.["error"]) ?? outer;
  return [inner?.["code"], inner?.["type"]].map(textOf).some((code) => code in REFUSALS);
}

function apiError(message: string, isRetryable: boolean, responseBody: string): SessionError {
  return { name: "APIError", data: { message, isRetryable, responseBody } };
}

function objectOf(value: unknown): Facts | undefined {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Facts;
  if (typeof value !== "string" || !value.trimStart().startsWith("{")) return undefined;
  try {
    return objectOf(JSON.parse(value));
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
