import { describe, expect, test } from "vitest";
import { RETRY_LIMIT_MS, retryDelayMs } from "./retry.ts";
import { isRetryable } from "./retryable.ts";
import type { APIError, SessionError } from "./session-error.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

const api = (data: Partial<APIError["data"]> = {}): SessionError => ({
  name: "APIError",
  data: { message: "failed", isRetryable: true, ...data },
});
const withHeaders = (responseHeaders: Record<string, string>) => api({ responseHeaders });

describe("the delay before a retry", () => {
  test("doubles from 2 s and stops at 30 s without headers", () => {
    const delays = [1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(attempt, api(), NOW));
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(retryDelayMs(6, undefined, NOW)).toBe(30_000);
  });

  test.each<[string, Record<string, string>, number]>([
    ["milliseconds", { "retry-after-ms": "1500.2" }, 1_501],
    ["milliseconds before seconds", { "retry-after-ms": "10", "retry-after": "50" }, 10],
    ["seconds", { "retry-after": "50" }, 50_000],
    ["parts of a second", { "Retry-After": "0.0305" }, 31],
    ["700 s", { "retry-after": "700" }, 700_000],
    ["a date", { "retry-after": new Date(NOW + 20_000).toUTCString() }, 20_000],
    ["a date in the past is ignored", { "retry-after": new Date(NOW - 20_000).toUTCString() }, 2_000],
    ["words are ignored", { "retry-after": "soon" }, 2_000],
    ["a malformed date is ignored", { "retry-after": "Thu, 99 Foo 2026 00:00:00 GMT" }, 2_000],
    ["nothing is ignored", { "retry-after": "" }, 2_000],
    ["a negative is ignored", { "retry-after": "-5" }, 2_000],
    ["a bad ms falls to seconds", { "retry-after-ms": "x", "retry-after": "3" }, 3_000],
    ["no timer overflow", { "retry-after-ms": "2560000000" }, RETRY_LIMIT_MS],
    ["no timer overflow in seconds", { "retry-after": "1e300" }, RETRY_LIMIT_MS],
  ])("header: %s", (_name, headers, delay) => {
    expect(retryDelayMs(1, withHeaders(headers), NOW)).toBe(delay);
  });

  test("headers without a hint leave the exponential uncapped, up to the longest timer", () => {
    expect(retryDelayMs(6, withHeaders({ date: "x" }), NOW)).toBe(64_000);
    expect(retryDelayMs(4_000, withHeaders({ date: "x" }), NOW)).toBe(RETRY_LIMIT_MS);
  });
});

describe("what is retried", () => {
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
