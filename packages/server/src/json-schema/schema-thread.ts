/** The thread that is asked: compiles the schema, reads and validates the answer. Each question is new to it, and who asked ends it when it takes too long. */
import { errorText } from "@holdfast/kernel";
import type { JsonObject } from "@holdfast/protocol";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { answerQuestions } from "../thread/index.ts";
import type { Question, Verdict } from "./json-schemas.ts";

/** Characters of a problem, and how many of one answer are named. */
const PROBLEM_LENGTH = 2_000;
const MOST_ERRORS = 8;

/** Characters of an answer. */
const ANSWER_LENGTH = 1024 * 1024;

/** `format` is a remark and is not checked, as 2020-12 has it. Words that no draft knows are remarks too. */
const OPTIONS = { strict: false, validateFormats: false, allErrors: true, logger: false } as const;

const DRAFT_7 = /^https?:\/\/json-schema\.org\/draft-07\/schema#?$/;
const DRAFT_2020 = /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

function compile(schema: JsonObject): ValidateFunction | string {
  const { $schema: draft = "https://json-schema.org/draft/2020-12/schema" } = schema;
  const is7 = typeof draft === "string" && DRAFT_7.test(draft);
  if (!is7 && !(typeof draft === "string" && DRAFT_2020.test(draft)))
    return "its $schema is neither JSON Schema 2020-12 nor draft 7";
  if ("$async" in schema) return "$async is no part of JSON Schema";
  try {
    return is7 ? new Ajv(OPTIONS).compile(schema) : new Ajv2020(OPTIONS).compile(schema);
  } catch (error) {
    return errorText(error);
  }
}

function judge(validate: ValidateFunction, texts: readonly string[]): Verdict {
  let problem: string | undefined;
  let notJson: string | undefined;
  for (const text of texts) {
    if (text.length > ANSWER_LENGTH) {
      problem ??= `it is longer than ${ANSWER_LENGTH} characters`;
      continue;
    }
    try {
      const value: unknown = JSON.parse(text);
      if (validate(value)) return { fits: true, value };
      problem ??= wordsOf(validate.errors ?? []);
    } catch (error) {
      notJson ??= `it is not JSON: ${errorText(error)}`;
    }
  }
  return { fits: false, problem: cut(problem ?? notJson ?? "it has no text") };
}

function wordsOf(errors: readonly ErrorObject[]): string {
  const named = errors
    .slice(0, MOST_ERRORS)
    .map(({ instancePath, message }) => `${instancePath === "" ? "the value" : instancePath} ${message}`);
  const rest = errors.length - named.length;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join("; ");
}

const cut = (text: string): string => text.slice(0, PROBLEM_LENGTH).toWellFormed();

function answer({ schema, texts }: Question): Verdict {
  const validate = compile(schema);
  if (typeof validate === "string") return { fits: false, problem: cut(validate) };
  return texts === undefined ? { fits: true, value: undefined } : judge(validate, texts);
}

answerQuestions(answer);
