/**
 * Questions that an agent sends as a permission request of its own tool, and whose answers it takes beside the outcome, by the place of each question
 * (A-19; Qwen Code's `ask_user_question`).
 */
import type { QuestionAnswer } from "@holdfast/protocol";
import { labelsOf, questionOfTool } from "../asked-questions.ts";
import type { AgentQuestion, ToolUpdate } from "../port.ts";
import { chooseOption, type PermissionReply } from "./permission-option.ts";

/** Asks a person what the call wants to know. `undefined`: it asks nothing that could be shown, and is a permission request like any other. */
export async function answerQuestionTool(
  { callId, input }: ToolUpdate,
  options: unknown,
  ask: (question: AgentQuestion) => Promise<QuestionAnswer>,
): Promise<PermissionReply | undefined> {
  const question = questionOfTool(input?.["questions"]);
  if (question === undefined) return undefined;
  const answer = await ask({ ...question, callId });
  if (answer.action === "cancel") return { outcome: { outcome: "cancelled" } };
  if (answer.action === "decline") return { outcome: chooseOption(options, "reject") };
  const labels = labelsOf(question.fields, answer.content ?? {});
  const answers = Object.fromEntries(
    labels.flatMap((chosen, index) => (chosen.length === 0 ? [] : [[String(index), chosen.join(", ")]])),
  );
  return { outcome: chooseOption(options, "once"), answers };
}
