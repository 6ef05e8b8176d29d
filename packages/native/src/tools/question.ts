import type { QuestionAnswer, QuestionField } from "@holdfast/protocol";
import { z } from "zod";
import { NotAllowedError, type Tool } from "./tool.ts";

/** Questions of one call, and options of one question. */
const QUESTIONS = 8;
const OPTIONS = 20;

const questionSchema = z.object({
  question: z.string().min(1).max(2_000),
  header: z.string().min(1).max(30).describe("Two or three words that name it."),
  options: z
    .array(z.object({ label: z.string().min(1).max(200), description: z.string().max(1_000).optional() }))
    .max(OPTIONS)
    .describe("What may be chosen; none for a free text."),
  multiple: z.boolean().optional().describe("Several may be chosen."),
  custom: z.boolean().optional().describe("Another answer than the options may be given; true by default."),
});
type Question = z.output<typeof questionSchema>;

const input = z.object({ questions: z.array(questionSchema).min(1).max(QUESTIONS) });

export const questionTool: Tool<typeof input> = {
  id: "question",
  kind: "other",
  description:
    "Asks the person something that you need to know and cannot find out: a choice that is theirs, or what they want. It waits for the answer.",
  input,
  title: ({ questions: [first] }) => first?.header ?? "Ask",
  async run({ questions }, context) {
    const answer = await context.askQuestion({
      callId: context.callId,
      message: questions.map(({ question }) => question).join("\n"),
      fields: questions.map(fieldOf),
    });
    const title = questions.map(({ header }) => header).join(", ");
    return { title, output: told(questions, answer, context.signal) };
  },
};

const nameOf = (at: number): string => `answer${at + 1}`;

function fieldOf(
  { question, header, options, multiple = false, custom = true }: Question,
  at: number,
): QuestionField {
  const named = { name: nameOf(at), title: header, description: question, required: true };
  if (options.length === 0) return { ...named, type: "text" };
  const choices = options.map(({ label, description }) => ({
    value: label,
    label,
    ...(description === undefined ? {} : { description }),
  }));
  return { ...named, type: multiple ? "many" : "one", options: choices, custom };
}

/** Rejects where nobody answered: a no ends the turn as that of a permission does. */
function told(questions: readonly Question[], answer: QuestionAnswer, signal: AbortSignal): string {
  if (answer.action === "decline") throw new NotAllowedError("reject");
  if (answer.action === "cancel") throw new NotAllowedError(signal.aborted ? "cancelled" : "expired");
  return questions
    .map(({ question }, at) => {
      const value = answer.content?.[nameOf(at)];
      const given = Array.isArray(value) ? value.join(", ") : String(value ?? "(no answer)");
      return `${question}\n${given}`;
    })
    .join("\n\n");
}
