import { HoldfastError, isHoldfastError, storageRefusal } from "@holdfast/kernel";
import { ERROR_CODES, type ErrorCode, type Issue, type Problem } from "@holdfast/protocol";
import type { z } from "zod";
import type { Reply } from "./reply.ts";

/** Issues shown of one refused request, and characters of each (I-3: never an echo of the whole input). */
const ISSUES = 20;
const ISSUE_LENGTH = 240;
/** Seconds to wait when the refusal does not say, for codes that are worth repeating. */
const RETRY_AFTER_S = 1;

/** Any thrown value as an RFC 9457 document (I-3). What is neither a HoldfastError nor the machine's storage refusing (D-34) is INTERNAL and shows nothing of itself. */
export function problemReply(error: unknown, requestId: string): Reply {
  const known = isHoldfastError(error)
    ? error
    : (storageRefusal(error) ??
      new HoldfastError(
        "INTERNAL",
        "Something broke inside the server; the log names it by this request id.",
      ));
  const { status, title, retry } = ERROR_CODES[known.code];
  const problem: Problem = {
    ...known.data,
    type: `urn:holdfast:problem:${known.code.toLowerCase().replaceAll("_", "-")}`,
    title,
    status,
    code: known.code,
    detail: known.message,
    requestId,
  };
  if (known.issues !== undefined) problem.issues = known.issues;
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (retry === "after") headers["retry-after"] = String(retryAfter(known));
  if (known.code === "UNAUTHENTICATED") headers["www-authenticate"] = "Bearer";
  const { allow } = known.data ?? {};
  if (typeof allow === "string") headers["allow"] = allow;
  return { status, body: problem, headers };
}

/** A refusal for a shape that zod found wrong; texts are cut, values never shown. */
export function shapeRefusal(
  error: z.ZodError,
  where: string,
  code: ErrorCode = "INVALID_REQUEST",
): HoldfastError {
  const issues: Issue[] = error.issues.slice(0, ISSUES).map((issue) => ({
    path: [where, ...issue.path].map(String).join(".").slice(0, ISSUE_LENGTH),
    message: issue.message.slice(0, ISSUE_LENGTH),
  }));
  return new HoldfastError(code, `The ${where} of the request has the wrong shape; see issues.`, { issues });
}

/** A refusal that names when the next try can succeed. */
export function rateRefusal(detail: string, waitMs: number): HoldfastError {
  return new HoldfastError("RATE_LIMITED", detail, { data: { retryAfter: Math.ceil(waitMs / 1000) } });
}

function retryAfter(error: HoldfastError): number {
  const seconds = error.data?.["retryAfter"];
  return typeof seconds === "number" && seconds > 0 ? Math.ceil(seconds) : RETRY_AFTER_S;
}
