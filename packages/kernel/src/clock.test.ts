import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MAX_TIMER_MS, systemClock } from "./clock.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("[R-17.9] a wait longer than the longest timer does not end at once", () => {
  let fired = 0;
  const timer = systemClock.after(2_560_000_000, () => (fired += 1));
  vi.advanceTimersByTime(MAX_TIMER_MS - 1);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(1);
  timer.cancel();
});
