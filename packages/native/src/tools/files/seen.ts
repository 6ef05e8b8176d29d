/** What the model knows of files: every tool that read or wrote one says the content's hash in its metadata (`seen`). */
import { ToolError, type ToolContext } from "../tool.ts";
import type { Place } from "./place.ts";

/** Stands in a state's metadata as `seen`. `from` and `to`: the lines that were given, counted from 1; absent where the model knows them all. */
type Seen = { path: string; hash: string; from?: number; to?: number };

/** Hash of the file as the model saw it last; undefined when it never did in this session. */
function seenHash(past: ToolContext["past"], path: string): string | undefined {
  for (const { metadata } of past()) {
    const { seen } = metadata;
    if (!Array.isArray(seen)) continue;
    for (const each of seen as Partial<Seen>[])
      if (each?.path === path && typeof each.hash === "string") return each.hash;
  }
  return undefined;
}

/** Rejects a change of a file that differs from what the model saw; with `mustKnow` also of one that it never saw. */
export function refuseStale(
  context: Pick<ToolContext, "past">,
  { path, shown }: Place,
  hash: string,
  { mustKnow }: { mustKnow: boolean },
): void {
  const known = seenHash(context.past, path);
  if (known === hash || (known === undefined && !mustKnow)) return;
  throw new ToolError(
    known === undefined
      ? `${shown} exists, and you did not read it yet. Read it first, then change it.`
      : `${shown} has been changed since you saw it last. Read it again before you change it.`,
  );
}
