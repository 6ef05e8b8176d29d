import type { Change } from "@holdfast/protocol";
import { useMemo, useState } from "react";

export type Shown = ReadonlyMap<string, Change>;

type Known = {
  changes: ReadonlyMap<string, Change>;
  /** Revisions that an act of this page brought. */
  adopted: ReadonlyMap<string, number>;
  open: ReadonlySet<string>;
};

/**
 * What is shown of what is known: a file that is open stays as it was read, however it goes on, so that nothing moves under the reader and what is
 * decided is what was seen; it is renewed by an act of the reader. One that was decided keeps its lines. The same map when nothing is new. Pure.
 */
export function keepShown(before: Shown, { changes, adopted, open }: Known): Shown {
  let isSame = before.size === changes.size;
  const next = new Map<string, Change>();
  for (const [id, change] of changes) {
    const shown = one(before.get(id), change, open.has(id), adopted.get(id));
    if (shown !== before.get(id)) isSame = false;
    next.set(id, shown);
  }
  return isSame ? before : next;
}

function one(before: Change | undefined, now: Change, isOpen: boolean, adopted: number | undefined): Change {
  if (before === undefined || !isOpen || before === now) return now;
  const isEnded = now.state === "applied" || now.state === "rejected";
  if (isEnded) return sameState(before, now) ? before : withLinesOf(now, before);
  const isOwn = adopted !== undefined && now.revision <= adopted;
  return before.revision === now.revision || isOwn ? now : before;
}

const sameState = (a: Change, b: Change): boolean => a.state === b.state && a.time.updated === b.time.updated;

function withLinesOf(change: Change, lines: Change): Change {
  const { patch, hunks, additions, deletions, contributions } = lines;
  return { ...change, hunks, additions, deletions, contributions, ...(patch === undefined ? {} : { patch }) };
}

/** The changes as they are shown, in their order, and how to see one as it is now. */
export function useShown(known: Known): { shown: Shown; renew: (id: string) => void } {
  const [kept, setKept] = useState<Shown>(() => new Map());
  const { changes, adopted, open } = known;
  const shown = useMemo(() => keepShown(kept, { changes, adopted, open }), [kept, changes, adopted, open]);
  if (shown !== kept) setKept(shown);
  const renew = (id: string) => {
    const now = changes.get(id);
    if (now !== undefined) setKept(new Map(shown).set(id, now));
  };
  return { shown, renew };
}
