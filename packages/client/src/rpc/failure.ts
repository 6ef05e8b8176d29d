import { ERROR_CODES } from "@holdfast/protocol";
import { type ApiProblem, HoldfastApiError, HoldfastConnectionError } from "../error.ts";
import { NoWayError } from "../intent.ts";

/** What a call over capnweb was rejected with: the refusal of the server as over HTTP, or that there is no answer. */
export function failureOf(reason: unknown): Error {
  if (
    reason instanceof NoWayError ||
    reason instanceof HoldfastApiError ||
    reason instanceof HoldfastConnectionError
  )
    return reason;
  const said = (reason ?? {}) as {
    code?: unknown;
    message?: unknown;
    problem?: Partial<ApiProblem> | undefined;
  };
  const detail = typeof said.message === "string" ? said.message : "the connection ended";
  const row = Object.entries(ERROR_CODES).find(([code]) => code === said.code)?.[1];
  const status = said.problem?.status ?? row?.status;
  if (typeof said.code !== "string" || typeof status !== "number")
    return new HoldfastConnectionError(`No answer over capnweb: ${detail}`, reason);
  const { code } = said;
  const problem = { type: "about:blank", title: row?.title ?? code, requestId: "", ...said.problem };
  const seconds = said.problem?.["retryAfter"];
  return new HoldfastApiError(
    { ...problem, code, status, detail: said.problem?.detail ?? detail },
    typeof seconds === "number" ? seconds * 1_000 : undefined,
  );
}
