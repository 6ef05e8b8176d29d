/** Names that may have been meant. */

/** Names of a directory that are looked at. */
const LOOKED_AT = 2_000;
const MOST = 3;

/** At most three of these names that are like this one, most alike first: the same but for case, one part of the other, or a few letters apart. */
export function alikeNames(name: string, names: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  const most = Math.max(1, Math.floor(wanted.length / 4));
  return names
    .slice(0, LOOKED_AT)
    .map((each) => ({ each, apart: distance(wanted, each.toLowerCase(), most) }))
    .filter(({ apart }) => apart <= most)
    .toSorted((a, b) => a.apart - b.apart)
    .slice(0, MOST)
    .map(({ each }) => each);
}

/** Letters that differ; a name that is part of the other counts as one letter apart. More than `most` is `most + 1`. */
function distance(a: string, b: string, most: number): number {
  if (a === b) return 0;
  if (a.length > 2 && b.length > 2 && (a.includes(b) || b.includes(a))) return 1;
  if (Math.abs(a.length - b.length) > most || a.length > 255 || b.length > 255) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(same, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? most + 1;
}
