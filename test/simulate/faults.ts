/** What a simulation does to publisher, network and service; counted by these names. */
export const FAULTS = [
  "request lost",
  "answer lost",
  "answer cut",
  "request twice",
  "request late",
  "door missing",
  "service down",
  "publisher killed before a commit",
  "publisher killed after a commit",
  "service killed before a commit",
  "service killed after a commit",
  "publisher restored",
  "service restored",
  "directory copied",
  "operation refused for ever",
  "create answer lost",
  "session deleted",
  "epoch bumped during a batch",
  "adopted elsewhere",
  "paused",
  "revoked",
  "clock set back",
  "service upgraded",
] as const;
export type Fault = (typeof FAULTS)[number];

export class Tally {
  readonly counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  merge(other: Iterable<readonly [string, number]>): void {
    for (const [name, count] of other) this.add(name, count);
  }
}
