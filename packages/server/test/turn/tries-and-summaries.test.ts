import { describe, expect, test } from "vitest";
import type { AgentEvent } from "../../src/agents/index.ts";
import { recorderUnderTest } from "./recorder-under-test.ts";

const text = (chunk: string, streamId?: string): AgentEvent =>
  streamId === undefined ? { type: "text", text: chunk } : { type: "text", text: chunk, streamId };
const thought = (chunk: string): AgentEvent => ({ type: "reasoning", text: chunk });
const call = (callId: string): AgentEvent => ({
  type: "tool",
  update: { callId, status: "running", tool: "bash" },
});

async function record(events: AgentEvent[]) {
  const under = recorderUnderTest();
  under.recorder.begin();
  for (const event of events) under.recorder.emit(event);
  await under.recorder.fence(0);
  await under.recorder.flushed();
  return under.log;
}

describe("failed tries of a step", () => {
  const error = { name: "APIError", data: { message: "overloaded", isRetryable: true } } as const;
  const failed = (attempt: number, next = 1): AgentEvent => ({
    type: "retry",
    failed: { attempt, error, next },
  });

  test("[R-13.1, D-15, R-17.13] each is a part, and what it said stays and is marked with its number", async () => {
    const log = await record([
      text("an earlier step"),
      call("c"),
      thought("t"),
      text("on", "1"),
      failed(1),
      failed(1, 2),
      text("two", "2"),
      failed(2),
      text("three", "3"),
    ]);
    expect(
      log.parts.map((part) => [
        part.type,
        "attempt" in part ? part.attempt : undefined,
        part.type === "retry" ? part.number : part.type === "text" ? part.text : "",
      ]),
    ).toEqual([
      ["step-start", undefined, ""],
      ["text", undefined, "an earlier step"],
      ["tool", undefined, ""],
      ["reasoning", 1, ""],
      ["text", 1, "on"],
      ["retry", undefined, 1],
      ["text", 2, "two"],
      ["retry", undefined, 2],
      ["text", undefined, "three"],
    ]);
    const waits = log.of("retry").map(({ retry }) => retry && [retry.attempt, retry.next]);
    expect(waits).toEqual([[1, 1], [1, 2], null, [2, 1], null]);
  });

  test("[R-13.1] a step that goes on without a word shows that it does", async () => {
    const log = await record([{ type: "retry" }, failed(1), { type: "retry" }, { type: "retry" }]);
    expect(log.of("retry").map(({ retry }) => retry?.attempt)).toEqual([1, undefined]);
  });
});

describe("compactions of the agent's own", () => {
  const compaction = (isDone: boolean): AgentEvent => ({
    type: "compaction",
    stepId: "s2",
    auto: true,
    overflow: true,
    tailStartId: "u1",
    isDone,
  });

  test("[R-14.3] the summary is an answer that is marked so, with one part, and is told once when it is whole", async () => {
    const log = await record([
      { type: "step", stepId: "s1", parentId: "u1" },
      text("before"),
      { type: "step", stepId: "s2", parentId: "c1", summary: true },
      compaction(false),
      text("what happened", "1"),
      compaction(true),
      compaction(true),
      { type: "step", stepId: "s3", parentId: "u2" },
      text("after"),
    ]);
    const [first, summary] = log.of("answer");
    expect(first?.patch).toEqual({ metadata: { backend: { messageId: "s1", parentId: "u1" } } });
    expect(summary?.patch).toMatchObject({ summary: true });
    const parts = log.parts.filter(({ messageId }) => messageId === summary?.messageId);
    expect(parts).toMatchObject([
      { type: "compaction", auto: true, overflow: true, tailStartId: "msg_of_u1" },
      { type: "text", text: "what happened", synthetic: true },
    ]);
    expect(log.texts("text")).toEqual(["before", "what happened", "after"]);
    expect(log.of("compacted")).toMatchObject([
      { compaction: { messageId: summary?.messageId, auto: true, overflow: true, tailStartId: "msg_of_u1" } },
    ]);
  });
});
