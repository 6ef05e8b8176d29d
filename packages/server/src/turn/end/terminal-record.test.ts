import type { APIError, SessionError } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { PromptResult } from "../../agents/index.ts";
import type { TerminalRecord } from "../../store/index.ts";
import { type Ending, lostOwnerRecord, recordOf, type StopCause, stoppedRecord } from "./terminal-record.ts";

const error: SessionError = {
  name: "AgentError",
  data: { agent: "qwen", phase: "prompt", message: "broken" },
};
const limit: APIError = { name: "APIError", data: { message: "no more", isRetryable: true, resetAt: 5_000 } };
const ended = (stopReason: Extract<PromptResult, { outcome: "ended" }>["stopReason"]): PromptResult => ({
  outcome: "ended",
  stopReason,
});
const prompt = (result: PromptResult, alive = true): Ending => ({ by: "prompt", result, alive });

type Row = [
  name: string,
  ending: Ending,
  state: TerminalRecord["state"],
  reason: string | undefined,
  error: string | undefined,
];

const ROWS: Row[] = [
  ["end_turn", prompt(ended("end_turn")), "completed", undefined, undefined],
  ["max_tokens", prompt(ended("max_tokens")), "failed", "error", "MessageOutputLengthError"],
  ["max_turn_requests", prompt(ended("max_turn_requests")), "failed", "exhausted", "AgentReportedError"],
  ["refusal", prompt(ended("refusal")), "failed", "refused", "AgentReportedError"],
  ["cancelled", prompt(ended("cancelled")), "aborted", "cancelled", "MessageAbortedError"],
  ["an error", prompt({ outcome: "failed", error }), "failed", "error", "AgentError"],
  [
    "an abort reported as an error",
    prompt({ outcome: "failed", error: { name: "MessageAbortedError", data: { message: "" } } }),
    "aborted",
    "cancelled",
    "MessageAbortedError",
  ],
  ["a crash", prompt({ outcome: "crashed", error }, false), "failed", "crashed", "AgentError"],
  ["a kill by us", prompt({ outcome: "killed" }, false), "aborted", "interrupted", "MessageAbortedError"],
  [
    "a start that crashed",
    { by: "open", failure: { kind: "crashed", error } },
    "failed",
    "crashed",
    "AgentError",
  ],
  [
    "an agent that is not there",
    { by: "open", failure: { kind: "unavailable", error } },
    "failed",
    "error",
    "AgentError",
  ],
  [
    "a stopped start",
    { by: "open", failure: { kind: "aborted", error } },
    "aborted",
    "interrupted",
    "MessageAbortedError",
  ],
  [
    "a usage limit that says when it is over",
    prompt({ outcome: "failed", error: limit }),
    "failed",
    "limited",
    "APIError",
  ],
  [
    "a usage limit that does not",
    prompt({
      outcome: "failed",
      error: { name: "APIError", data: { message: "no more", isRetryable: true } },
    }),
    "failed",
    "error",
    "APIError",
  ],
  ["a fault of ours", { by: "fault", error }, "failed", "error", "AgentError"],
];

describe("[A-25, A-29] how a turn ends by itself", () => {
  test.each(ROWS)("[A-25, R-3.1] %s", (_name, ending, state, reason, name) => {
    const record = recordOf("qwen", ending);
    expect([record.state, record.reason, record.error?.name]).toEqual([state, reason, name]);
  });

  test.each(ROWS)("[D-8] %s: completed has no error, everything else has one", (_name, ending) => {
    const record = recordOf("qwen", ending);
    expect(record.error === undefined).toBe(record.state === "completed");
    expect(record.error?.name === "MessageAbortedError").toBe(record.state === "aborted");
  });
});

describe("[A-15] how a stopped turn ends, whatever the agent answers", () => {
  const expected: [StopCause, TerminalRecord["state"], string][] = [
    [{ kind: "cancelled" }, "aborted", "cancelled"],
    [{ kind: "shutdown" }, "aborted", "shutdown"],
    [{ kind: "timeout", message: "silent" }, "failed", "timeout"],
    [{ kind: "limited", error: limit }, "failed", "limited"],
  ];
  const cells = expected.flatMap(([cause, state, reason]) =>
    ROWS.map(([name, ending]) => ({ cause, state, reason, name, ending })),
  );
  test.each(cells)("[A-15] $cause.kind, then $name", ({ cause, state, reason, ending }) => {
    expect(stoppedRecord("qwen", cause, ending)).toMatchObject({ state, reason });
  });
});

test("[A-4] the agent session afterwards is idle while its handle lives, resumable when we closed it, crashed when it broke", () => {
  expect(recordOf("qwen", prompt(ended("end_turn"))).agentSession).toBe("idle");
  expect(recordOf("qwen", prompt({ outcome: "killed" }, false)).agentSession).toBe("resumable");
  expect(recordOf("qwen", prompt({ outcome: "crashed", error }, false)).agentSession).toBe("crashed");
  expect(
    stoppedRecord("qwen", { kind: "cancelled" }, prompt({ outcome: "crashed", error }, false)).agentSession,
  ).toBe("crashed");
});

test("[D-18] a turn whose owner died is interrupted, or cancelled when that was recorded", () => {
  expect(lostOwnerRecord(false)).toMatchObject({
    state: "aborted",
    reason: "interrupted",
    agentSession: "crashed",
  });
  expect(lostOwnerRecord(true)).toMatchObject({
    state: "aborted",
    reason: "cancelled",
    agentSession: "crashed",
  });
});
