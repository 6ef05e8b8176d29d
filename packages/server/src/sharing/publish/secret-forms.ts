/** Finds known values in texts, however they are spelled there (S-17): a value that was masked once is masked wherever it occurs. */
import { bareText } from "./bare-text.ts";

/** Characters of the shortest form that is looked for: a shorter one would be found in common words. */
const LEAST = 6;
/** Of a value of many lines, so long a line is looked for alone. */
const LEAST_LINE = 16;
/** Characters of the shortest value that is looked for in base64. */
const LEAST_ENCODED = 8;

/** Where a form stands, and the index of its value. */
export type FormPlace = { start: number; end: number; value: number };

/** Forms by their first characters, then by length, the longest first; `pairs` tells quickly that none begins with two characters. */
export type FormIndex = {
  pairs: Uint8Array;
  heads: ReadonlyMap<string, readonly { form: string; value: number }[]>;
};

const pairOf = (text: string, at: number): number =>
  ((text.charCodeAt(at) & 0xff) << 8) | (text.charCodeAt(at + 1) & 0xff);

/** The index of these values. Of two values with one form the first has it. */
export function indexForms(values: readonly string[]): FormIndex {
  const pairs = new Uint8Array(65_536);
  const heads = new Map<string, Map<string, number>>();
  values.forEach((value, index) => {
    // They are looked for where what nobody sees is left out.
    for (const form of formsOf(bareText(value).text)) {
      if (form.length < LEAST) continue;
      const head = form.slice(0, LEAST);
      const forms = heads.get(head) ?? new Map<string, number>();
      if (!forms.has(form)) forms.set(form, index);
      heads.set(head, forms);
      pairs[pairOf(form, 0)] = 1;
    }
  });
  const ordered = [...heads].map(([head, forms]): [string, { form: string; value: number }[]] => [
    head,
    [...forms]
      .map(([form, value]) => ({ form, value }))
      .toSorted((one, other) => other.form.length - one.form.length),
  ]);
  return { pairs, heads: new Map(ordered) };
}

/** The places of forms, those of one value side by side; of forms that begin at one place the longest. A text that ends within a form, as a title that was cut does, has its begin. */
export function formsIn(text: string, { pairs, heads }: FormIndex): FormPlace[] {
  if (heads.size === 0) return [];
  const found: FormPlace[] = [];
  const ends = new Map<number, number>();
  for (let at = 0; at <= text.length - LEAST; at += 1) {
    if (pairs[pairOf(text, at)] === 0) continue;
    const forms = heads.get(text.slice(at, at + LEAST));
    if (forms === undefined) continue;
    const rest = text.length - at;
    const match = forms.find(
      ({ form, value }) =>
        (ends.get(value) ?? 0) <= at &&
        (text.startsWith(form, at) || (rest < form.length && form.startsWith(text.slice(at)))),
    );
    if (match === undefined) continue;
    const end = at + Math.min(match.form.length, rest);
    ends.set(match.value, end);
    found.push({ start: at, end, value: match.value });
  }
  return found;
}

const asJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** The ways in which a text, a message in a text, an address and base64 spell a value. */
function formsOf(value: string): Set<string> {
  const json = asJson(value);
  const lines = value.includes("\n") ? value.split(/\r?\n/).map((line) => line.trim()) : [];
  return new Set([
    value,
    json,
    asJson(json),
    ...addressForms(value),
    ...lines.filter(({ length }) => length >= LEAST_LINE),
    ...encodedForms(value),
  ]);
}

/** Programs differ in what they leave as it is in an address, in how they write a blank, and in the letters of the digits. */
function addressForms(value: string): string[] {
  const encoded = encodeURIComponent(value.toWellFormed());
  const strict = encoded.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [encoded, strict].flatMap((form) => [
    form,
    form.replaceAll("%2F", "/"),
    form.replaceAll("%20", "+"),
  ]);
  return forms.flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase())]);
}

/** In base64 a value looks in three ways, by its place; characters that its neighbours share are left out. */
function encodedForms(value: string): string[] {
  if (value.length < LEAST_ENCODED) return [];
  const bytes = Buffer.from(value, "utf8");
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    const end = Math.floor(((offset + bytes.length) * 8) / 6);
    const form = encoded.slice(offset === 0 ? 0 : offset + 1, end);
    return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
