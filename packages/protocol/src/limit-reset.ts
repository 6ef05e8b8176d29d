/** When the usage limit is over for which a model's provider refused a call. Pure: time is passed in. */
import type { APIError, SessionError } from "./session-error.ts";

/** Furthest reset that is believed, in ms: limits are counted by the hour, the week or the month. */
export const FURTHEST_RESET_MS = 35 * 86_400_000;

const TOO_MANY_REQUESTS = 429;
const LIMIT = /\b(?:rate|usage)[ _-]?limit|too many requests/i;

/** Wall-clock ms, later than `now`. Nothing where the error is no limit, or does not say when it is over. */
export function limitReset(error: SessionError, now: number): number | undefined {
  if (error.name !== "APIError" || !isLimit(error.data)) return undefined;
  const { responseHeaders = {}, responseBody = "" } = error.data;
  const delay = delayInHeaders(responseHeaders, now) ?? delayInBody(responseBody, now);
  if (delay === undefined || delay <= 0 || delay > FURTHEST_RESET_MS) return undefined;
  return now + Math.ceil(delay);
}

const isLimit = ({ statusCode, message, responseBody = "" }: APIError["data"]): boolean =>
  statusCode === TOO_MANY_REQUESTS || [message, responseBody].some((text) => LIMIT.test(text));

/** `retry-after-ms`, else `retry-after` as seconds or as a date in the future (RFC 9110, 10.2.3), in ms. */
function delayInHeaders(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = numberOf(header(headers, "retry-after-ms"));
  if (ms !== undefined) return ms;
  const after = header(headers, "retry-after");
  const seconds = numberOf(after);
  if (seconds !== undefined) return seconds * 1_000;
  const date = after === undefined || !/[a-z]/i.test(after) ? Number.NaN : Date.parse(after);
  return date > now ? date - now : undefined;
}

/** Limits of a plan are told in the body: as a moment or a span in seconds (OpenAI's `usage_limit_reached`). The body may be cut, so it is not parsed. */
function delayInBody(body: string, now: number): number | undefined {
  const span = numberOf(/"resets_in_seconds"\s*:\s*(\d+)/.exec(body)?.[1]);
  const moment = numberOf(/"resets_at"\s*:\s*(\d+)/.exec(body)?.[1]);
  if (moment !== undefined) return moment * 1_000 - now;
  return span === undefined ? undefined : span * 1_000;
}

function header(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
