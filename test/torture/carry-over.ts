import type { Ledger } from "./ledger.ts";

/** What a set of sessions leaves to the next. */
export type CarryOver = { created: string[]; deleted: string[]; retired: string[] };

/**
 * The sessions that were made, those that are deleted, and those that may still be. A deletion that was asked for and whose answer a kill took may have
 * happened or not: what is listed at rest says which, and from then on it holds.
 */
export function carryOver(
  { created, deletions }: Pick<Ledger, "created" | "deletions">,
  listed: ReadonlySet<string>,
  earlier: readonly string[],
): CarryOver {
  const deleted = [...deletions].filter((id) => !listed.has(id));
  return { created: [...created], deleted, retired: earlier.filter((id) => !deleted.includes(id)) };
}
