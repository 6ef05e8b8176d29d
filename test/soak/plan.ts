/** What a soak does, decided by its seed alone. */
import type { Random } from "../torture/random.ts";

/** `burst`: two inputs at once, the second waits for the first. */
export type Step =
  | { kind: "remember" | "recall" | "write" | "burst"; session: number }
  | { kind: "cancel" | "kill"; session: number; whenQueued: boolean };

/** How often each kind is chosen, in parts of 20. */
const WEIGHTS = { remember: 4, recall: 6, write: 2, burst: 2, cancel: 4, kill: 2 } as const;
const DECK = (Object.keys(WEIGHTS) as (keyof typeof WEIGHTS)[]).flatMap((kind) =>
  Array.from({ length: WEIGHTS[kind] }, () => kind),
);
/** How many of the cancels come as soon as the turn is admitted, whether or not it runs. */
const CANCELLED_AT_ONCE = 0.3;

export const turnsOf = ({ kind }: Step): number => (kind === "burst" ? 2 : 1);

/**
 * Steps of exactly so many turns. Each session tells its word first; the last turn of each asks for it.
 */
export function planSoak(random: Random, turns: number, sessions: number): Step[] {
  const every = (kind: "remember" | "recall"): Step[] =>
    Array.from({ length: sessions }, (_, session) => ({ kind, session }));
  const steps = every("remember");
  let left = turns - 2 * sessions;
  if (left < 0) throw new RangeError(`${turns} turns are not enough for ${sessions} sessions.`);
  while (left > 0) {
    const step = chooseStep(random, sessions, left);
    steps.push(step);
    left -= turnsOf(step);
  }
  return [...steps, ...every("recall")];
}

function chooseStep(random: Random, sessions: number, left: number): Step {
  const [kind, session] = [random.pick(DECK), random.int(0, sessions - 1)];
  if (kind === "cancel" || kind === "kill") {
    const isEarly = kind === "cancel" && random.chance(CANCELLED_AT_ONCE);
    return { kind, session, whenQueued: isEarly };
  }
  return { kind: kind === "burst" && left < 2 ? "recall" : kind, session };
}
