import type { Actor, Question, QuestionAnswer, QuestionId } from "@holdfast/protocol";
import type { Applied, AskQuestionCommand, IdempotencyKey } from "../../port.ts";
import { recordKey, replayed } from "../replay-key.ts";
import { questionData, toQuestion } from "../rows/index.ts";
import type { Write } from "../sql.ts";
import { answerRequest, expireRequest, insertRequest, requireRequest } from "./request.ts";

type Made = { questionId: QuestionId };

export function askQuestion(write: Write, { question, ...command }: AskQuestionCommand): Question {
  const request = { ...question, data: questionData(question) };
  return toQuestion(write, insertRequest(write, "question", command, request));
}

type Reply = {
  questionId: QuestionId;
  answer: QuestionAnswer;
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
};

export function replyQuestion(write: Write, command: Reply): Applied<Question> {
  const before = replayed<Made>(write, command.idempotency);
  const row = requireRequest(write, "question", before?.questionId ?? command.questionId);
  if (before !== undefined) return { value: toQuestion(write, row), replayed: true };
  const data = questionData({ ...toQuestion(write, row), answer: command.answer });
  const answered = answerRequest(write, "question", row, { data, actor: command.actor });
  recordKey(write, command.idempotency, { questionId: command.questionId } satisfies Made);
  return { value: toQuestion(write, answered), replayed: false };
}

export const expireQuestion = (
  write: Write,
  { questionId, ...why }: { questionId: QuestionId; expiry: NonNullable<Question["expiry"]>; actor: Actor },
): Question => toQuestion(write, expireRequest(write, "question", questionId, why));
