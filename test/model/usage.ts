/**
 * What an answer used, as the model itself counts it. `input` is all of the input, what was read from or written to the cache included, and
 * `output` all of the output, reasoning included.
 */
export interface Usage {
  input: number;
  output: number;
  cacheRead?: number;
  cacheWrite?: number;
  reasoning?: number;
}

const names = ["input", "output", "cacheRead", "cacheWrite", "reasoning"] as const;

/** Reads the account that a script gives; undefined unless it has input and output, and no count is negative or broken. */
export function readUsage(told: Record<string, unknown> | undefined): Usage | undefined {
  const counts: Partial<Usage> = {};
  for (const name of names) {
    const count = told?.[name];
    if (count === undefined) continue;
    if (typeof count !== "number" || !Number.isInteger(count) || count < 0) return undefined;
    counts[name] = count;
  }
  const { input, output } = counts;
  return input === undefined || output === undefined ? undefined : { ...counts, input, output };
}

/** Made up, but not constant: a quarter of the characters. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}
