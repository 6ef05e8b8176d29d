import type { QuestionAnswer } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { questionOfTool } from "../asked-questions.ts";
import type { AgentQuestion } from "../port.ts";
import { answerQuestionTool } from "./question-tool.ts";

const OPTIONS = [
  { optionId: "proceed_once", kind: "allow_once" },
  { optionId: "cancel", kind: "reject_once" },
];
const QUESTIONS = [
  { question: "Which colour?", header: "Colour", options: [{ label: "Red", description: "warm" }] },
  {
    question: "Which days?",
    header: "Days",
    multiSelect: true,
    options: [{ label: "Mon" }, { label: "Tue" }],
  },
  { question: "Why?", header: "Why", options: [] },
];

async function told(answer: QuestionAnswer, questions: unknown = QUESTIONS) {
  const asked: AgentQuestion[] = [];
  const call = { callId: "c", tool: "ask_user_question", input: { questions } };
  const reply = await answerQuestionTool(call, OPTIONS, (question) => {
    asked.push(question);
    return Promise.resolve(answer);
  });
  return { asked, reply };
}

describe("questions that a tool asks by a permission request", () => {
  test.each<[QuestionAnswer, unknown]>([
    [
      { action: "accept", content: { question_1: "mauve", question_2: ["Mon", "Tue"] } },
      { outcome: { outcome: "selected", optionId: "proceed_once" }, answers: { 0: "mauve", 1: "Mon, Tue" } },
    ],
    [{ action: "decline" }, { outcome: { outcome: "selected", optionId: "cancel" } }],
    [{ action: "cancel" }, { outcome: { outcome: "cancelled" } }],
  ])("[A-19] a person's %j is what the agent is told", async (answer, expected) => {
    const { asked, reply } = await told(answer);
    expect(reply).toEqual(expected);
    expect(asked).toMatchObject([
      {
        callId: "c",
        message: "Colour, Days, Why",
        fields: [
          { name: "question_1", type: "one", title: "Colour", description: "Which colour?", custom: true },
          { name: "question_2", type: "many", options: [{ value: "Mon", label: "Mon" }, { value: "Tue" }] },
          { name: "question_3", options: [] },
        ],
      },
    ]);
  });

  test.each([[null], [[]], ["Which?"], [[{ question: 1, options: [] }]], [[{ question: "Which?" }]]])(
    "[A-19] %j cannot be shown: it stays a permission request",
    async (questions) => {
      expect(await told({ action: "decline" }, questions)).toEqual({ asked: [], reply: undefined });
    },
  );

  test("[A-19] a single question is the message, and says whether own words may answer it", () => {
    const [question] = QUESTIONS;
    expect(questionOfTool([{ ...question, custom: false }])).toMatchObject({
      message: "Which colour?",
      fields: [{ title: "Colour", custom: false, options: [{ value: "Red", description: "warm" }] }],
    });
  });
});
