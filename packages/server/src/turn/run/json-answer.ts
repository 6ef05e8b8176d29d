/**
 * A turn whose answer must fit a JSON Schema, on any backend: the schema goes out with the prompt, the answer is read and validated here,
 * and one that does not fit is asked for again in the same turn, at most `retryCount` times. An agent that answers by a call of a tool is told the schema
 * by its backend; any other is told in words.
 *
 *   prompt ─► answered ─► fits: its value
 *     ▲          └─► does not: tries left? ─no─► StructuredOutputError with how often it was asked for again
 *     └── correction, a new step ◄──┘ yes
 *
 * Any other end of a prompt ends the turn as it would without a format.
 */
import type { JsonObject, OutputFormat, Part } from "@holdfast/protocol";
import { ANSWER_TOOL } from "../../agents/index.ts";
import type { JsonSchemas } from "../../json-schema/index.ts";
import type { AnswerValidation, TerminalRecord } from "../../store/index.ts";
import type { Ending } from "../end/index.ts";
import { finalTexts } from "../final-text.ts";

export type JsonFormat = Extract<OutputFormat, { type: "json_schema" }>;

/** What a try needs of its turn. */
export type JsonTurn = {
  /** The agent answers by a call. */
  calls: boolean;
  /** Prompts the agent with what is said about the format, if anything is; `stop` once the turn is being stopped. */
  prompt(words: string | undefined): Promise<Ending>;
  /** Parts of what answers the last prompt, as they are stored. */
  answer(): Promise<Part[]>;
  /** Ends the step and begins the next one, whose prompt these words are. Durable on return. */
  correct(validation: AnswerValidation, words: string): Promise<void>;
};

/** How it ended, and what the last answer carries. */
export type JsonAnswer = { ending: Ending; answer?: TerminalRecord["answer"] };

/** Rejects when the store or the thread of schemas fails. */
export async function promptForJson(
  { schema, retryCount }: JsonFormat,
  turn: JsonTurn,
  schemas: Pick<JsonSchemas, "judge">,
): Promise<JsonAnswer> {
  let words = turn.calls ? undefined : block(ASKED, schema);
  for (let count = 1; ; count += 1) {
    const ending = await turn.prompt(words);
    if (!isAnswered(ending)) return { ending };
    const answer = await turn.answer();
    const said = turn.calls ? calledWith(answer) : readings(answer);
    const verdict = said === undefined ? NOT_CALLED : await schemas.judge(schema, said);
    if (verdict.fits) return { ending, answer: { structured: verdict.value } };
    const validation = { problem: verdict.problem, try: count };
    if (count > retryCount) {
      const message = `The answer does not fit the schema: ${verdict.problem}`;
      const error = { name: "StructuredOutputError", data: { message, retries: count - 1 } } as const;
      return { ending: { ...ending, result: { outcome: "failed", error } }, answer: { validation } };
    }
    const refused = `Your last answer was not accepted: ${verdict.problem}`;
    words = turn.calls
      ? tagged([refused, `Call the tool ${ANSWER_TOOL} with an answer that fits its schema.`])
      : block(`${refused}\n${ASKED}`, schema);
    await turn.correct(validation, words);
  }
}

/** What the last answer carries by the record that ends its turn: a stopped turn has no result. */
export function resultOf(
  { state, error }: TerminalRecord,
  answer: TerminalRecord["answer"],
): TerminalRecord["answer"] {
  const isTold = state === "completed" || error?.name === "StructuredOutputError";
  return isTold ? answer : undefined;
}

type PromptEnding = Extract<Ending, { by: "prompt" }>;

function isAnswered(ending: Ending): ending is PromptEnding {
  return (
    ending.by === "prompt" && ending.result.outcome === "ended" && ending.result.stopReason === "end_turn"
  );
}

/** The ways to read an answer: whole, its last text, and the last fenced block in it, which many models cannot leave out. */
export function readings(parts: readonly Part[]): string[] {
  const texts = finalTexts(parts);
  const whole = texts.join("").trim();
  const last = texts.at(-1)?.trim() ?? "";
  const fenced = [...whole.matchAll(/^[ \t]*```[^\n`]*\n(.*?)^[ \t]*```[ \t]*$/gms)].at(-1)?.[1]?.trim();
  return [...new Set([whole, last, fenced])].filter((text) => text !== undefined && text !== "") as string[];
}

const NOT_CALLED = { fits: false, problem: `the tool ${ANSWER_TOOL} was not called` } as const;

/** The ways to read the last call: its input, and what was wrapped because a call takes an object. */
export function calledWith(parts: readonly Part[]): string[] | undefined {
  const call = parts.findLast((part) => part.type === "tool" && part.tool === ANSWER_TOOL);
  if (call?.type !== "tool" || call.state.status !== "completed") return undefined;
  const { input } = call.state;
  const isWrapped = Object.keys(input).length === 1 && "value" in input;
  return [input, ...(isWrapped ? [input["value"]] : [])].map((value) => JSON.stringify(value));
}

const TAG = "holdfast-format";
const ASKED =
  "Answer with exactly one JSON value that is valid against this JSON Schema, and with nothing else: no words before or after it, no code fence.";

/**
 * Nothing in the schema can end the block: in JSON a `<` may be written as an escape. It begins a line of its own, for agents that join texts without one.
 */
const block = (words: string, schema: JsonObject): string =>
  tagged([words, JSON.stringify(schema).replaceAll("<", "\\u003c")]);

const tagged = (lines: readonly string[]): string =>
  [`\n<${TAG}>`, ...lines.map(harmless), `</${TAG}>`].join("\n");

/** A problem may repeat what an agent said. */
const harmless = (words: string): string => words.replaceAll(/<(\/?\s*)holdfast-/gi, "<$1holdfast ");
