import type { SessionError } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { delayOf, retryDelay } from "./retry-delay.ts";

const now = Date.parse("2026-11-30T12:00:00Z");
const error = (responseHeaders?: Record<string, string>): SessionError => ({
  name: "APIError",
  data: { message: "busy", isRetryable: true, ...(responseHeaders && { responseHeaders }) },
});

test("[R-13.1] without headers the delay doubles up to 30 s", () => {
  const delays = [1, 2, 3, 4, 5, 6].map((attempt) => retryDelay(error(), attempt, now));
  expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test.each([
  ["ms before seconds", { "retry-after-ms": "1500.5", "retry-after": "9" }, 1_500.5],
  ["seconds, rounded up", { "Retry-After": "1.2345" }, 1_235],
  ["50 s are obeyed", { "retry-after": "50" }, 50_000],
  ["700 s are obeyed", { "retry-after": "700" }, 700_000],
  ["a date to come", { "retry-after": "Mon, 30 Nov 2026 12:00:20 GMT" }, 20_000],
  ["a date that has passed", { "retry-after": "Mon, 30 Nov 2026 11:00:00 GMT" }, 8_000],
  ["a date that is malformed", { "retry-after": "Thu, 99 Foo 2026 00:00:00 GMT" }, 8_000],
  ["ms that are none fall to seconds", { "retry-after-ms": "x", "retry-after": "3" }, 3_000],
  ["no date at all", { "retry-after": "soon" }, 8_000],
  ["an empty one", { "retry-after": "" }, 8_000],
  ["a negative one", { "retry-after": "-5" }, 8_000],
  ["no timer is that long", { "retry-after-ms": "2560000000" }, 2_147_483_647],
])("[R-13.1] headers: %s", (_name, headers, expected) => {
  expect(retryDelay(error(headers), 3, now)).toBe(expected);
});

test("[R-13.1] headers without a hint leave the doubling uncapped", () => {
  expect(retryDelay(error({ "x-request-id": "1" }), 6, now)).toBe(64_000);
});

test("[A-29] a provider that wants to be left alone for long is not waited for", () => {
  expect(delayOf(error({ "retry-after": "900" }), 1, now)).toBe(900_000);
  expect(delayOf(error({ "retry-after": "901" }), 1, now)).toBeUndefined();
});

test("[R-13.1] what may not be repeated has no delay", () => {
  const final: SessionError = { name: "APIError", data: { message: "no", isRetryable: false } };
  expect(delayOf(final, 1, now)).toBeUndefined();
  expect(delayOf({ name: "UnknownError", data: { message: '{"error":1}' } }, 1, now)).toBeUndefined();
  expect(delayOf({ name: "UnknownError", data: { message: "Too Many Requests" } }, 1, now)).toBe(2_000);
  expect(delayOf({ name: "ContextOverflowError", data: { message: "rate limit" } }, 1, now)).toBeUndefined();
});
