/** What opencode's question tool asks, as a question with fields, and its answers back: a list of labels for each, in their order. */
import { type QuestionAsk, questionAskSchema, type QuestionContent } from "@holdfast/protocol";
import { object, objects, text, type Json } from "./json.ts";

/** A question of opencode, read. `call` names the tool call that waits for it. */
export type WireQuestion = {
  id: string;
  ask: QuestionAsk;
  call: { messageId: string; callId: string } | undefined;
};

/** Reads a request; `undefined` for what nobody could be asked. */
export function wireQuestion(value: Json): WireQuestion | undefined {
  const id = text(value["id"]);
  const ask = questionAskSchema.safeParse(askOf(objects(value["questions"]).map((each) => object(each))));
  const tool = object(value["tool"]);
  const [messageId, callId] = [text(tool["messageID"]), text(tool["callID"])];
  if (id === undefined || !ask.success || ask.data.fields.length === 0) return undefined;
  const call = messageId === undefined || callId === undefined ? undefined : { messageId, callId };
  return { id, ask: ask.data, call };
}

/** One question is the message itself; several stand each above its own field. */
function askOf(questions: readonly Json[]) {
  const isOne = questions.length === 1;
  return {
    message: questions.map((each) => each[isOne ? "question" : "header"]).join(", "),
    fields: questions.map((each, index) => ({
      name: nameOf(index),
      title: each["header"],
      ...(isOne ? {} : { description: each["question"] }),
      type: each["multiple"] === true ? "many" : "one",
      options: objects(each["options"]).map((option) => ({ ...option, value: object(option)["label"] })),
      // A person may use their own words unless the tool says otherwise.
      custom: each["custom"] !== false,
    })),
  };
}

const nameOf = (index: number): string => `question_${index + 1}`;

/** What was filled in, as the tool takes it; what was not is no label at all. */
export function wireAnswers(fields: QuestionAsk["fields"], content: QuestionContent): string[][] {
  return fields.map(({ name }) => {
    const value = content[name];
    return value === undefined ? [] : Array.isArray(value) ? value : [String(value)];
  });
}
