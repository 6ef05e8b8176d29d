/** What befalls one seed: which faults, how often, and which acts of people. */
import type { Random } from "../torture/random.ts";
import type { Fault } from "./faults.ts";

/** Acts and accidents that happen at most once in a run, at a place that the seed gives. */
export const ACTS = [
  "delete the session",
  "delete the session and keep the share",
  "revoke the share",
  "pause and resume",
  "restore the publisher",
  "restore the service",
  "copy the directory",
  "adopt elsewhere",
  "bump the epoch",
  "bump the epoch elsewhere",
  "take history back",
  "revoke a ref",
  "set the clock back",
  "upgrade the service",
] as const;
export type Act = (typeof ACTS)[number];

export type Plan = {
  /** Rounds of the run before the network heals. */
  rounds: number;
  odds: Partial<Record<Fault, number>>;
  /** Acts by the round in which they happen. */
  acts: Map<number, Act[]>;
  /** How often others act while something is awaited. */
  meanwhile: number;
  /** Of each part one in so many has a payload that the service will never take; 0: none. */
  poison: number;
  /** ms after which the share expires, in virtual time; absent: never in this run. */
  expiresAfter?: number;
  /** The same of a second link. */
  linkExpiresAfter?: number;
  /** The owner ticked files. */
  files: boolean;
  /** How often a round is also one of the viewer. */
  viewing: number;
};

export const isPlanned = ({ acts }: Plan, act: Act): boolean =>
  [...acts.values()].some((some) => some.includes(act));

/** Faults that befall calls and commands, with their highest odds. */
const ODDS: readonly (readonly [Fault, number])[] = [
  ["request lost", 0.15],
  ["answer lost", 0.25],
  ["answer cut", 0.15],
  ["request twice", 0.2],
  ["request late", 0.15],
  ["upload cut", 0.3],
  ["door missing", 0.08],
  ["service down", 0.15],
  ["publisher killed before a commit", 0.04],
  ["publisher killed after a commit", 0.04],
  ["service killed before a commit", 0.05],
  ["service killed after a commit", 0.05],
];

/** How often an act is in a run. */
const ACT_ODDS: Readonly<Record<Act, number>> = {
  "delete the session": 0.07,
  "delete the session and keep the share": 0.04,
  "revoke the share": 0.07,
  "pause and resume": 0.1,
  "restore the publisher": 0.1,
  "restore the service": 0.12,
  "copy the directory": 0.1,
  "adopt elsewhere": 0.3,
  "bump the epoch": 0.12,
  "bump the epoch elsewhere": 0.06,
  "take history back": 0.1,
  "revoke a ref": 0.2,
  "set the clock back": 0.06,
  "upgrade the service": 0.12,
};

export function planOf(random: Random): Plan {
  const rounds = random.int(10, 30);
  const odds: Plan["odds"] = {};
  for (const [fault, most] of ODDS) if (random.chance(0.4)) odds[fault] = random.next() * most;
  const acts: Plan["acts"] = new Map();
  for (const act of ACTS) {
    if (!random.chance(ACT_ODDS[act])) continue;
    const round = random.int(4, rounds - 1);
    acts.set(round, [...(acts.get(round) ?? []), act]);
  }
  return {
    rounds,
    odds,
    acts,
    meanwhile: random.chance(0.7) ? random.next() * 0.3 : 0,
    poison: random.chance(0.15) ? random.int(3, 8) : 0,
    ...(random.chance(0.04) ? { expiresAfter: random.int(60_000, 600_000) } : {}),
    ...(random.chance(0.1) ? { linkExpiresAfter: random.int(10_000, 600_000) } : {}),
    files: random.chance(0.5),
    viewing: random.chance(0.6) ? random.next() * 0.4 : 0.05,
  };
}
