/** How what a share service says is read, whichever way it came (S-2, S-31). */
import { ERROR_CODES, type ErrorCode } from "@holdfast/protocol";
import type { ShareAnswer } from "./share-transport.ts";

/** A call that has not ended by then, in ms, has an unknown outcome. */
export const CALL_MS = 30_000;
/** Most bytes of an answer that are read (S-2). */
export const MOST_ANSWER_BYTES = 4 * 1024 * 1024;
/** Statuses by which a server that is none of ours says that there is no such door (S-31). */
export const NO_DOOR: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 404, 405, 426]);

/** A response that is no success: our own code, no door, or nobody knows. */
export function refusalOf(
  { status, text, retryAfter }: { status: number; text: string; retryAfter: string | null },
  now: number,
): ShareAnswer<never> {
  const problem = objectIn(text) ?? {};
  const code = problem["code"];
  const waitMs = waitIn(retryAfter, now);
  const after = waitMs === undefined ? {} : { retryAfterMs: waitMs };
  if (isCode(code)) return { outcome: "refused", code, data: problem, ...after };
  if (NO_DOOR.has(status)) return { outcome: "missing", reason: `status ${status}` };
  return { outcome: "unknown", reason: `status ${status}`, ...after };
}

export const isCode = (code: unknown): code is ErrorCode =>
  typeof code === "string" && Object.hasOwn(ERROR_CODES, code);

/** The object that a text is in JSON. */
export function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Ms that a Retry-After asks for: seconds, or a date. */
export function waitIn(retryAfter: string | null, now: number): number | undefined {
  if (retryAfter === null) return undefined;
  const wait = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - now;
  return wait > 0 ? wait : undefined;
}
