import { describe, expect, test } from "vitest";
import { backoffMs, STREAM_LIMITS, TRANSPORT_LIMITS } from "../src/index.ts";

const stream = { baseMs: STREAM_LIMITS.retryBaseMs, capMs: STREAM_LIMITS.retryCapMs };
const request = { baseMs: TRANSPORT_LIMITS.retryBaseMs, capMs: TRANSPORT_LIMITS.retryCapMs };

describe("delays between tries", () => {
  test.each([
    ["a stream", stream, 1, 0, 250],
    ["a stream", stream, 1, 0.999, 500],
    ["a stream", stream, 2, 0, 500],
    ["a stream", stream, 4, 0.5, 3_000],
    ["a stream", stream, 6, 0, 7_500],
    ["a stream", stream, 6, 0.999, 14_993],
    ["a stream", stream, 100_000, 0.999, 14_993],
    ["a request", request, 1, 0, 100],
    ["a request", request, 3, 0.5, 600],
    ["a request", request, 9, 0.999, 4_998],
    ["a try that is none", request, 0, 0, 100],
  ])("[I-5] %s %j: after try %i, with chance %d, %i ms", (_name, limits, attempt, random, ms) => {
    expect(backoffMs(attempt, limits, random)).toBe(ms);
  });
});
