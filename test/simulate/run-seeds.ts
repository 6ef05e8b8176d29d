/** Many seeds in threads. A seed is a whole run by itself, so their order and the number of threads change nothing. */
import { Worker } from "node:worker_threads";
import { missingIn, Tally } from "./faults.ts";
import type { Result } from "./simulate.ts";

export type Report = {
  seeds: number;
  first: number;
  /** Faults and looks, counted by their names. */
  faults: Record<string, number>;
  /** What such a run has in it, and this one had not. */
  missing: string[];
  steps: number;
  virtualHours: number;
  seconds: number;
  /** Of the processor, whatever else the process did meanwhile. */
  processorSeconds: number;
  /** Seeds that broke a promise, with what they said. */
  violations: { seed: number; what: string[] }[];
};

/** Seeds that a thread takes at a time. */
const PORTION = 20;

/** Runs `seeds` of them from `first` on. Rejects when a thread dies. */
export async function runSeeds(
  { first, seeds, threads }: { first: number; seeds: number; threads: number },
  say: (done: number, violations: number) => void = () => undefined,
): Promise<Report> {
  const started = performance.now();
  const before = process.cpuUsage();
  const tally = new Tally();
  const report: Report = {
    seeds: 0,
    first,
    faults: {},
    missing: [],
    steps: 0,
    virtualHours: 0,
    seconds: 0,
    processorSeconds: 0,
    violations: [],
  };
  let next = first;
  const portion = (): number[] => {
    const size = Math.min(PORTION, first + seeds - next);
    const taken = Array.from({ length: Math.max(size, 0) }, (_, at) => next + at);
    next += taken.length;
    return taken;
  };
  const take = (results: Result[]) => {
    for (const { seed, violations, faults, steps, virtualMs } of results) {
      report.seeds += 1;
      report.steps += steps;
      report.virtualHours += virtualMs / 3_600_000;
      tally.merge(faults);
      if (violations.length > 0) report.violations.push({ seed, what: violations });
    }
    say(report.seeds, report.violations.length);
  };
  await Promise.all(Array.from({ length: threads }, () => runThread(portion, take)));
  report.faults = Object.fromEntries(
    [...tally.counts].toSorted(([one], [other]) => one.localeCompare(other)),
  );
  report.missing = missingIn(report.faults, seeds);
  report.violations.sort((one, other) => one.seed - other.seed);
  report.virtualHours = Math.round(report.virtualHours);
  report.seconds = Math.round((performance.now() - started) / 100) / 10;
  const { user, system } = process.cpuUsage(before);
  report.processorSeconds = Math.round((user + system) / 100_000) / 10;
  return report;
}

function runThread(portion: () => number[], take: (results: Result[]) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./seeds-thread.ts", import.meta.url));
    const next = () => {
      const seeds = portion();
      if (seeds.length > 0) return worker.postMessage(seeds);
      void worker.terminate();
      resolve();
    };
    worker.on("message", (results: Result[]) => {
      take(results);
      next();
    });
    worker.on("error", reject);
    next();
  });
}
