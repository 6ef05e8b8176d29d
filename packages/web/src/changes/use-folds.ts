import type { Change } from "@holdfast/protocol";
import { useMemo, useState } from "react";
import type { ChangesView } from "./changes-store.ts";

/** Files that are open at first, when they are few and short. */
const OPEN_FILES = 6;
const OPEN_LINES = 200;

/** Which files are open, by their changes' ids, and how to open or close one. A path stays as it was left, whatever becomes of its change. */
export function useFolds(view: ChangesView): { open: ReadonlySet<string>; fold: (change: Change) => void } {
  const known = view.state.changes;
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(() => new Map());
  const isShort = useIsShort(view);
  const open = useMemo(
    () =>
      new Set<string>(
        [...known.values()].flatMap(({ id, path }) => ((folds.get(path) ?? isShort.has(path)) ? [id] : [])),
      ),
    [known, folds, isShort],
  );
  return { open, fold: ({ id, path }) => setFolds(new Map(folds).set(path, !open.has(id))) };
}

/** Paths that are open unless somebody folds them: decided once, when the list is first there. */
function useIsShort({ phase, state }: ChangesView): ReadonlySet<string> {
  const [short, setShort] = useState<ReadonlySet<string> | undefined>();
  if (short === undefined && phase === "ready") {
    const changes = [...state.changes.values()];
    const lines = changes.reduce((sum, { additions, deletions }) => sum + additions + deletions, 0);
    const isFew = changes.length <= OPEN_FILES && lines <= OPEN_LINES;
    setShort(new Set(isFew ? changes.map(({ path }) => path) : []));
  }
  return short ?? NONE;
}

const NONE: ReadonlySet<string> = new Set();
