/** Whole suites run by `npm run test:full`; `npm test` takes a seeded sample of each, the same on every machine and day. */
export const isWhole = process.env["HOLDFAST_TESTS"] === "whole";

/** How much of something is done. */
export const amount = (sample: number, whole: number): number => (isWhole ? whole : sample);

/** All cases, or so many of them, spread evenly from a place that the seed gives (`HOLDFAST_TEST_SEED`, a whole number). */
export function sampleOf<T>(cases: readonly T[], count: number): readonly T[] {
  if (isWhole || count >= cases.length) return cases;
  const step = cases.length / count;
  const start = Number(process.env["HOLDFAST_TEST_SEED"] ?? 1) % step;
  return Array.from({ length: count }, (_, at) => cases[Math.floor(start + at * step)] as T);
}
