import type { QuestionField } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { contentOf, type Draft, firstDraft, valueOf } from "./question-draft.ts";

const options = [
  { value: "r", label: "Red" },
  { value: "g", label: "Green" },
];
const field = (type: QuestionField["type"], more: object = {}): QuestionField =>
  ({ name: type, type, ...(type === "one" || type === "many" ? { options } : {}), ...more }) as QuestionField;

test.each<[QuestionField, unknown]>([
  [field("text"), undefined],
  [field("text", { default: "x" }), "x"],
  [field("number", { default: 0 }), 0],
  [field("boolean"), undefined],
  [field("boolean", { default: false }), false],
  [field("one", { default: "g" }), "g"],
  [field("one", { default: "mauve", custom: true }), "mauve"],
  [field("many", { default: ["r", "mauve"], custom: true }), ["r", "mauve"]],
])("[A-19] %j proposes %j", (asked, value) => expect(valueOf(asked, firstDraft(asked))).toEqual(value));

test.each<[QuestionField, Partial<Draft>, unknown]>([
  [field("number"), { text: " 7 " }, 7],
  [field("number"), { text: "seven" }, Number.NaN],
  [field("boolean"), { chosen: ["true"] }, true],
  [field("one"), { chosen: ["r"] }, "r"],
  [field("one", { custom: true }), { text: "mauve", isOwn: true }, "mauve"],
  [field("one", { custom: true }), { text: "mauve", chosen: ["g"] }, "g"],
  [field("many"), {}, undefined],
  [field("many", { custom: true }), { text: "mauve", chosen: ["g"], isOwn: true }, ["g", "mauve"]],
])("[A-19] %j filled in as %j is %j", (asked, draft, value) =>
  expect(valueOf(asked, { text: "", chosen: [], isOwn: false, ...draft })).toEqual(value),
);

test("[A-19] what was left empty is not in the answer", () => {
  const drafts = new Map([["text", { text: "x", chosen: [], isOwn: false }]]);
  expect(contentOf([field("text"), field("number"), field("boolean")], drafts)).toEqual({ text: "x" });
});
