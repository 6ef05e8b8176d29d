import { FakeClock } from "@holdfast/kernel";
import type { TextStreamPart, ToolSet } from "ai";
import { expect, test } from "vitest";
import { StreamTold } from "./stream-told.ts";

const told = (attempt = 1, taken = new Set<string>()) =>
  new StreamTold(new FakeClock(), { stepId: "s", attempt, taken });
const take = (stream: StreamTold, ...parts: TextStreamPart<ToolSet>[]) =>
  parts.flatMap((part) => stream.take(part));

const text = (id: string, piece: string): TextStreamPart<ToolSet> => ({
  type: "text-delta",
  id,
  text: piece,
});
const start = (id: string): TextStreamPart<ToolSet> => ({ type: "text-start", id });

test("[R-5.1] texts that are open at once keep apart, and a second one of the same name is another", () => {
  const events = take(
    told(),
    start("a"),
    start("b"),
    text("a", "1"),
    text("b", "2"),
    text("a", "3"),
    start("a"),
    text("a", "4"),
  );
  expect(events.map((event) => event.type === "text" && [event.streamId, event.text])).toEqual([
    ["s.1.1", "1"],
    ["s.1.2", "2"],
    ["s.1.1", "3"],
    ["s.1.3", "4"],
  ]);
});

test("[R-5.2] another try goes on with no stream of the one before", () => {
  expect(take(told(2), start("a"), text("a", "1"))).toMatchObject([{ streamId: "s.2.1" }]);
});

test("[R-5.1] a piece of a stream that never began is dropped", () => {
  expect(take(told(), text("a", "1"))).toEqual([]);
});

test("[R-5.1] what a provider says of a piece is told also without text", () => {
  const signed = { anthropic: { signature: "x" } };
  const events = take(
    told(),
    { type: "reasoning-start", id: "r" },
    { type: "reasoning-delta", id: "r", text: "hm" },
    { type: "reasoning-delta", id: "r", text: "", providerMetadata: signed },
    { type: "reasoning-end", id: "r", providerMetadata: {} },
  );
  expect(events).toEqual([
    { type: "reasoning", streamId: "s.1.1", text: "hm" },
    { type: "reasoning", streamId: "s.1.1", text: "", metadata: signed },
  ]);
});

const call = (id: string, input: unknown): TextStreamPart<ToolSet> => ({
  type: "tool-call",
  toolCallId: id,
  toolName: "read",
  input,
  dynamic: true,
});
const begins = (id: string): TextStreamPart<ToolSet> => ({ type: "tool-input-start", id, toolName: "read" });
const grows = (id: string, delta: string): TextStreamPart<ToolSet> => ({
  type: "tool-input-delta",
  id,
  delta,
});

test("[R-11.1] the input of a call is told as it comes, and its text stays as it came", () => {
  const stream = told();
  const events = take(
    stream,
    begins("1"),
    grows("1", '{ "path"'),
    grows("1", ': "a" }'),
    call("1", { path: "a" }),
  );
  expect(events.map((event) => event.type === "tool" && event.update.raw)).toEqual([
    "",
    '{ "path"',
    '{ "path": "a" }',
    '{ "path": "a" }',
  ]);
  expect(stream.calls).toMatchObject([{ callId: "1", name: "read", raw: '{ "path": "a" }' }]);
});

test("[R-11.1] a large input is not told anew with every piece of it", () => {
  const stream = told();
  const events = take(stream, begins("1"), ...Array.from({ length: 1_000 }, () => grows("1", "0123456789")));
  const bytes = events.reduce(
    (sum, event) => sum + (event.type === "tool" ? (event.update.raw?.length ?? 0) : 0),
    0,
  );
  expect(bytes).toBeLessThan(100_000);
});

test("[R-11.1] a call without pieces has the text of its input", () => {
  const stream = told();
  take(stream, call("1", { path: "a" }), call("2", '{"pa'));
  expect(stream.calls.map(({ raw }) => raw)).toEqual(['{"path":"a"}', '{"pa']);
});

test("[R-11.2] an id that comes twice in a step stands for two calls, over its tries as well", () => {
  const taken = new Set<string>();
  const first = told(1, taken);
  take(first, call("1", {}), call("1", {}));
  const second = told(2, taken);
  take(second, begins("1"), call("1", {}));
  expect([...first.calls, ...second.calls].map(({ callId }) => callId)).toEqual(["1", "1_2", "1_3"]);
});

test("[R-11.1] a call whose input never ended has what came of it", () => {
  const stream = told();
  take(stream, begins("1"), grows("1", '{"pa'));
  expect(stream.calls).toEqual([{ callId: "1", name: "read", raw: '{"pa' }]);
});
