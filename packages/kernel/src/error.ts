import { ERROR_CODES, type ErrorCode, type Issue } from "@holdfast/protocol";

export type ErrorDetails = {
  issues?: Issue[];
  /** Facts a caller branches on or shows; part of the problem document, so never a secret. */
  data?: Record<string, unknown>;
  cause?: unknown;
};

/** The one error class for refusals that cross a door. Its message may be shown to clients: what happened, to which id, what to do (I-3). */
export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly issues: Issue[] | undefined;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "HoldfastError";
    this.code = code;
    this.issues = details.issues;
    this.data = details.data;
  }

  /** HTTP status of the code, from the closed table. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

export function isHoldfastError(value: unknown, code?: ErrorCode): value is HoldfastError {
  return value instanceof HoldfastError && (code === undefined || value.code === code);
}

/** The usual 404. */
export function notFound(what: string, id: string): HoldfastError {
  return new HoldfastError("NOT_FOUND", `No ${what} has the id ${JSON.stringify(id.slice(0, 64))}.`);
}

/** Text of an unknown thrown value, for logs only: it never goes to a client. */
export function errorText(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
