import type { HoldfastClient } from "@holdfast/client";
import type { Question, QuestionAnswer } from "@holdfast/protocol";
import { answerOf } from "./answer-sheet.ts";
import { askQuestion } from "./ask-question.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { ago, exactLine } from "./output.ts";
import { questionText } from "./question-text.ts";

export async function list(context: Context, flags: { session?: string; all?: boolean }): Promise<ExitCode> {
  const { items, total } = await context.connect().client.listQuestions({
    ...(flags.all === true ? {} : { state: "pending" }),
    ...(flags.session === undefined ? {} : { sessionId: flags.session }),
  });
  const { output } = context;
  if (context.isJson) output.json({ items, total });
  else if (items.length === 0) output.note("No open questions.");
  else {
    const now = Date.now();
    output.table(
      items.map(({ id, state, agent, time, message }) => [
        id,
        state,
        agent,
        ago(time.asked, now),
        exactLine(message, 80),
      ]),
    );
    if (items.length < total) output.note(`The newest ${items.length} of ${total}.`);
  }
  return EXIT.completed;
}

/** All that an agent wants to know, however long it is. */
export async function show(context: Context, id: string): Promise<ExitCode> {
  const { output } = context;
  const question = await context.connect().client.getQuestion(id);
  if (context.isJson) output.json(question);
  else output.line(`${questionText(question, output.out, "all")}\n  ${question.state}`);
  return EXIT.completed;
}

/** Answers with `field=value` words, or asks for them on a terminal. */
export async function answer(
  context: Context,
  id: string,
  words: readonly string[],
  flags: { decline?: boolean; cancel?: boolean },
): Promise<ExitCode> {
  const { client } = context.connect();
  const given = await answerFrom(context, client, id, words, flags);
  const question = await client.replyQuestion(id, given);
  if (context.isJson) context.output.json(question);
  return EXIT.completed;
}

async function answerFrom(
  context: Context,
  client: HoldfastClient,
  id: string,
  words: readonly string[],
  { decline, cancel }: { decline?: boolean; cancel?: boolean },
): Promise<QuestionAnswer> {
  if (decline === true || cancel === true) {
    if (words.length > 0 || decline === cancel)
      throw new CliError(EXIT.usage, "Name fields, or --decline, or --cancel: one of them.");
    return { action: decline === true ? "decline" : "cancel" };
  }
  const question = await client.getQuestion(id);
  if (words.length === 0 && question.state === "pending" && context.settings.isInteractive)
    return await onTerminal(context, question);
  if (words.length === 0 && question.fields.length > 0)
    throw new CliError(EXIT.usage, "Name what you answer as field=value, or --decline, or --cancel.");
  try {
    return answerOf(question, words);
  } catch (error) {
    throw new CliError(EXIT.usage, error instanceof Error ? error.message : String(error));
  }
}

async function onTerminal(context: Context, question: Question): Promise<QuestionAnswer> {
  const answered = await askQuestion(question, context.output, new AbortController().signal);
  if (answered === undefined) throw new CliError(EXIT.usage, "Nothing was answered.");
  return answered;
}
