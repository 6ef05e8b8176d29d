/**
 * An answer to a question, filled in line by line: one field after the other, or yes and no where there is none. Pure.
 *
 * An empty line takes what the agent proposes, or leaves a field out that may be. Options are taken by their number, label or value.
 */
import {
  checkAnswer,
  fieldProblem,
  type Question,
  type QuestionAnswer,
  type QuestionContent,
  type QuestionField,
  type QuestionValue,
} from "@holdfast/protocol";
import { exactLine } from "./output.ts";
import { optionsOf } from "./question-text.ts";

/** `answer`: it is complete. `problem`: the line was not taken. Neither: the next line is for the next field. */
export type Filled = { answer?: QuestionAnswer; problem?: string };

const YES: Readonly<Record<string, boolean>> = {
  y: true,
  yes: true,
  true: true,
  n: false,
  no: false,
  false: false,
};

export class AnswerSheet {
  readonly question: Question;
  readonly #content: QuestionContent = {};
  #next = 0;

  constructor(question: Question) {
    this.question = question;
  }

  /** What the next line is for. */
  get prompt(): string {
    const field = this.question.fields[this.#next];
    if (field === undefined)
      return this.question.url === undefined ? "[y]es, [n]o: " : "Visited it? [y]es, [n]o: ";
    const proposed = field.default === undefined ? "" : ` [${exactLine(String(field.default), 60)}]`;
    return `${exactLine(field.name, 60)}${proposed}: `;
  }

  take(line: string): Filled {
    const text = line.trim();
    if (text === "/decline" || text === "/cancel") return { answer: { action: text.slice(1) as "decline" } };
    const { fields } = this.question;
    const field = fields[this.#next];
    if (field === undefined) return agreed(text);
    const value = text === "" ? field.default : valueOf(field, text);
    const problem = fieldProblem(field, value);
    if (problem !== undefined) return { problem: `${exactLine(field.name, 60)}: ${problem}` };
    if (value !== undefined) this.#content[field.name] = value;
    this.#next += 1;
    return this.#next < fields.length ? {} : { answer: { action: "accept", content: this.#content } };
  }
}

function agreed(text: string): Filled {
  const isYes = YES[text.toLowerCase()];
  if (isYes === undefined) return { problem: "Answer y or n." };
  return { answer: isYes ? { action: "accept" } : { action: "decline" } };
}

/** What a text says in a field; a text that says nothing there is left as it is, and fits nothing. */
export function valueOf(field: QuestionField, text: string): QuestionValue {
  switch (field.type) {
    case "text":
      return text;
    case "number":
      return text === "" ? text : Number(text);
    case "boolean":
      return YES[text.toLowerCase()] ?? text;
    case "one":
      return optionOf(field, text);
    case "many":
      return text === "" ? [] : text.split(",").map((each) => optionOf(field, each.trim()));
  }
}

function optionOf(field: QuestionField, text: string): string {
  const options = optionsOf(field);
  const named = options.find(({ value, label }) => value === text || label === text);
  const numbered = /^[1-9]\d*$/.test(text) ? options[Number(text) - 1] : undefined;
  return (named ?? numbered)?.value ?? text;
}

/** The answer that words such as `port=8080` make. Throws with a sentence for what names no field or does not fit. */
export function answerOf({ fields }: Question, words: readonly string[]): QuestionAnswer {
  const content: QuestionContent = {};
  for (const word of words) {
    const [, name = "", text = ""] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    const field = fields.find((each) => each.name === name);
    if (field === undefined) throw new Error(`${exactLine(word, 60)} names no field of the question.`);
    content[name] = valueOf(field, text);
  }
  const [issue] = checkAnswer(fields, content);
  if (issue !== undefined) throw new Error(`${exactLine(issue.path, 60)}: ${issue.message}`);
  return { action: "accept", content };
}
