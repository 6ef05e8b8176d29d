import { expect, test } from "vitest";
import { whyNot } from "./may-become.ts";

const TEXT = { id: "prt_1", type: "text", text: "one", time: { start: 1, end: 2 } };
const ANSWER = {
  id: "msg_1",
  role: "assistant",
  parentId: "msg_0",
  step: 1,
  time: { created: 1, completed: 2 },
};

const COMES_OF: [what: string, before: object, now: object][] = [
  ["[D-15] an ended text gets the number of its try, when that failed", TEXT, { ...TEXT, attempt: 1 }],
  ["[A-27] an ended answer moves under another message", ANSWER, { ...ANSWER, parentId: "msg_2" }],
];

const NEVER: [what: string, before: object, now: object][] = [
  ["[D-12] an ended text says something else", TEXT, { ...TEXT, text: "one more", attempt: 1 }],
  ["[D-15] an ended text loses the number of its try", { ...TEXT, attempt: 1 }, TEXT],
  ["[D-15] an ended text gets another number", { ...TEXT, attempt: 1 }, { ...TEXT, attempt: 2 }],
  ["[D-12] an ended answer is of another step", ANSWER, { ...ANSWER, parentId: "msg_2", step: 2 }],
  ["[D-12] an ended answer is open again", ANSWER, { ...ANSWER, time: { created: 1 } }],
];

const keyOf = (row: object): string => ("id" in row ? String(row.id) : "");

test.each(COMES_OF)("%s", (_what, before, now) => {
  expect(whyNot(keyOf(before), before, now)).toBeUndefined();
});

test.each(NEVER)("refused: %s", (_what, before, now) => {
  expect(whyNot(keyOf(before), before, now)).toMatch(/^was .* and is /);
});
