import { HoldfastApiError, HoldfastConnectionError, HoldfastContractError } from "@holdfast/client";
import {
  ERROR_CODES,
  type ErrorCode,
  TURN_REASONS,
  type TurnReason,
  type TurnState,
} from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { CliError } from "./exit-code.ts";
import { exitCodeOf, exitCodeOfTurn, type RunFacts } from "./exit.ts";

describe("[I-11] exit codes of turns", () => {
  const table: [TurnState, TurnReason | undefined, RunFacts, number][] = [
    ["completed", undefined, {}, 0],
    ["completed", undefined, { denied: true }, 5],
    ["completed", "steered", {}, 0],
    ["completed", "noted", {}, 0],
    ["completed", undefined, { interrupted: true }, 0],
    ["completed", undefined, { timedOut: true }, 0],
    ["failed", "error", {}, 1],
    ["failed", "crashed", {}, 1],
    ["failed", "timeout", {}, 3],
    ["failed", "exhausted", {}, 1],
    ["failed", "refused", {}, 1],
    ["failed", "limited", {}, 1],
    ["failed", "denied", {}, 5],
    ["failed", "error", { denied: true }, 1],
    ["aborted", "cancelled", {}, 1],
    ["aborted", "cancelled", { interrupted: true }, 130],
    ["aborted", "cancelled", { timedOut: true }, 3],
    ["aborted", "interrupted", {}, 1],
    ["aborted", "shutdown", {}, 1],
    ["aborted", "superseded", {}, 1],
    ["queued", undefined, {}, 3],
    ["running", undefined, { interrupted: true }, 130],
    ["finalizing", undefined, { timedOut: true }, 3],
  ];

  test.each(table)("%s / %s with %j -> %i", (state, reason, facts, code) => {
    expect(exitCodeOfTurn(reason === undefined ? { state } : { state, reason }, facts)).toBe(code);
  });

  test("every reason is in the table", () => {
    expect(new Set(table.map((row) => row[1]))).toEqual(
      new Set([undefined, ...Object.values(TURN_REASONS).flat()]),
    );
  });
});

describe("[I-11] exit codes of refusals", () => {
  const codes: Record<ErrorCode, number> = {
    INVALID_REQUEST: 2,
    PROTOCOL_UNSUPPORTED: 2,
    CURSOR_INVALID: 2,
    UNAUTHENTICATED: 8,
    FORBIDDEN: 8,
    HOST_NOT_ALLOWED: 8,
    ORIGIN_NOT_ALLOWED: 8,
    NOT_FOUND: 4,
    CONFLICT: 7,
    SESSION_BUSY: 7,
    WORKSPACE_BUSY: 7,
    STALE: 7,
    BASE_DIVERGED: 7,
    IDEMPOTENCY_MISMATCH: 7,
    ALREADY_REPLIED: 7,
    CHANGES_CONFLICT: 7,
    RISK_UNCONFIRMED: 7,
    EPOCH_STALE: 7,
    WRITER_FENCED: 7,
    STREAM_UNKNOWN: 7,
    OP_ID_REUSED: 7,
    SEQ_GAP: 7,
    CURSOR_CONFLICT: 7,
    CHAIN_MISMATCH: 7,
    DEPENDENCY_UNMET: 7,
    SHARE_MODE: 7,
    PREVIEW_STALE: 7,
    LIVE_NEEDS_STREAM: 2,
    REF_NOT_VALID: 4,
    SHARE_GONE: 4,
    OP_INVALID: 2,
    REF_WIDENS: 2,
    CAVEAT_UNENFORCEABLE: 2,
    QUOTA_EXCEEDED: 2,
    SERVICE_UNAVAILABLE: 6,
    TOO_LARGE: 2,
    UNSUPPORTED_TYPE: 2,
    UNPROCESSABLE: 2,
    AGENT_UNAVAILABLE: 1,
    PATH_ESCAPES: 2,
    NO_COMMITS: 2,
    NOT_GIT: 2,
    RATE_LIMITED: 7,
    INTERNAL: 1,
    NEWER_ROW: 1,
    STORAGE_UNAVAILABLE: 6,
    SHUTTING_DOWN: 6,
    CLAIM_LOST: 6,
  };

  test.each(Object.entries(codes) as [ErrorCode, number][])("%s -> %i", (code, exitCode) => {
    const { status, title } = ERROR_CODES[code];
    const problem = { type: "about:blank", title, status, code, detail: "d", requestId: "r" };
    expect(exitCodeOf(new HoldfastApiError(problem))).toBe(exitCode);
  });

  test("everything else", () => {
    expect(exitCodeOf(new HoldfastConnectionError("gone"))).toBe(6);
    expect(exitCodeOf(new HoldfastContractError("odd"))).toBe(1);
    expect(exitCodeOf(new CliError(4, "none"))).toBe(4);
    expect(exitCodeOf("thrown")).toBe(1);
  });
});
