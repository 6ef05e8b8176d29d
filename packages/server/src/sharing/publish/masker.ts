/**
 * Masks the texts of one publication, in two passes (S-17). The first learns what is secret in all of them, the second masks: so whatever is found in one text
 * is masked in those before it too. What was masked before, in this share, is known from the start, and numbers never change.
 */
import type { MaskKind } from "@holdfast/protocol";
import type { ShareMask } from "../../store/index.ts";
import { type BareText, bareText } from "./bare-text.ts";
import { findSecrets, type Found } from "./find-secrets.ts";
import { type FormIndex, formsIn, indexForms } from "./secret-forms.ts";

/** Most values that a share remembers; what is found beyond them is masked where its look tells it, and has no number. */
const MOST_MASKS = 10_000;
/** Characters of a value that are remembered. */
const MOST_VALUE = 4_096;

/** Values with their index. */
export type Values = { values: readonly string[]; index: FormIndex };

export const indexed = (values: readonly string[]): Values => ({ values, index: indexForms(values) });

/** What a share has masked so far, with the index of its values, in this order. */
export type MaskMemory = { masks: readonly ShareMask[]; index: FormIndex };

/** The same object for the same masks: an index takes its time. */
export function memoryOf(masks: readonly ShareMask[], last?: MaskMemory): MaskMemory {
  const isSame =
    last?.masks.length === masks.length &&
    last.masks.every(({ number, value }, at) => masks[at]?.number === number && masks[at].value === value);
  return isSame ? last : { masks, index: indexForms(masks.map(({ value }) => value)) };
}

/** What stands in the place of a value. */
export const placeholder = (number: number | undefined): string =>
  number === undefined ? "[masked]" : `[masked ${number}]`;

type Range = { start: number; end: number; number: number | undefined };

/** Hears of each mask that is set; `number` is absent where none are left. */
export type MaskSeen = (mask: { kind: MaskKind; number: number | undefined }) => void;

export type Masker = {
  /** First pass. */
  learn(text: string): void;
  /** First pass, of a text that is secret as a whole: the name of its field says so. */
  learnWhole(value: string): void;
  /** Second pass. */
  mask(text: string, seen?: MaskSeen): string;
  maskWhole(value: string, seen?: MaskSeen): string;
  /** Secrets with blanks in them, of which a text that grows may end in the begin. */
  phrases(): readonly string[];
  /** What was learned beside what was known before. */
  taken(): ShareMask[];
  /** Gives up what is kept of texts between the passes; they are looked through again then. */
  forgetTexts(): void;
};

type Look = { bare: BareText; found: Found[] };

/** `known`: values that are secret by what they are, not by their look. */
export function createMasker(before: MaskMemory, known: readonly Values[]): Masker {
  const memory = createMemory(before.masks);
  const looks = new Map<string, Look>();
  let recent: FormIndex | undefined;
  let phrases: { of: number; values: readonly string[] } | undefined;
  const lookAt = (text: string): Look => {
    const known = looks.get(text);
    if (known !== undefined) return known;
    const bare = bareText(text);
    const look = { bare, found: findSecrets(bare.text) };
    looks.set(text, look);
    return look;
  };
  const numberOf = (value: string, kind: MaskKind): number | undefined => {
    const size = memory.all.length;
    const number = memory.numberOf(value, kind);
    if (memory.all.length > size) recent = undefined;
    return number;
  };
  const rangesIn = (text: string): Range[] => {
    const { bare, found } = lookAt(text);
    const looked = found.map(({ start, end, value, kind }) => ({
      start,
      end,
      number: numberOf(value, kind),
    }));
    const first = before.masks.length;
    recent ??= indexForms(memory.all.slice(first).map(({ value }) => value));
    const remembered = (from: number, index: FormIndex): Range[] =>
      formsIn(bare.text, index).map(({ value, ...place }) => ({
        ...place,
        number: memory.all[from + value]?.number,
      }));
    const ranges = merged([...looked, ...remembered(0, before.index), ...remembered(first, recent)]);
    return ranges.map(({ number, ...place }) => ({ ...bare.placeOf(place), number }));
  };
  return {
    learn(text) {
      const { bare, found } = lookAt(text);
      for (const { value, kind } of found) numberOf(value, kind);
      for (const { values, index } of known)
        for (const { value } of formsIn(bare.text, index)) numberOf(values[value] ?? "", "known");
    },
    learnWhole: (value) => void numberOf(value, "password"),
    mask: (text, seen) =>
      replaced(text, rangesIn(text), (number) => seen?.({ kind: memory.kindOf(number), number })),
    maskWhole(value, seen) {
      const number = numberOf(value, "password");
      seen?.({ kind: memory.kindOf(number), number });
      return placeholder(number);
    },
    phrases: () => {
      // Asked for each row; only what is learned adds to them.
      if (phrases?.of !== memory.all.length)
        phrases = { of: memory.all.length, values: phrasesOf(memory.all, known) };
      return phrases.values;
    },
    taken: () => memory.all.slice(before.masks.length),
    forgetTexts: () => looks.clear(),
  };
}

const phrasesOf = (masks: readonly ShareMask[], known: readonly Values[]): string[] =>
  [...masks.map(({ value }) => value), ...known.flatMap(({ values }) => values)].filter((value) =>
    /\s/.test(value),
  );

function createMemory(before: readonly ShareMask[]) {
  const all = [...before];
  const byValue = new Map(all.map((mask) => [mask.value, mask.number]));
  const kinds = new Map(all.map((mask) => [mask.number, mask.kind]));
  let last = all.reduce((most, { number }) => Math.max(most, number), 0);
  return {
    all,
    kindOf: (number: number | undefined): MaskKind =>
      ((number === undefined ? undefined : kinds.get(number)) ?? "random") as MaskKind,
    /** Of a value that is new, a new one; `undefined` where no more are remembered. */
    numberOf(value: string, kind: MaskKind): number | undefined {
      const kept = value.slice(0, MOST_VALUE);
      const number = byValue.get(kept);
      if (number !== undefined || all.length >= MOST_MASKS) return number;
      last += 1;
      all.push({ number: last, kind, value: kept });
      byValue.set(kept, last);
      kinds.set(last, kind);
      return last;
    },
  };
}

/** Places that overlap are one, by the number of the longest of them. */
function merged(ranges: Range[]): Range[] {
  const one: (Range & { longest: number })[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const length = range.end - range.start;
    const last = one.at(-1);
    if (last === undefined || range.start >= last.end) {
      one.push({ ...range, longest: length });
      continue;
    }
    last.end = Math.max(last.end, range.end);
    if (length > last.longest || last.number === undefined) {
      last.longest = length;
      last.number = range.number;
    }
  }
  return one;
}

function replaced(
  text: string,
  ranges: readonly Range[],
  seen: (number: number | undefined) => void,
): string {
  let masked = "";
  let from = 0;
  for (const { start, end, number } of ranges) {
    masked += text.slice(from, start) + placeholder(number);
    from = end;
    seen(number);
  }
  return from === 0 ? text : masked + text.slice(from);
}
