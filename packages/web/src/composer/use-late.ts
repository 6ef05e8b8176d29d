import { useEffect, useState } from "react";

/** What settles sooner than this, in ms, is not shown on its way: nothing flickers and nothing is pushed. */
const LATE_MS = 400;

/** Whether `key` has been the same for a while. */
export function useLate(key: string | undefined): boolean {
  const [late, setLate] = useState<string | undefined>();
  useEffect(() => {
    if (key === undefined) return;
    const timer = setTimeout(() => setLate(key), LATE_MS);
    return () => clearTimeout(timer);
  }, [key]);
  return key !== undefined && late === key;
}
