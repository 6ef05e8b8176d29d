/**
 * Power loss (durability 11): the real server works under a preload that writes down what it does to its files; disk images are made of seeded cuts
 * through that trace; the real program starts on each; everything that was acknowledged before the cut must be there. `kill -9` proves nothing about fsync.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Random } from "../torture/random.ts";
import { Disk } from "./disk.ts";
import { buildPreload, type Synchronous, type TracedRun, tracedRun } from "./traced-run.ts";
import { imageRoot, tryImage } from "./trial.ts";

export type PowerLossOptions = {
  images: number;
  seed: string;
  synchronous: Synchronous;
  root: string;
  /** How long each traced run works, in ms. */
  workMs?: number;
  say: (line: string) => void;
};

export type PowerLossReport = {
  synchronous: Synchronous;
  images: number;
  runs: number;
  operations: number;
  syncs: number;
  /** Answers and frames that were held against the images, over all of them. */
  answers: number;
  frames: number;
  /** Images with a violation, and the first words of each. */
  broken: number;
  violations: string[];
};

const IMAGES_PER_RUN = 125;
const WORK_MS = 12_000;
/** Servers at once. */
const AT_ONCE = 2;
const VIOLATIONS_KEPT = 40;

export async function powerLoss(options: PowerLossOptions): Promise<PowerLossReport> {
  const { images, seed, synchronous, root, say } = options;
  await mkdir(root, { recursive: true });
  const preload = buildPreload(root);
  const report: PowerLossReport = {
    synchronous,
    images: 0,
    runs: 0,
    operations: 0,
    syncs: 0,
    answers: 0,
    frames: 0,
    broken: 0,
    violations: [],
  };
  while (report.images < images) {
    const name = `${seed}-${report.runs}`;
    const runRoot = join(root, `run-${name}`);
    const run = await tracedRun(preload, {
      root: runRoot,
      seed: name,
      workMs: options.workMs ?? WORK_MS,
      synchronous,
    });
    report.runs += 1;
    report.operations += run.ops.length;
    report.syncs += run.ops.filter(({ op }) => op === "sync").length;
    const broken = report.broken;
    await tryCuts(run, cutsOf(run, Math.min(IMAGES_PER_RUN, images - report.images), name), options, report);
    say(`run ${name}: ${run.ops.length} operations; ${report.images} images, ${report.broken} broken`);
    if (report.broken === broken) await rm(runRoot, { recursive: true, force: true, maxRetries: 5 });
  }
  return report;
}

type Cut = { before: number; random: Random };

/** Seeded instants, in their order; half of them right behind a sync or a rename, where promises change. */
function cutsOf({ ops }: TracedRun, count: number, seed: string): Cut[] {
  const random = new Random(`cuts ${seed}`);
  const turning = ops.flatMap(({ op }, index) => (op === "sync" || op === "rename" ? [index + 1] : []));
  return Array.from({ length: count }, (_, index) => ({
    before: random.chance(0.5) && turning.length > 0 ? random.pick(turning) : random.int(1, ops.length),
    random: new Random(`image ${seed} ${index}`),
  })).toSorted((a, b) => a.before - b.before);
}

async function tryCuts(
  run: TracedRun,
  cuts: readonly Cut[],
  options: PowerLossOptions,
  report: PowerLossReport,
): Promise<void> {
  const disk = new Disk(run.data);
  const running = new Set<Promise<void>>();
  let taken = 0;
  for (const cut of cuts) {
    for (; taken < cut.before; taken += 1) {
      const op = run.ops[taken];
      if (op !== undefined) disk.take(op);
    }
    // The power goes before the next operation begins.
    const at = run.ops[cut.before]?.at ?? Number.POSITIVE_INFINITY;
    const number = (report.images += 1);
    const root = imageRoot(options.root, number);
    disk.image(join(root, "data"), cut.random);
    const done: Promise<void> = judgeImage(
      run,
      { at, root, number, before: cut.before },
      options,
      report,
    ).finally(() => running.delete(done));
    running.add(done);
    if (running.size >= AT_ONCE) await Promise.race(running);
  }
  await Promise.all(running);
}

type Image = { at: number; root: string; number: number; before: number };

async function judgeImage(
  run: TracedRun,
  { at, root, number, before }: Image,
  options: PowerLossOptions,
  report: PowerLossReport,
): Promise<void> {
  const { violations, answers, frames } = await tryImage(run, at, root, options.synchronous);
  report.answers += answers;
  report.frames += frames;
  const [first] = violations;
  if (first === undefined) return;
  report.broken += 1;
  if (report.violations.length < VIOLATIONS_KEPT)
    report.violations.push(`image ${number}, cut before operation ${before}: ${first.slice(0, 400)}`);
  if (options.synchronous !== "FULL") return;
  for (const violation of violations) options.say(`VIOLATION in image ${number} (${root}): ${violation}`);
}
