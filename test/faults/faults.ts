/**
 * Faults at every statement (durability 11): a first pass names the points; then at each the server dies, and once more its disk is full, busy or broken. After a restart
 * the torture's oracle judges.
 */
import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { makeTemplate, type Plan, type Template, tryPlans } from "./lives.ts";
import { PLACES } from "./script.ts";

export type FaultsOptions = {
  root: string;
  /** Points whose names begin so. */
  only?: string;
  /** Every how manieth plan is tried; 1: all. */
  every?: number;
  /** The first trial, from 0: a run that was interrupted goes on where its last line says. */
  from?: number;
  say: (line: string) => void;
};

export type FaultsReport = {
  points: number;
  tried: number;
  commands: Record<string, number>;
  violations: string[];
};

/** Commands of housekeeping, whose loss changes nothing that anybody was told. */
const LEFT_OUT =
  /^(heartbeat|sweepHousekeeping|registerInstance|endInstance|putAgentFacts|touchBrowserToken|forgetSnapshots|recordWorktreeAudit)#/;
const ERRORS = ["full", "busy", "ioerr"] as const;
/** Failing statements of one life: far enough from each other that the server goes on between them. */
const ERRORS_IN_A_LIFE = 12;
/** A life mostly waits for its agents. */
const AT_ONCE = 2 * availableParallelism();
/** Trials between two lines that say how far it is. */
const SAY_EVERY = 50;

export async function faults({
  root,
  only = "",
  every = 1,
  from = 0,
  say,
}: FaultsOptions): Promise<FaultsReport> {
  for (const place of PLACES) await mkdir(place, { recursive: true });
  const template = await makeTemplate(join(root, "template"));
  const first = await tryPlans(template, join(root, "recording"), []);
  const points = first.points.filter((point) => !LEFT_OUT.test(point) && point.startsWith(only));
  const trials = trialsOf(points, every);
  const report: FaultsReport = {
    points: points.length,
    tried: 0,
    commands: {},
    violations: first.violations,
  };
  say(`${points.length} points, ${trials.flat().length} plans in ${trials.length} trials`);
  let next = from;
  const lane = async () => {
    while (next < trials.length) {
      const number = next;
      next += 1;
      if (number % SAY_EVERY === 0) say(`  ${number} begun`);
      const own = join(root, `trial-${number}`);
      await tryTogether({ template, root: own, report, say }, trials[number] ?? []);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return report;
}

/** What is tried in one life each: a death alone, errors several at once, with those of one command in different lives as far as can be. */
function trialsOf(points: readonly string[], every: number): Plan[][] {
  const plans = points
    .flatMap((point, index): Plan[] => {
      const kill: Plan = { point, kind: "kill" };
      // An error behind a commit is none of the disk's; only a death can fall there.
      if (point.endsWith("#committed")) return [kill];
      return [kill, { point, kind: ERRORS[index % ERRORS.length] ?? "full" }];
    })
    .filter((_, index) => index % every === 0);
  const kills = plans.filter(({ kind }) => kind === "kill");
  const errors = plans.filter(({ kind }) => kind !== "kill");
  const lives = Math.ceil(errors.length / ERRORS_IN_A_LIFE);
  const together = Array.from({ length: lives }, (_, life) => errors.filter((_, at) => at % lives === life));
  return [...together, ...kills.map((kill) => [kill])];
}

type Bench = { template: Template; root: string; report: FaultsReport; say: (line: string) => void };

/** What was not passed, because of what failed before it, and what may have been wrong, is tried alone. */
async function tryTogether(bench: Bench, plans: readonly Plan[]): Promise<void> {
  const { template, root, report, say } = bench;
  const { points, violations } = await tryPlans(template, root, plans);
  const passed = plans.filter(({ point }) => points.includes(point));
  const names = plans.map(({ kind, point }) => `${kind} at ${point}`).join(", ");
  for (const violation of violations) {
    report.violations.push(`${names}: ${violation}`);
    say(`VIOLATION ${names} (${root}): ${violation}`);
  }
  for (const { point } of passed) {
    report.tried += 1;
    const [command = ""] = point.split("#");
    report.commands[command] = (report.commands[command] ?? 0) + 1;
  }
  if (violations.length === 0) await rm(root, { recursive: true, force: true, maxRetries: 5 });
  const alone =
    plans.length === 1 ? [] : plans.filter((plan) => violations.length > 0 || !passed.includes(plan));
  for (const [at, plan] of alone.entries()) await tryTogether({ ...bench, root: `${root}-${at}` }, [plan]);
  if (plans.length === 1 && passed.length === 0) say(`missed ${names}`);
}
