/** When a failed step is tried again (session-model 13). Pure: time is passed in. */
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

function header(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
