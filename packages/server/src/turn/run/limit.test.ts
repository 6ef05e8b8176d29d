import type { APIError } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { PromptResult } from "../../agents/index.ts";
import { farRetry, withReset } from "./limit.ts";

const NOW = 1_000_000;
const limit = (headers: Record<string, string> = {}): APIError => ({
  name: "APIError",
  data: { message: "no more", isRetryable: true, statusCode: 429, responseHeaders: headers },
});

test("[A-29] a prompt that failed at a limit says when that is over, where the provider told it", () => {
  const failed: PromptResult = { outcome: "failed", error: limit({ "retry-after": "60" }) };
  expect(withReset(failed, NOW)).toMatchObject({
    error: { data: { message: "no more", resetAt: NOW + 60_000 } },
  });
  const others: PromptResult[] = [
    { outcome: "failed", error: limit() },
    { outcome: "failed", error: { name: "UnknownError", data: { message: "429" } } },
    { outcome: "ended", stopReason: "end_turn" },
    { outcome: "killed" },
  ];
  for (const other of others) expect(withReset(other, NOW)).toBe(other);
});

test("[A-29] a try that the agent repeats too far ahead is a limit until then, one within the time is waited for", () => {
  const told = (next: number) => ({ type: "retry", failed: { attempt: 1, error: limit(), next } }) as const;
  expect(farRetry(told(NOW + 2_001), 2_000, NOW)).toMatchObject({
    data: { statusCode: 429, resetAt: NOW + 2_001 },
  });
  expect(farRetry(told(NOW + 2_000), 2_000, NOW)).toBeUndefined();
  expect(farRetry(told(Number.MAX_SAFE_INTEGER), 2_000, NOW)?.data.resetAt).toBe(NOW + 35 * 86_400_000);
  expect(farRetry({ type: "retry" }, 2_000, NOW)).toBeUndefined();
  expect(farRetry({ type: "text", text: "retry" }, 2_000, NOW)).toBeUndefined();
});
