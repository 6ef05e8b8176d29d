import { describe, expect, test } from "vitest";
import { isRetryable } from "./retryable.ts";
import type { APIError, SessionError } from "./session-error.ts";

const api = (data: Partial<APIError["data"]> = {}): SessionError => ({
  name: "APIError",
  data: { message: "failed", isRetryable: true, ...data },
});

describe("[R-17.8] what is retried", () => {
  test.each<[string, SessionError, boolean]>([
    ["retryable call", api(), true],
    ["status 500 even if the SDK says no", api({ isRetryable: false, statusCode: 503 }), true],
    ["status 400", api({ isRetryable: false, statusCode: 400 }), false],
    ["x-should-retry: false", api({ responseHeaders: { "x-should-retry": "false" } }), false],
    [
      "x-should-retry: true",
      api({ isRetryable: false, responseHeaders: { "X-Should-Retry": "true" } }),
      true,
    ],
    ["rate text", { name: "UnknownError", data: { message: "Rate limit reached for x" } }, true],
    [
      "rate increased",
      { name: "UnknownError", data: { message: "Request rate increased too quickly" } },
      true,
    ],
    ["too many requests", { name: "UnknownError", data: { message: "Too Many Requests" } }, true],
    [
      "json type",
      { name: "UnknownError", data: { message: '{"type":"error","error":{"type":"too_many_requests"}}' } },
      true,
    ],
    ["json exhausted", { name: "UnknownError", data: { message: '{"code":"resource_exhausted"}' } }, true],
    ["json unavailable", { name: "UnknownError", data: { message: '{"code":"Service_Unavailable"}' } }, true],
    [
      "json rate limit",
      { name: "UnknownError", data: { message: '{"type":"error","error":{"code":"rate_limit_exceeded"}}' } },
      true,
    ],
    [
      "numeric code",
      { name: "UnknownError", data: { message: '{"type":"error","error":{"code":1302}}' } },
      false,
    ],
    [
      "unknown json",
      { name: "UnknownError", data: { message: '{"error":{"message":"no_kv_space"}}' } },
      false,
    ],
    ["unknown text", { name: "UnknownError", data: { message: "broken" } }, false],
    ["overflow", { name: "ContextOverflowError", data: { message: "too many requests" } }, false],
    ["missing key", { name: "ProviderAuthError", data: { providerId: "x", message: "rate limit" } }, false],
    ["content", { name: "ContentFilterError", data: { message: "rate limit" } }, false],
    ["abort", { name: "MessageAbortedError", data: { message: "rate limit" } }, false],
  ])("%s", (_name, error, retried) => {
    expect(isRetryable(error)).toBe(retried);
  });
});
