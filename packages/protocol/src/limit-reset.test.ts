import { expect, test } from "vitest";
import { FURTHEST_RESET_MS, limitReset } from "./limit-reset.ts";
import type { APIError, SessionError } from "./session-error.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const SECONDS = NOW / 1_000;
const DAY_MS = 86_400_000;

const refused = (data: Partial<APIError["data"]>): SessionError => ({
  name: "APIError",
  data: { message: "slow down", isRetryable: true, statusCode: 429, ...data },
});
const headers = (responseHeaders: Record<string, string>) => refused({ responseHeaders });
const body = (error: Record<string, unknown>) => refused({ responseBody: JSON.stringify({ error }) });

test.each<[string, SessionError, number | undefined]>([
  ["milliseconds", headers({ "retry-after-ms": "1500.2" }), 1_501],
  ["milliseconds before seconds", headers({ "retry-after-ms": "10", "retry-after": "50" }), 10],
  ["seconds", headers({ "retry-after": "50" }), 50_000],
  ["minutes", headers({ "retry-after": "700" }), 700_000],
  ["longer than a timer", headers({ "retry-after-ms": "2560000000" }), 2_560_000_000],
  ["parts of a second", headers({ "Retry-After": "0.0305" }), 31],
  ["a date", headers({ "retry-after": new Date(NOW + 20_000).toUTCString() }), 20_000],
  ["bad milliseconds fall to seconds", headers({ "retry-after-ms": "x", "retry-after": "3" }), 3_000],
  ["a date in the past", headers({ "retry-after": new Date(NOW - 20_000).toUTCString() }), undefined],
  ["words", headers({ "retry-after": "soon" }), undefined],
  ["a malformed date", headers({ "retry-after": "Thu, 99 Foo 2026 00:00:00 GMT" }), undefined],
  ["nothing", headers({ "retry-after": "" }), undefined],
  ["a negative", headers({ "retry-after": "-5" }), undefined],
  ["now", headers({ "retry-after": "0" }), undefined],
  ["the furthest", headers({ "retry-after-ms": String(FURTHEST_RESET_MS) }), 35 * DAY_MS],
  ["further than is believed", headers({ "retry-after-ms": String(FURTHEST_RESET_MS + 1) }), undefined],
  ["endless", headers({ "retry-after": "1e300" }), undefined],
  ["a moment in the body", body({ type: "usage_limit_reached", resets_at: SECONDS + 3_600 }), 3_600_000],
  ["a span in the body", body({ resets_in_seconds: 90 }), 90_000],
  ["a past moment in the body", body({ resets_at: SECONDS - 1 }), undefined],
  ["a moment in words", body({ resets_at: "tomorrow" }), undefined],
  [
    "headers before the body",
    refused({ responseHeaders: { "retry-after": "5" }, responseBody: '{"resets_in_seconds":90}' }),
    5_000,
  ],
  ["another provider's headers only", headers({ date: "x" }), undefined],
  [
    "a limit that is told without a status",
    {
      name: "APIError",
      data: { message: "Rate limit reached", isRetryable: true, responseHeaders: { "retry-after": "5" } },
    },
    5_000,
  ],
  [
    "a limit of usage",
    {
      name: "APIError",
      data: {
        message: "no",
        isRetryable: false,
        statusCode: 400,
        responseBody: '{"error":{"type":"usage_limit_reached","resets_in_seconds":5}}',
      },
    },
    5_000,
  ],
  [
    "a server that is overloaded",
    {
      name: "APIError",
      data: {
        message: "overloaded",
        isRetryable: true,
        statusCode: 503,
        responseHeaders: { "retry-after": "5" },
      },
    },
    undefined,
  ],
  ["another error", { name: "UnknownError", data: { message: "rate limit, retry-after: 5" } }, undefined],
])("[A-29, R-17.9] when a limit is over: %s", (_name, error, delay) => {
  expect(limitReset(error, NOW)).toBe(delay === undefined ? undefined : NOW + delay);
});
