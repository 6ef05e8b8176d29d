/** Whether an answer fits its question: the same for the server, the page and the command line. Pure. */
import type { Issue } from "./error-code.ts";
import type { QuestionContent, QuestionField, QuestionValue } from "./question.ts";

/** What a value of the field must be, for people, such as `a whole number, 1 to 65535`. The pattern of a text comes last and is the agent's own. */
export function fieldHint(field: QuestionField): string {
  switch (field.type) {
    case "text": {
      const { minLength, maxLength, format, pattern } = field;
      const what = format === undefined ? "text" : FORMATS[format][1];
      const parts = [what, span(minLength, maxLength, "characters"), pattern && `the form ${pattern}`];
      return parts.filter((part) => part !== undefined && part !== "").join(", ");
    }
    case "number": {
      const range = span(field.minimum, field.maximum, "");
      const what = field.integer === true ? "a whole number" : "a number";
      return range === undefined ? what : `${what}, ${range}`;
    }
    case "boolean":
      return "yes or no";
    case "one":
      return "one of them";
    case "many":
      return span(field.minItems, field.maxItems, "of them") ?? "any of them";
  }
}

function span(from: number | undefined, to: number | undefined, unit: string): string | undefined {
  const range =
    from !== undefined && to !== undefined
      ? `${from} to ${to}`
      : from !== undefined
        ? `at least ${from}`
        : to === undefined
          ? undefined
          : `at most ${to}`;
  return range === undefined ? undefined : `${range} ${unit}`.trim();
}

type Of<T extends QuestionField["type"]> = Extract<QuestionField, { type: T }>;

const DAY = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i;

/** A date that the calendar does not have, such as February 30, would become another one. */
const isDay = (text: string): boolean =>
  DAY.test(text) &&
  !Number.isNaN(Date.parse(text)) &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

const FORMATS: Record<NonNullable<Of<"text">["format"]>, [is: (text: string) => boolean, what: string]> = {
  email: [(text) => /^[^\s@]+@[^\s@]+$/.test(text), "an e-mail address"],
  uri: [(text) => URL.canParse(text), "an address such as https://example.org"],
  date: [isDay, "a date such as 2026-11-29"],
  "date-time": [
    (text) => INSTANT.test(text) && isDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(text)),
    "a time such as 2026-11-29T12:00:00Z",
  ],
};

/** What is wrong with `content`, each with the field's name as its path; empty when it may be given to the agent. */
export function checkAnswer(fields: readonly QuestionField[], content: QuestionContent): Issue[] {
  const known = new Set(fields.map(({ name }) => name));
  const unknown = Object.keys(content).filter((name) => !known.has(name));
  return [
    ...unknown.map((name) => ({ path: name, message: "The question has no field of this name." })),
    ...fields.flatMap((field) => {
      const value = Object.hasOwn(content, field.name) ? content[field.name] : undefined;
      const message = fieldProblem(field, value);
      return message === undefined ? [] : [{ path: field.name, message }];
    }),
  ];
}

/** What is wrong with the value of one field, in a sentence; `undefined` when nothing is. An absent value is `undefined`. */
export function fieldProblem(field: QuestionField, value: QuestionValue | undefined): string | undefined {
  if (value === undefined) return field.required === true ? "This is required." : undefined;
  switch (field.type) {
    case "text":
      return typeof value === "string" ? textProblem(field, value) : "Expected a text.";
    case "number":
      return typeof value === "number" ? numberProblem(field, value) : "Expected a number.";
    case "boolean":
      return typeof value === "boolean" ? undefined : "Expected true or false.";
    case "one":
      return typeof value === "string" ? optionProblem(field, value) : "Expected one of the options.";
    case "many":
      return Array.isArray(value) ? manyProblem(field, value) : "Expected a list of options.";
  }
}

function textProblem({ minLength, maxLength, format, required }: Of<"text">, text: string) {
  if (required === true && text === "") return "This is required.";
  if (minLength !== undefined && text.length < minLength) return `At least ${minLength} characters.`;
  if (maxLength !== undefined && text.length > maxLength) return `At most ${maxLength} characters.`;
  const [is, what] = format === undefined ? [] : FORMATS[format];
  return is?.(text) === false ? `Expected ${what}.` : undefined;
}

function numberProblem({ integer, minimum, maximum }: Of<"number">, value: number) {
  if (!Number.isFinite(value)) return "Expected a number.";
  if (integer === true && !Number.isInteger(value)) return "Expected a whole number.";
  if (minimum !== undefined && value < minimum) return `At least ${minimum}.`;
  if (maximum !== undefined && value > maximum) return `At most ${maximum}.`;
  return undefined;
}

function optionProblem({ options, custom }: Pick<Of<"one">, "options" | "custom">, value: string) {
  if (options.some((option) => option.value === value)) return undefined;
  if (custom === true) return value.trim() === "" ? "Expected a text." : undefined;
  return `Expected one of the options; ${JSON.stringify(value.slice(0, 64))} is none.`;
}

function manyProblem(field: Of<"many">, values: readonly string[]) {
  const { minItems = 0, maxItems, required } = field;
  if (new Set(values).size < values.length) return "An option is named twice.";
  const least = Math.max(minItems, required === true ? 1 : 0);
  if (values.length < least) return `Choose at least ${least}.`;
  if (maxItems !== undefined && values.length > maxItems) return `Choose at most ${maxItems}.`;
  return values.map((value) => optionProblem(field, value)).find((problem) => problem !== undefined);
}
