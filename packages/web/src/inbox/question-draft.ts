/** What somebody has filled in so far, and the values that it makes. Pure. */
import type { QuestionContent, QuestionField, QuestionValue } from "@holdfast/protocol";

/** `chosen`: values of options; `isOwn`: own words, which are `text`, are chosen too. */
export type Draft = { text: string; chosen: readonly string[]; isOwn: boolean };

/** A field before anybody touched it: what the agent proposes. */
export function firstDraft(field: QuestionField): Draft {
  const { default: proposed } = field;
  const given = proposed === undefined ? [] : Array.isArray(proposed) ? proposed : [String(proposed)];
  if (field.type === "boolean") return { text: "", chosen: given, isOwn: false };
  if (field.type === "text" || field.type === "number")
    return { text: given[0] ?? "", chosen: [], isOwn: false };
  const known = given.filter((value) => field.options.some((option) => option.value === value));
  const [own] = given.filter((value) => !known.includes(value));
  return { text: own ?? "", chosen: known, isOwn: own !== undefined };
}

/** The value of a field; undefined when it was left empty. What is no number is one that fits nothing. */
export function valueOf(field: QuestionField, { text, chosen, isOwn }: Draft): QuestionValue | undefined {
  switch (field.type) {
    case "text":
      return text === "" ? undefined : text;
    case "number":
      return text.trim() === "" ? undefined : Number(text);
    case "boolean":
      return chosen[0] === undefined ? undefined : chosen[0] === "true";
    case "one":
      return isOwn ? text : chosen[0];
    case "many": {
      const all = [...chosen, ...(isOwn ? [text] : [])];
      return all.length === 0 ? undefined : all;
    }
  }
}

export const contentOf = (
  fields: readonly QuestionField[],
  drafts: ReadonlyMap<string, Draft>,
): QuestionContent =>
  Object.fromEntries(
    fields.flatMap((field) => {
      const value = valueOf(field, drafts.get(field.name) ?? firstDraft(field));
      return value === undefined ? [] : [[field.name, value]];
    }),
  );
