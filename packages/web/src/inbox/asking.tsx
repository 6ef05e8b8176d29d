/** What the cards that ask have in common. */
import { useEffect, useState } from "react";
import { useNow } from "../data/index.ts";
import { span } from "../design/index.ts";

/** A card that has just appeared takes no answer for this long, in ms: a key that was meant for something else must not allow anything. */
const INERT_MS = 500;

export function useInert(): boolean {
  const [isInert, setInert] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setInert(false), INERT_MS);
    return () => clearTimeout(timer);
  }, []);
  return isInert;
}

export function Deadline({ at }: { at: number | undefined }) {
  const now = useNow(1_000);
  if (at === undefined) return null;
  return (
    <span className="text-xs text-ink-soft tabular-nums">
      {at <= now ? "ends now" : `${span(at - now)} left`}
    </span>
  );
}
