/** Questions of an agent's own tool, as one question with a field for each: how opencode and Qwen Code ask people. */
import { type QuestionAsk, questionAskSchema, type QuestionContent } from "@holdfast/protocol";
import { z } from "zod";

const toolQuestionsSchema = z
  .array(
    z.object({
      question: z.string(),
      header: z.string().optional(),
      options: z.array(z.object({ label: z.string(), description: z.string().optional() })),
      multiple: z.boolean().optional(),
      multiSelect: z.boolean().optional(),
      custom: z.boolean().optional(),
    }),
  )
  .min(1);

/** Reads them; `undefined` for what nobody could be asked. One question is the message itself; several stand each above its own field. */
export function questionOfTool(questions: unknown): QuestionAsk | undefined {
  const read = toolQuestionsSchema.safeParse(questions);
  if (!read.success) return undefined;
  const isOne = read.data.length === 1;
  const ask = questionAskSchema.safeParse({
    message: read.data.map(({ question, header }) => (isOne ? question : (header ?? question))).join(", "),
    fields: read.data.map(({ question, header, options, multiple, multiSelect, custom }, index) => ({
      name: `question_${index + 1}`,
      ...(header === undefined ? {} : { title: header }),
      ...(isOne ? {} : { description: question }),
      type: (multiple ?? multiSelect) === true ? "many" : "one",
      options: options.map((option) => ({ ...option, value: option.label })),
      // A person may use their own words unless the tool says otherwise.
      custom: custom !== false,
    })),
  });
  return ask.success ? ask.data : undefined;
}

/** The labels that were chosen for each question, in their order; what was not filled in is no label at all. */
export function labelsOf(fields: QuestionAsk["fields"], content: QuestionContent): string[][] {
  return fields.map(({ name }) => {
    const value = content[name];
    return value === undefined ? [] : Array.isArray(value) ? value : [String(value)];
  });
}
