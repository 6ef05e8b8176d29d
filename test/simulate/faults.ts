/** What a simulation does to publisher, network and service; counted by these names. */
export const FAULTS = [
  "request lost",
  "answer lost",
  "answer cut",
  "request twice",
  "request late",
  "request overtaken",
  "upload lost",
  "upload twice",
  "upload cut",
  "door missing",
  "service down",
  "publisher killed before a commit",
  "publisher killed after a commit",
  "service killed before a commit",
  "service killed after a commit",
  "publisher restored",
  "service restored",
  "service restored without contents",
  "directory copied",
  "two writers",
  "operation refused for ever",
  "create answer lost",
  "session deleted",
  "session deleted while offline",
  "history taken back",
  "epoch bumped during a batch",
  "epoch bumped elsewhere",
  "adopted elsewhere",
  "paused",
  "revoked",
  "ref revoked",
  "ref expired",
  "clock set back",
  "service upgraded",
  "viewer cut",
  "viewer sent away",
] as const;
export type Fault = (typeof FAULTS)[number];

/** What was held against its promise, counted by these names: a run in which nothing was looked at shows nothing. */
export const LOOKS = [
  "equal at rest",
  "content equal at rest",
  "viewer equal at rest",
  "one of two copies publishes",
  "ended ref refused",
  "ended ref refused after a restore of the publisher",
  "ended ref refused after a restore of the service",
] as const;
export type Look = (typeof LOOKS)[number];

/** Runs of so many seeds have each kind of fault and of look in them. */
const SEEDS_WITH_ALL = 1_900;

/** Faults and looks that a run of `seeds` seeds should have had, and had not. */
export const missingIn = (counts: Readonly<Record<string, number>>, seeds: number): string[] =>
  seeds < SEEDS_WITH_ALL ? [] : [...FAULTS, ...LOOKS].filter((name) => (counts[name] ?? 0) === 0);

export class Tally {
  readonly counts = new Map<string, number>();

  add(name: Fault | Look | (string & {}), by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  merge(other: Iterable<readonly [string, number]>): void {
    for (const [name, count] of other) this.add(name, count);
  }
}
