import { describe, expect, test } from "vitest";
import { MAX_REMEMBERED_TEXT, TurnHistory } from "./history.ts";
import { textContent } from "./turn.ts";

function chunk(kind: "agent_message_chunk" | "agent_thought_chunk", text: string) {
  return { sessionUpdate: kind, content: { type: "text", text } } as const;
}

describe("TurnHistory", () => {
  test("[A-2] chunks of one kind are joined, others keep their order", () => {
    const history = new TurnHistory();
    history.recordPrompt([{ type: "text", text: "hi" }]);
    for (const text of ["a", "b"]) history.record(chunk("agent_message_chunk", text));
    history.record(chunk("agent_thought_chunk", "c"));
    history.record({ sessionUpdate: "current_mode_update", currentModeId: "auto" });
    history.record(chunk("agent_message_chunk", "d"));
    expect(history.updates).toEqual([
      { sessionUpdate: "user_message_chunk", content: { type: "text", text: "hi" } },
      chunk("agent_message_chunk", "ab"),
      chunk("agent_thought_chunk", "c"),
      chunk("agent_message_chunk", "d"),
    ]);
    expect(history.characters).toBe(6);
  });

  test("[A-2] a tool call is remembered once, in its last state, with bounded output", () => {
    const history = new TurnHistory();
    history.record({
      sessionUpdate: "tool_call",
      toolCallId: "t",
      title: "x",
      kind: "other",
      status: "pending",
    });
    history.record({ sessionUpdate: "tool_call_update", toolCallId: "gone", status: "completed" });
    const content = [textContent("x".repeat(MAX_REMEMBERED_TEXT + 1))];
    history.record({ sessionUpdate: "tool_call_update", toolCallId: "t", status: "completed", content });
    expect(history.updates).toEqual([
      {
        sessionUpdate: "tool_call",
        toolCallId: "t",
        title: "x",
        kind: "other",
        status: "completed",
        content: [textContent("x".repeat(MAX_REMEMBERED_TEXT))],
      },
    ]);
  });

  test("[A-2] only the last plan is remembered, large attachments are not", () => {
    const history = new TurnHistory();
    history.recordPrompt([{ type: "image", mimeType: "image/png", data: "A".repeat(100_000) }]);
    history.record({ sessionUpdate: "plan", entries: [] });
    history.record(chunk("agent_message_chunk", "a"));
    const last = {
      sessionUpdate: "plan",
      entries: [{ content: "b", priority: "medium", status: "pending" }],
    } as const;
    history.record({ ...last, entries: [...last.entries] });
    expect(history.updates).toEqual([last, chunk("agent_message_chunk", "a")]);
  });
});
