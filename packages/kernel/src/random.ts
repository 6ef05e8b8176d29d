import { randomFillSync } from "node:crypto";

/** Where ids, secrets and jitter take their bytes, and ids their time. */
export type RandomSource = { fill(bytes: Uint8Array): void; now(): number };

const SYSTEM: RandomSource = { fill: (bytes) => void randomFillSync(bytes), now: () => Date.now() };

let source = SYSTEM;
let changes = 0;

/** A simulation's own source, so that a seed makes the same run again; answers what gives the system's back. Nothing that is served may call it. */
export function takeRandomFrom(own: RandomSource): () => void {
  source = own;
  changes += 1;
  return () => {
    source = SYSTEM;
    changes += 1;
  };
}

/** The same array, filled. */
export function randomFill<T extends Uint8Array>(bytes: T): T {
  source.fill(bytes);
  return bytes;
}

/** The time that an id begins with unless its maker says another, in ms since the epoch. */
export const idTime = (): number => source.now();

/** Grows with every change of the source: what was taken from it before is of another one then. */
export const sourceNumber = (): number => changes;
