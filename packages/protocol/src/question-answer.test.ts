import { describe, expect, test } from "vitest";
import { checkAnswer, fieldHint, fieldProblem } from "./question-answer.ts";
import type { QuestionField, QuestionValue } from "./question.ts";

const options = [
  { value: "a", label: "A" },
  { value: "b", label: "B" },
];
const text = (more: object = {}): QuestionField => ({ name: "f", type: "text", ...more });
const number = (more: object = {}): QuestionField => ({ name: "f", type: "number", ...more });
const one = (more: object = {}): QuestionField => ({ name: "f", type: "one", options, ...more });
const many = (more: object = {}): QuestionField => ({ name: "f", type: "many", options, ...more });
const boolean: QuestionField = { name: "f", type: "boolean" };
const required = { required: true };

describe("what fits a field", () => {
  test.each<[QuestionField, QuestionValue | undefined]>([
    [text(), undefined],
    [text(), ""],
    [text({ minLength: 2, maxLength: 2 }), "ab"],
    [text({ pattern: "^b+$" }), "not looked at"],
    [text({ format: "email" }), "a@b"],
    [text({ format: "uri" }), "https://example.org/x"],
    [text({ format: "date" }), "2028-02-29"],
    [text({ format: "date-time" }), "2026-11-29T12:00:00+01:00"],
    [number(), -1.5],
    [number({ integer: true, minimum: 1, maximum: 3 }), 3],
    [boolean, false],
    [one(), "b"],
    [one({ custom: true }), "my own"],
    [many(), []],
    [many({ minItems: 2, custom: true }), ["a", "mine"]],
  ])("[A-19] %j takes %j", (field, value) => expect(fieldProblem(field, value)).toBeUndefined());

  test.each<[QuestionField, QuestionValue | undefined, RegExp]>([
    [text(required), undefined, /required/],
    [text(required), "", /required/],
    [text(), 7, /text/],
    [text({ minLength: 2 }), "a", /At least 2/],
    [text({ maxLength: 2 }), "abc", /At most 2/],
    [text({ format: "email" }), "a b@c", /e-mail/],
    [text({ format: "uri" }), "example", /address/],
    [text({ format: "date" }), "2026-02-30", /date/],
    [text({ format: "date-time" }), "2026-02-30T12:00:00Z", /time/],
    [text({ format: "date-time" }), "2026-02-01", /time/],
    [number(), "7", /number/],
    [number(), Number.NaN, /number/],
    [number({ integer: true }), 1.5, /whole/],
    [number({ minimum: 1 }), 0, /At least 1/],
    [number({ maximum: 1 }), 2, /At most 1/],
    [boolean, "true", /true or false/],
    [one(), "c", /"c" is none/],
    [one(), ["a"], /one of/],
    [one({ custom: true }), " ", /text/],
    [many(), "a", /list/],
    [many(), ["a", "a"], /twice/],
    [many(), ["c"], /"c" is none/],
    [many({ minItems: 2 }), ["a"], /at least 2/],
    [many({ maxItems: 1 }), ["a", "b"], /at most 1/],
    [many(required), [], /at least 1/],
  ])("[A-19] %j does not take %j", (field, value, words) =>
    expect(fieldProblem(field, value)).toMatch(words),
  );
});

test("[A-19] every field that does not fit is named, and every name that no field has", () => {
  const fields = [number(), { ...text(required), name: "constructor" }];
  expect(checkAnswer(fields, { f: 1, constructor: "x" })).toEqual([]);
  expect(checkAnswer(fields, { f: "1", toString: "x" }).map(({ path }) => path)).toEqual([
    "toString",
    "f",
    "constructor",
  ]);
});

test.each<[QuestionField, string]>([
  [text(), "text"],
  [text({ minLength: 1, maxLength: 9, pattern: "a+" }), "text, 1 to 9 characters, the form a+"],
  [text({ format: "date", maxLength: 10 }), "a date such as 2026-11-29, at most 10 characters"],
  [number({ integer: true, minimum: 1, maximum: 9 }), "a whole number, 1 to 9"],
  [number({ minimum: 0.5 }), "a number, at least 0.5"],
  [boolean, "yes or no"],
  [one(), "one of them"],
  [many(), "any of them"],
  [many({ minItems: 1, maxItems: 2 }), "1 to 2 of them"],
])("[A-19] %j is asked for as %s", (field, hint) => expect(fieldHint(field)).toBe(hint));
