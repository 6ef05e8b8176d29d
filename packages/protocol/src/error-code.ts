import { z } from "zod";

/** Whether repeating the same request can help: never, at once, or after `Retry-After`. */
export type Retry = "never" | "same" | "after";

type Row = { status: number; retry: Retry; title: string };

/** The closed table of error codes (interfaces.md section 0). It may grow; nothing in it is renamed. */
export const ERROR_CODES = {
  INVALID_REQUEST: { status: 400, retry: "never", title: "The request has the wrong shape" },
  PROTOCOL_UNSUPPORTED: {
    status: 400,
    retry: "never",
    title: "Client and server have no version of the protocol in common",
  },
  CURSOR_INVALID: { status: 400, retry: "never", title: "The cursor is malformed" },
  UNAUTHENTICATED: { status: 401, retry: "never", title: "A valid token is required" },
  FORBIDDEN: { status: 403, retry: "never", title: "This credential may not do that" },
  HOST_NOT_ALLOWED: { status: 403, retry: "never", title: "The Host header is not allowed" },
  ORIGIN_NOT_ALLOWED: { status: 403, retry: "never", title: "The Origin is not allowed" },
  LIVE_NEEDS_STREAM: { status: 400, retry: "never", title: "A live view needs a connection that stays" },
  REF_NOT_VALID: { status: 404, retry: "never", title: "This ref does not work" },
  NOT_FOUND: { status: 404, retry: "never", title: "Nothing has this id" },
  CONFLICT: { status: 409, retry: "never", title: "The request conflicts with the present state" },
  SESSION_BUSY: { status: 409, retry: "after", title: "The session is busy" },
  WORKSPACE_BUSY: { status: 409, retry: "after", title: "The workspace is busy" },
  STALE: { status: 409, retry: "never", title: "The revision is no longer current" },
  BASE_DIVERGED: { status: 409, retry: "never", title: "The base has moved" },
  IDEMPOTENCY_MISMATCH: {
    status: 409,
    retry: "never",
    title: "The idempotency key was used with another body",
  },
  ALREADY_REPLIED: { status: 409, retry: "never", title: "Somebody answered first" },
  CHANGES_CONFLICT: { status: 409, retry: "never", title: "The changes conflict with the files" },
  RISK_UNCONFIRMED: { status: 409, retry: "never", title: "Work would be discarded; confirm it" },
  EPOCH_STALE: { status: 409, retry: "never", title: "The share's refs were renewed; this one is of before" },
  WRITER_FENCED: { status: 409, retry: "never", title: "Another publisher writes this share now" },
  STREAM_UNKNOWN: { status: 409, retry: "never", title: "The share has no such stream" },
  OP_ID_REUSED: { status: 409, retry: "never", title: "The operation's id stands for another payload" },
  SEQ_GAP: { status: 409, retry: "never", title: "Operations before these are missing" },
  CURSOR_CONFLICT: { status: 409, retry: "never", title: "The share is further than the sender" },
  CHAIN_MISMATCH: { status: 409, retry: "never", title: "Sender and share had different operations before" },
  DEPENDENCY_UNMET: { status: 409, retry: "same", title: "What the operations need is not there" },
  SHARE_MODE: { status: 409, retry: "never", title: "The share is written in the other way" },
  PREVIEW_STALE: {
    status: 409,
    retry: "never",
    title: "Look at a preview first: there is none, or it is too old",
  },
  SHARE_GONE: { status: 410, retry: "never", title: "The share was revoked" },
  TOO_LARGE: { status: 413, retry: "never", title: "The body is too large" },
  UNSUPPORTED_TYPE: { status: 415, retry: "never", title: "The content type is not supported" },
  UNPROCESSABLE: { status: 422, retry: "never", title: "The request is understood but cannot be done" },
  OP_INVALID: { status: 422, retry: "never", title: "An operation has the wrong shape" },
  REF_WIDENS: { status: 422, retry: "never", title: "A ref cannot allow more than the one it comes from" },
  CAVEAT_UNENFORCEABLE: { status: 422, retry: "never", title: "This limit cannot be kept on these rights" },
  QUOTA_EXCEEDED: { status: 422, retry: "never", title: "The share has no room left" },
  AGENT_UNAVAILABLE: { status: 422, retry: "never", title: "The agent is not available" },
  PATH_ESCAPES: { status: 422, retry: "never", title: "The path leaves its workspace" },
  NO_COMMITS: { status: 422, retry: "never", title: "The repository has no commits" },
  NOT_GIT: { status: 422, retry: "never", title: "The directory is not a git repository" },
  RATE_LIMITED: { status: 429, retry: "after", title: "Too many requests" },
  INTERNAL: { status: 500, retry: "same", title: "Something broke inside the server" },
  NEWER_ROW: { status: 500, retry: "never", title: "A stored row is of a newer version" },
  STORAGE_UNAVAILABLE: { status: 503, retry: "after", title: "The store cannot write now" },
  SERVICE_UNAVAILABLE: { status: 503, retry: "after", title: "The share service cannot be reached now" },
  SHUTTING_DOWN: { status: 503, retry: "after", title: "The server is shutting down" },
  CLAIM_LOST: { status: 503, retry: "never", title: "Another process owns the session now" },
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const errorCodeSchema = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);

export const issueSchema = z.object({ path: z.string(), message: z.string() });
export type Issue = z.infer<typeof issueSchema>;

/** RFC 9457 problem document with a stable `code` (I-3). Further members carry facts a caller branches on, such as `paths`. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: errorCodeSchema,
    detail: z.string(),
    requestId: z.string(),
    issues: z.array(issueSchema).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;
