import { describe, expect, test } from "vitest";
import type { ToolState } from "./part.ts";
import {
  TOOL_TRANSITIONS,
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
  input: { type: "input", text: ":1}" },
  start: { type: "start", input: { a: 1 }, at: 11 },
  progress: { type: "progress", output: "more", metadata: { late: 1 } },
  complete: { type: "complete", output: "all", metadata: { late: 1 }, at: 12 },
  fail: { type: "fail", error: "broke", at: 12 },
  interrupt: { type: "interrupt", at: 12 },
};

/** What each event makes of each state; "same" is the very same object. */
const table: Record<ToolStatus, Record<ToolEvent["type"], ToolStatus | "same">> = {
  pending: {
    input: "pending",
    start: "running",
    progress: "same",
    complete: "same",
    fail: "same",
    interrupt: "error",
  },
  running: {
    input: "same",
    start: "same",
    progress: "running",
    complete: "completed",
    fail: "error",
    interrupt: "error",
  },
  completed: {
    input: "same",
    start: "same",
    progress: "same",
    complete: "same",
    fail: "same",
    interrupt: "same",
  },
  error: {
    input: "same",
    start: "same",
    progress: "same",
    complete: "same",
    fail: "same",
    interrupt: "same",
  },
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

  test("[D-16] the allowed rows are exactly what events can do", () => {
    for (const [from, row] of Object.entries(table) as [ToolStatus, Record<string, ToolStatus | "same">][]) {
      const reached = new Set(Object.values(row).filter((to) => to !== "same"));
      expect(new Set(TOOL_TRANSITIONS[from])).toEqual(reached);
    }
  });

  test("[D-16] the raw input is kept in every state, and the input of the end is the one of the start", () => {
    const grown = transitionTool(states.pending, events.input);
    const running = transitionTool(grown, events.start);
    expect(running).toMatchObject({ raw: '{"a":1}', input: { a: 1 }, title: "Read" });
    expect(transitionTool(running, events.complete)).toMatchObject({ raw: '{"a":1}', input: { a: 1 } });
  });

  test("metadata is merged, never clobbered", () => {
    expect(transitionTool(states.running, events.complete)).toMatchObject({
      metadata: { early: true, late: 1 },
    });
    expect(transitionTool(states.running, events.progress)).toMatchObject({
      metadata: { early: true, late: 1 },
    });
  });

  test("an interrupted call keeps its output and says so", () => {
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
    expect(transitionTool(states.pending, events.interrupt)).toMatchObject({
      metadata: { interrupted: true },
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
