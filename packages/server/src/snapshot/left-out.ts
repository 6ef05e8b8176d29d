import { MAX_NAMED_PATHS, type Uncaptured } from "@holdfast/protocol";
import { type GitPath, showPath } from "../git/index.ts";

/** What is likelier to be missed is named first. */
const ORDER: Record<Uncaptured["reason"], number> = {
  tooLarge: 0,
  filter: 1,
  unreadable: 2,
  name: 3,
  unlisted: 4,
  special: 5,
  submodule: 6,
  nestedRepository: 7,
  excluded: 8,
  ignored: 9,
};

/** Gathers what a snapshot leaves out, with the reason (W-3: never silently). */
export class LeftOut {
  readonly #reasons = new Map<GitPath, Uncaptured["reason"]>();

  add(key: GitPath, reason: Uncaptured["reason"]): void {
    this.#reasons.set(key, reason);
  }

  has(key: GitPath): boolean {
    return this.#reasons.has(key);
  }

  reasonOf(key: GitPath): Uncaptured["reason"] | undefined {
    return this.#reasons.get(key);
  }

  get count(): number {
    return this.#reasons.size;
  }

  /** The first `MAX_NAMED_PATHS`, the worst first. */
  named(): Uncaptured[] {
    return [...this.#reasons]
      .map(([key, reason]) => ({ path: showPath(key), reason }))
      .toSorted((one, other) => ORDER[one.reason] - ORDER[other.reason] || (one.path < other.path ? -1 : 1))
      .slice(0, MAX_NAMED_PATHS);
  }
}
