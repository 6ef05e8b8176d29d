import type { Question } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { AnswerSheet, answerOf } from "./answer-sheet.ts";

const options = [
  { value: "r", label: "Red" },
  { value: "g", label: "Green" },
];
const question = {
  id: "qst_1",
  message: "How?",
  fields: [
    { name: "port", type: "number", integer: true, maximum: 9, required: true },
    { name: "sure", type: "boolean" },
    { name: "colour", type: "one", options, custom: true, default: "g" },
    { name: "both", type: "many", options },
  ],
} as unknown as Question;

/** What each line made of a fresh sheet. */
function filled(asked: Question, ...lines: string[]) {
  const sheet = new AnswerSheet(asked);
  return lines.map((line) => sheet.take(line));
}

describe("[A-19] an answer, line by line", () => {
  test("each line is for the next field, by number, label or value; what does not fit is asked again", () => {
    const told = filled(question, "", "many", "10", "8", "Yes", "Red", "1, Green");
    expect(told.slice(0, 3).map(({ problem }) => problem)).toEqual([
      "port: This is required.",
      "port: Expected a number.",
      "port: At most 9.",
    ]);
    expect(told.at(-1)).toEqual({
      answer: { action: "accept", content: { port: 8, sure: true, colour: "r", both: ["r", "g"] } },
    });
  });

  test("an empty line takes what is proposed, or leaves the field out; own words stay", () => {
    expect(filled(question, "1", "", "", "").at(-1)).toEqual({
      answer: { action: "accept", content: { port: 1, colour: "g" } },
    });
    expect(filled(question, "1", "n", "mauve", "").at(-1)).toMatchObject({
      answer: { content: { sure: false, colour: "mauve" } },
    });
  });

  test.each(["decline", "cancel"])("/%s answers without, wherever it is said", (action) => {
    expect(filled(question, "1", `/${action}`).at(-1)).toEqual({ answer: { action } });
  });

  test("a page to visit takes yes and no", () => {
    const page = { ...question, fields: [], url: "https://example.org" };
    expect(new AnswerSheet(page).prompt).toContain("Visited");
    expect(filled(page, "perhaps", "y")).toEqual([
      { problem: "Answer y or n." },
      { answer: { action: "accept" } },
    ]);
    expect(filled(page, "no")).toEqual([{ answer: { action: "decline" } }]);
  });

  test("the prompt names the field and what is proposed", () => {
    const sheet = new AnswerSheet(question);
    expect(sheet.prompt).toBe("port: ");
    sheet.take("1");
    sheet.take("");
    expect(sheet.prompt).toBe("colour [g]: ");
  });
});

describe("[A-19] an answer in words", () => {
  test("each names its field", () => {
    expect(answerOf(question, ["port=8", "both=Red,2", "colour=a=b"])).toEqual({
      action: "accept",
      content: { port: 8, both: ["r", "g"], colour: "a=b" },
    });
  });

  test.each([
    [["prot=8"], "prot=8 names no field"],
    [["port"], "port names no field"],
    [["port=x"], "port: Expected a number."],
    [["sure=yes"], "port: This is required."],
  ])("%j is refused: %s", (words, why) => expect(() => answerOf(question, words)).toThrow(why));
});
