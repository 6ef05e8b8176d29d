import type { ErrorCode, Issue } from "@holdfast/protocol";

/** A problem document as a client sees it: a newer server may know more codes, and members beyond these carry facts (`paths`, `report` ...). */
export type ApiProblem = {
  type: string;
  title: string;
  status: number;
  code: ErrorCode | (string & {});
  detail: string;
  requestId: string;
  issues?: Issue[] | undefined;
  [fact: string]: unknown;
};

/** The server refused the request. `problem.code` is what a caller branches on; `retryAfterMs` is what the server asked for. */
export class HoldfastApiError extends Error {
  readonly problem: ApiProblem;
  readonly retryAfterMs: number | undefined;

  constructor(problem: ApiProblem, retryAfterMs?: number) {
    super(problem.detail || problem.title);
    this.name = "HoldfastApiError";
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  get code(): ApiProblem["code"] {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** No usable answer came: nobody listens, the connection broke, or the time was up. Whether the request was applied is unknown. */
export class HoldfastConnectionError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "HoldfastConnectionError";
  }
}

/** The answer does not have the shape of the contract: client and server do not fit, or something else answers at this address. */
export class HoldfastContractError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "HoldfastContractError";
  }
}

/** Whether the same request may succeed later: nobody answered, or the server says that it cannot now. Everything else would be refused again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof HoldfastConnectionError) return true;
  return error instanceof HoldfastApiError && (error.status >= 500 || error.status === 429);
}

export function isApiError(value: unknown, code?: ErrorCode): value is HoldfastApiError {
  return value instanceof HoldfastApiError && (code === undefined || value.code === code);
}
