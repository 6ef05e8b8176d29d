/** How well `text` answers `words`: every word must be in it; earlier and at the beginning of a word is better. Undefined: not at all. */
export function score(text: string, words: string): number | undefined {
  const hay = text.toLowerCase();
  let total = 0;
  for (const word of words.toLowerCase().split(/\s+/)) {
    if (word === "") continue;
    const at = hay.indexOf(word);
    if (at < 0) return undefined;
    total += at + (at === 0 || /\W/.test(hay[at - 1] ?? " ") ? 0 : 50);
  }
  return total;
}

/** The best `limit` of `items`, the best first; equal ones keep their order. */
export function best<T>(items: readonly T[], textOf: (item: T) => string, words: string, limit: number): T[] {
  return items
    .map((item) => ({ item, rank: score(textOf(item), words) }))
    .filter((entry): entry is { item: T; rank: number } => entry.rank !== undefined)
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, limit)
    .map(({ item }) => item);
}
