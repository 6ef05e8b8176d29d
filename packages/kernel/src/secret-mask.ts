import { redact } from "./text.ts";

/** So many are compared one by one: that is quicker than to hash a long piece of the text. */
const FEW = 4;

/** What stands in the place of a secret. */
export const HIDDEN = "[redacted]";

/** Characters of the shortest secret that is masked: masking a shorter one would mask common words. */
const LEAST = 6;

/** Whatever cuts an agent's words leaves at least as many characters: only at the ends of such a text may half a secret stand. */
const CUT_TEXT = 1_024;

/**
 * Masks these very texts, also in the forms that JSON and addresses give them; in a text that may have been cut, half of one at its ends too. A text is read
 * once, however many they are. Those of fewer than 6 characters stay.
 */
export function secretMask(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter(({ length }) => length >= LEAST)
    // What is left of a longer one would stay.
    .toSorted((one, other) => other.length - one.length);
  if (forms.length === 0) return (text) => text;
  const heads = indexOf(forms);
  return (text) => withoutHalves(withoutWhole(text, heads), forms);
}

/** By their first characters, then by their length, the longest first: however many are alike, a place of a text is compared once for each length. */
type Heads = ReadonlyMap<string, ReadonlyMap<number, ReadonlySet<string>>>;

function indexOf(forms: readonly string[]): Heads {
  const heads = new Map<string, Map<number, Set<string>>>();
  for (const form of forms) {
    const head = form.slice(0, LEAST);
    const lengths = heads.get(head) ?? new Map<number, Set<string>>();
    heads.set(head, lengths.set(form.length, (lengths.get(form.length) ?? new Set()).add(form)));
  }
  return heads;
}

function lengthAt(text: string, at: number, heads: Heads): number | undefined {
  for (const [length, forms] of heads.get(text.slice(at, at + LEAST)) ?? [])
    if (isOneOf(forms, text, at, length)) return length;
  return undefined;
}

function isOneOf(forms: ReadonlySet<string>, text: string, at: number, length: number): boolean {
  const piece = text.slice(at, at + length);
  if (forms.size > FEW) return forms.has(piece);
  for (const form of forms) if (piece === form) return true;
  return false;
}

const asJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** `redact` may have been there before, and what is said in a message may be JSON itself. */
function formsOf(secret: string): string[] {
  const json = asJson(secret);
  return [secret, redact(secret), json, asJson(json), encodeURIComponent(secret.toWellFormed())];
}

function withoutWhole(text: string, heads: Heads): string {
  let masked = "";
  let from = 0;
  for (let at = 0; at <= text.length - LEAST;) {
    const length = lengthAt(text, at, heads);
    if (length !== undefined) {
      masked += text.slice(from, at) + HIDDEN;
      from = at + length;
    }
    at += length ?? 1;
  }
  return masked + text.slice(from);
}

function withoutHalves(text: string, forms: readonly string[]): string {
  if (text.length < CUT_TEXT) return text;
  if (forms.some((form) => form.includes(text))) return HIDDEN;
  const front = Math.max(...forms.map((form) => overlap(form, text)));
  const back = Math.max(...forms.map((form) => overlap(text, form)));
  const middle = text.slice(front, text.length - back);
  return `${front > 0 ? HIDDEN : ""}${middle}${back > 0 ? HIDDEN : ""}`;
}

/** How many characters at the end of the first are the beginning of the second; 0 for fewer than a secret has. */
function overlap(first: string, second: string): number {
  for (let length = Math.min(first.length, second.length); length >= LEAST; length -= 1)
    if (first.slice(-length) === second.slice(0, length)) return length;
  return 0;
}
