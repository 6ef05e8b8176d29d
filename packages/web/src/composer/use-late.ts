import { useEffect, useRef, useState } from "react";

/** What settles sooner than this, in ms, is not shown on its way: nothing flickers and nothing is pushed. */
const LATE_MS = 1_000;

/** Whether `key` has been there, and the same, for a while. */
export function useLate(key: string | undefined): boolean {
  const [late, setLate] = useState<string | undefined>();
  useEffect(() => {
    if (key === undefined) return setLate(undefined);
    const timer = setTimeout(() => setLate(key), LATE_MS);
    return () => clearTimeout(timer);
  }, [key]);
  return key !== undefined && late === key;
}

/**
 * Whether a queue that holds something is shown. Of an idle agent an input leaves it at once, so it has to last; once it is there it stays until it is
 * empty, also between two turns.
 */
export function useQueueShown(isFilled: boolean, isRunning: boolean): boolean {
  const isLate = useLate(isFilled ? "filled" : undefined);
  const before = useRef(false);
  const isShown = isFilled && (isRunning || isLate || before.current);
  useEffect(() => {
    before.current = isShown;
  }, [isShown]);
  return isShown;
}
