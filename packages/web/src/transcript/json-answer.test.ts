import type { AssistantMessage, ToolPart } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { jsonAnswerOf } from "./json-answer.ts";

const part = (more: object = {}) =>
  ({
    type: "tool",
    tool: "StructuredOutput",
    state: { status: "completed", input: { bird: "heron" } },
    ...more,
  }) as unknown as ToolPart;
const info = (more: object = {}) => ({ role: "assistant", ...more }) as unknown as AssistantMessage;

test("[R-2.1] the call that gives the answer is its value once that was taken, even one that is null", () => {
  expect(jsonAnswerOf(part(), info({ structured: null }))).toEqual({
    value: null,
    isTaken: true,
    problem: undefined,
  });
});

test("[R-2.2] until it is judged it is what was said, and then why it does not fit", () => {
  const said = { value: { bird: "heron" }, isTaken: false };
  expect(jsonAnswerOf(part(), info())).toEqual({ ...said, problem: undefined });
  const metadata = { validation: { try: 1, problem: "/bird must be number" } };
  expect(jsonAnswerOf(part(), info({ metadata }))).toEqual({ ...said, problem: "/bird must be number" });
});

test("[R-2.1] other calls, and one that runs or failed, are calls", () => {
  expect(jsonAnswerOf(part({ tool: "read" }), info({ structured: 1 }))).toBeUndefined();
  for (const status of ["pending", "running", "error"])
    expect(jsonAnswerOf(part({ state: { status, input: {} } }), info())).toBeUndefined();
});
