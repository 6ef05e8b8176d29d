import { describe, expect, test } from "vitest";
import type { ToolState } from "./part.ts";
import {
  isSettledTool,
  type ToolEvent,
  type ToolStatus,
  toolInput,
  transitionTool,
} from "./tool-transition.ts";

const states: Record<ToolStatus, ToolState> = {
  pending: { status: "pending", input: {}, raw: '{"a"', title: "Read" },
  running: {
    status: "running",
    input: { a: 1 },
    raw: '{"a":1}',
    title: "Read",
    output: "so far",
    metadata: { early: true },
    time: { start: 10 },
  },
  completed: {
    status: "completed",
    input: { a: 1 },
    raw: "r",
    output: "done",
    title: "Read",
    metadata: {},
    time: { start: 10, end: 20 },
  },
  error: { status: "error", input: { a: 1 }, raw: "r", error: "no", time: { start: 10, end: 20 } },
};

const events: Record<ToolEvent["type"], ToolEvent> = {
  progress: { type: "progress", told: { raw: '{"a":2}', output: "more" } },
  start: { type: "start", at: 11 },
  complete: { type: "complete", title: "read", at: 12 },
  fail: { type: "fail", error: "broke", at: 12 },
  interrupt: { type: "interrupt", at: 12 },
};

/** What each event makes of each state; "same" is the very same object. */
const table: Record<ToolStatus, Record<ToolEvent["type"], ToolStatus | "same">> = {
  pending: { progress: "pending", start: "running", complete: "same", fail: "same", interrupt: "error" },
  running: { progress: "running", start: "same", complete: "completed", fail: "error", interrupt: "error" },
  completed: { progress: "same", start: "same", complete: "same", fail: "same", interrupt: "same" },
  error: { progress: "same", start: "same", complete: "same", fail: "same", interrupt: "same" },
};

const cells = Object.entries(table).flatMap(([from, row]) =>
  Object.entries(row).map(
    ([event, to]) => [from, event, to] as [ToolStatus, ToolEvent["type"], ToolStatus | "same"],
  ),
);

describe("[D-16] a tool call goes pending -> running -> completed | error only", () => {
  test.each(cells)("%s + %s -> %s", (from, event, to) => {
    const next = transitionTool(states[from], events[event]);
    expect(next.status).toBe(to === "same" ? from : to);
    expect(next === states[from]).toBe(to === "same");
  });

  test("[D-16] exactly the states that nothing changes are settled", () => {
    for (const [status, row] of Object.entries(table) as [ToolStatus, Record<string, ToolStatus | "same">][])
      expect(isSettledTool(status)).toBe(Object.values(row).every((to) => to === "same"));
  });

  test("[D-16, R-11.1] a call that runs keeps what was told before, and shows output only while it runs", () => {
    const told = transitionTool(states.pending, events.progress);
    expect(told).toEqual({ status: "pending", input: {}, raw: '{"a":2}', title: "Read" });
    const running = transitionTool(told, events.start);
    expect(running).toEqual({ ...told, status: "running", time: { start: 11 } });
    expect(transitionTool(running, events.progress)).toEqual({ ...running, output: "more" });
  });

  test("[D-16, R-11.1] the end keeps input, raw text, title, output and metadata", () => {
    const { status: _status, ...kept } = states.running;
    const time = { start: 10, end: 12 };
    expect(transitionTool(states.running, events.complete)).toEqual({ ...kept, status: "completed", time });
    expect(transitionTool(states.running, events.fail)).toEqual({
      ...kept,
      status: "error",
      error: "broke",
      time,
    });
  });

  test("[D-16] a call that told nothing completes with the given title and no output", () => {
    const bare = transitionTool({ status: "pending", input: {}, raw: "" }, events.start);
    const completed = transitionTool(bare, events.complete);
    expect(completed).toMatchObject({ title: "read", output: "", metadata: {} });
    expect(transitionTool(bare, events.fail)).not.toHaveProperty("metadata");
  });

  test("[D-16] no call ends before it began", () => {
    const ended = transitionTool(states.running, { type: "fail", error: "broke", at: 3 });
    expect(ended).toMatchObject({ time: { start: 10, end: 10 } });
  });

  test("[D-16] a call that its agent ends while the turn is stopped keeps the agent's words, and says that it was cut off", () => {
    const cut = transitionTool(states.running, { type: "fail", error: "cancelled", at: 12, isCut: true });
    expect(cut).toMatchObject({
      status: "error",
      error: "cancelled",
      output: "so far",
      metadata: { early: true, interrupted: true },
    });
  });

  test("[D-16] an interrupted call keeps its output and says so", () => {
    expect(transitionTool(states.running, events.interrupt)).toEqual({
      status: "error",
      input: { a: 1 },
      raw: '{"a":1}',
      title: "Read",
      output: "so far",
      error: "Tool execution aborted",
      metadata: { early: true, interrupted: true },
      time: { start: 10, end: 12 },
    });
    expect(transitionTool(states.pending, events.interrupt)).toEqual({
      status: "error",
      input: {},
      raw: '{"a"',
      title: "Read",
      error: "Tool execution aborted",
      metadata: { interrupted: true },
      time: { start: 12, end: 12 },
    });
  });

  test.each([
    ["text", { value: "text" }],
    [[1], { value: [1] }],
    [null, { value: null }],
    [{ a: 1 }, { a: 1 }],
  ])("input %j is stored as %j", (input, stored) => {
    expect(toolInput(input)).toEqual(stored);
  });
});
