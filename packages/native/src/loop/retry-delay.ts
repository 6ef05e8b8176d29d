/** When a failed try is made again (session-model 13). Pure: time is passed in. */
import { type APIError, retryReason, type SessionError } from "@holdfast/protocol";

/** Of the first retry; each further one waits twice as long. */
const FIRST_MS = 2_000;
/** Longest where the provider says nothing: without headers it cannot have said more. */
const SILENT_MS = 30_000;
/** Longest that Node can wait. */
const LONGEST_MS = 2_147_483_647;
/** Longest that a running turn waits for a provider; later than that the turn ends, and says when it may go on. */
const PATIENCE_MS = 900_000;

/** Delay before the next try, in ms, where `attempt` tries have failed. Nothing where it must not be tried again, or not for long. */
export function delayOf(error: SessionError, attempt: number, now: number): number | undefined {
  if (retryReason(error) === undefined) return undefined;
  const delay = retryDelay(error, attempt, now);
  return delay > PATIENCE_MS ? undefined : delay;
}

/** What the headers say, else twice the time of the try before. */
export function retryDelay(error: SessionError, attempt: number, now: number): number {
  const headers = error.name === "APIError" ? error.data.responseHeaders : undefined;
  const told = headers === undefined ? undefined : delayIn(headers, now);
  const doubled = FIRST_MS * 2 ** (attempt - 1);
  const delay = told ?? (headers === undefined ? Math.min(doubled, SILENT_MS) : doubled);
  return Math.min(delay, LONGEST_MS);
}

/** `retry-after-ms`, else `retry-after`: seconds, or a date that is still to come. */
function delayIn(headers: NonNullable<APIError["data"]["responseHeaders"]>, now: number): number | undefined {
  const named = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const ms = numberOf(named["retry-after-ms"]);
  if (ms !== undefined) return ms;
  const after = named["retry-after"];
  const seconds = numberOf(after);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  const date = after === undefined || !/[a-z]/i.test(after) ? Number.NaN : Date.parse(after);
  return date > now ? date - now : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
