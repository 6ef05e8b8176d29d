import { matchSorter } from "match-sorter";

/** Those of `items` that answer every word, by all of its letters in their order; the best first, equal ones in the order they came in. */
export function ranked<T>(items: readonly T[], textOf: (item: T) => string, words: string): T[] {
  // The first word is sorted by last, and so decides.
  return words
    .trim()
    .split(/\s+/)
    .reduceRight<T[]>(
      (left, word) => matchSorter(left, word, { keys: [textOf], baseSort: () => 0 }),
      [...items],
    );
}
