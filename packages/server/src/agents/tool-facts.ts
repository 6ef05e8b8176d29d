/** Most facts of one call, and characters of each: what is longer, or has lines, is content, which stands elsewhere. */
const FACTS = { count: 32, length: 256 } as const;

/** What tools call their output. */
const OUTPUT = new Set(["output", "text", "stdout"]);

/** What a tool says of its work beside its output, such as an exit code: short values by their names. Nothing when there are none. */
export function toolFacts(told: Record<string, unknown>): Record<string, unknown> | undefined {
  const facts = Object.entries(told).filter(
    ([name, value]) => !OUTPUT.has(name) && name.length <= FACTS.length && isFact(value),
  );
  return facts.length === 0 ? undefined : Object.fromEntries(facts.slice(0, FACTS.count));
}

function isFact(value: unknown): boolean {
  if (typeof value === "string") return value !== "" && value.length <= FACTS.length && !/[\r\n]/.test(value);
  return typeof value === "boolean" || Number.isFinite(value);
}
