/**
 * Every speed target is a ratio, measured side by side in one run: product and raw limit take turns, each pair gives one ratio, and the median of the
 * pairs counts. One line per figure goes to stdout; what explains it goes to stderr.
 */

/** What a ratio must reach: speeds ask for at least so much of the raw limit, costs for at most so many times of it. */
export type Target = { atLeast: number } | { atMost: number };

/** One figure: `name` is the target's id, or the id and a variant as in `T-1/10-sessions`. */
export type Finding = { name: string; ratios: readonly number[]; target: Target };

/** The middle value; of an even number of values the mean of the two in the middle. Throws without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  if (high === undefined || low === undefined) throw new RangeError("There is no median of nothing.");
  return (low + high) / 2;
}

export function isMet({ ratios, target }: Pick<Finding, "ratios" | "target">): boolean {
  const ratio = median(ratios);
  return "atLeast" in target ? ratio >= target.atLeast : ratio <= target.atMost;
}

/** `T-1 ratio=0.81 min=0.75 max=0.90 target=0.77 pass`. */
export function findingLine({ name, ratios, target }: Finding): string {
  const bound = "atLeast" in target ? target.atLeast : target.atMost;
  const figures = [
    `ratio=${median(ratios).toFixed(2)}`,
    `min=${Math.min(...ratios).toFixed(2)}`,
    `max=${Math.max(...ratios).toFixed(2)}`,
    `target=${bound}`,
  ];
  return [name, ...figures, isMet({ ratios, target }) ? "pass" : "short"].join(" ");
}

/** The variant that is farthest from its target, under the bare id. Throws without variants. */
export function worstOf(id: string, variants: readonly Finding[]): Finding {
  const [worst] = variants.toSorted((a, b) => margin(a) - margin(b));
  if (worst === undefined) throw new RangeError(`${id} has no variants.`);
  return { ...worst, name: id };
}

/** How far over its target a figure is; below 1 it is short. */
function margin({ ratios, target }: Finding): number {
  return "atLeast" in target ? median(ratios) / target.atLeast : target.atMost / median(ratios);
}

/** Lets the sides of each repeat run one after the other, the first one alternating; answers what each measured, repeat by repeat. */
export async function interleave<P, L>(
  repeats: number,
  product: () => Promise<P>,
  limit: () => Promise<L>,
): Promise<{ product: P; limit: L }[]> {
  const pairs: { product: P; limit: L }[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    if (repeat % 2 === 0) {
      const first = await product();
      pairs.push({ product: first, limit: await limit() });
    } else {
      const first = await limit();
      pairs.push({ product: await product(), limit: first });
    }
  }
  return pairs;
}

/** The same for more than two sides, the first one moving on from repeat to repeat. */
export async function takeTurns<N extends string, T>(
  repeats: number,
  names: readonly N[],
  side: (name: N) => Promise<T>,
): Promise<Record<N, T>[]> {
  const rounds: Record<N, T>[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const round = {} as Record<N, T>;
    for (let place = 0; place < names.length; place += 1) {
      const name = names[(repeat + place) % names.length];
      if (name !== undefined) round[name] = await side(name);
    }
    rounds.push(round);
  }
  return rounds;
}

/** An absolute figure, for the reader of a run. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
