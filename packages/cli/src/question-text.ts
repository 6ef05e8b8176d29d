import { fieldHint, type Question, type QuestionField, type QuestionOption } from "@holdfast/protocol";
import { exact, exactLine, type Output } from "./output.ts";

/** What is shown of a text at once, and how many options of a field; the rest is counted, and shown when it is asked for (I-23). */
const SHOWN = { characters: 4_000, lines: 60 };
const SHOWN_OPTIONS = 40;

export const optionsOf = (field: QuestionField): readonly QuestionOption[] =>
  "options" in field ? field.options : [];

/** Who wants to know what, with every field, as lines for a person: complete, or visibly cut with the way to all of it (I-23). */
export function questionText(
  { id, agent, message, url, fields }: Question,
  colors: Output["err"],
  extent: "shortened" | "all" = "shortened",
): string {
  const limit = extent === "shortened" ? SHOWN : undefined;
  const text = [
    `${colors.yellow("?")} ${colors.bold(exactLine(agent))} asks: ${exact(message, "block", limit)}`,
    ...(url === undefined ? [] : [`  page to visit: ${exactLine(url)}`]),
    ...fields.flatMap((field) => fieldLines(field, limit)),
  ].join("\n");
  return [
    text,
    ...(text.includes("<U+")
      ? [colors.yellow("  <U+...> stands for characters that would not be seen.")]
      : []),
    ...(text.includes("<+") ? [colors.yellow(`  It is cut; all of it: holdfast question show ${id}`)] : []),
  ].join("\n");
}

function fieldLines(field: QuestionField, limit: typeof SHOWN | undefined): string[] {
  const { name, title, description, required } = field;
  const about = [title, description].filter((text) => text !== undefined && text !== "" && text !== name);
  const needs = `${exactLine(fieldHint(field))}${required === true ? ", required" : ""}`;
  const options = optionsOf(field);
  const shown = limit === undefined ? options : options.slice(0, SHOWN_OPTIONS);
  return [
    `  ${exactLine(name)} (${needs})${about.length === 0 ? "" : `: ${about.map((text) => exact(text ?? "", "block", limit)).join("; ")}`}`,
    ...shown.map((option, index) => `    ${index + 1}) ${optionLine(option, limit)}`),
    ...(shown.length < options.length ? [`    <+${options.length - shown.length} options>`] : []),
    ...("custom" in field && field.custom === true ? ["    or your own words"] : []),
  ];
}

function optionLine({ value, label, description }: QuestionOption, limit: typeof SHOWN | undefined): string {
  const shown = exact(label, "line", limit);
  const code = value === label ? "" : ` [${exact(value, "line", limit)}]`;
  return `${shown}${code}${description === undefined ? "" : `: ${exact(description, "line", limit)}`}`;
}
