import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

const DEADLINE_MS = 120_000;

/** Looks every few milliseconds until the value contains what is expected; rejects with the last one seen or thrown. Matchers such as `expect.any` work. */
export async function until<T>(look: () => Promise<T> | T, expected: unknown): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const seen: unknown = await Promise.resolve()
      .then(look)
      .catch((error: unknown) => error);
    if (contains(seen, expected)) return;
    if (performance.now() > deadline)
      throw new Error(`Expected ${inspect(expected)}, still ${inspect(seen)}.`);
    await delay(2);
  }
}

function contains(seen: unknown, expected: unknown): boolean {
  if (isMatcher(expected)) return expected.asymmetricMatch(seen);
  if (typeof expected !== "object" || expected === null || typeof seen !== "object" || seen === null)
    return Object.is(seen, expected);
  return Object.entries(expected).every(([key, value]) =>
    contains((seen as Record<string, unknown>)[key], value),
  );
}

function isMatcher(value: unknown): value is { asymmetricMatch(seen: unknown): boolean } {
  return typeof value === "object" && value !== null && "asymmetricMatch" in value;
}
