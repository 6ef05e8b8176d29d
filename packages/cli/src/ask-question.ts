import type { Question, QuestionAnswer } from "@holdfast/protocol";
import { AnswerSheet } from "./answer-sheet.ts";
import { askLines, type Streams } from "./ask-lines.ts";
import type { Output } from "./output.ts";
import { questionText } from "./question-text.ts";

/** Asks the person at the terminal, field by field; undefined when there is no answer to come, as in `askLines`. */
export function askQuestion(
  question: Question,
  output: Output,
  signal: AbortSignal,
  streams?: Streams,
): Promise<QuestionAnswer | undefined> {
  const sheet = new AnswerSheet(question);
  const first = `${questionText(question, output.err)}\n  /decline and /cancel answer without.\n  ${sheet.prompt}`;
  return askLines(first, signal, streams, (line) => {
    const { answer, problem } = sheet.take(line);
    if (answer !== undefined) return { answer };
    return { ask: `${problem === undefined ? "" : `  ${problem}\n`}  ${sheet.prompt}` };
  });
}
