import { expect, test } from "vitest";
import { toolUpdateOf } from "./tool-update.ts";

test.each([
  [{ path: "a" }, { input: { path: "a" } }],
  [[1, 2], { input: { value: [1, 2] }, raw: "[1,2]" }],
  [7, { input: { value: 7 }, raw: "7" }],
  ['{"path', { raw: '{"path' }],
  [{}, {}],
  [null, {}],
])("[R-11.1] the arguments %j of a call are told as %j", (rawInput, told) => {
  expect(toolUpdateOf({ toolCallId: "c", rawInput }, {})).toEqual({ callId: "c", ...told });
});
