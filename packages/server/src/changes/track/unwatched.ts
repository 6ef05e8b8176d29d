/** The turns that the tracking of a workspace names because nobody saw their work, or not to its end (W-3). Pure. */
import { MAX_UNWATCHED, type Tracking, UNWATCHED_MS, type UnwatchedTurn } from "@holdfast/protocol";

/** Those that are named still, as a part of the next tracking. */
export function stillUnwatched({ unwatched = [] }: Tracking, now: number): Pick<Tracking, "unwatched"> {
  const recent = unwatched.filter(({ time }) => now - time < UNWATCHED_MS);
  return recent.length === 0 ? {} : { unwatched: recent };
}

/** The tracking with one more of them. */
export function withUnwatched(tracking: Tracking, turn: UnwatchedTurn): Tracking {
  const { unwatched = [] } = stillUnwatched(tracking, turn.time);
  return { ...tracking, unwatched: [...unwatched, turn].slice(-MAX_UNWATCHED) };
}
