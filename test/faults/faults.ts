/**
 * Faults at every statement (durability 11): a first pass names the points; then at each the server dies, and once more its disk is full, busy or broken. After a restart
 * the torture's oracle judges.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeTemplate, type Plan, type Template, tryPlan } from "./lives.ts";
import { PLACES } from "./script.ts";

export type FaultsOptions = {
  root: string;
  /** Points whose names begin so. */
  only?: string;
  /** Every how manieth plan is tried; 1: all. */
  every?: number;
  /** The first plan that is tried, from 0: a run that was interrupted goes on where its last line says. */
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
const AT_ONCE = 2;
/** Plans between two lines that say how far it is. */
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
  const first = await tryPlan(template, join(root, "recording"), undefined);
  const points = first.points.filter((point) => !LEFT_OUT.test(point) && point.startsWith(only));
  const plans = points.flatMap((point, index): Plan[] => {
    const kind = ERRORS[index % ERRORS.length] ?? "full";
    const kill: Plan = { point, kind: "kill", pass: 1 };
    return point.endsWith("#committed") ? [kill] : [kill, { point, kind, pass: 1 }];
  });
  const report: FaultsReport = {
    points: points.length,
    tried: 0,
    commands: {},
    violations: first.violations,
  };
  const chosen = plans.filter((_, index) => index % every === 0);
  say(`${points.length} points, ${chosen.length} plans`);
  let next = from;
  const lane = async () => {
    while (next < chosen.length) {
      const number = next;
      next += 1;
      if (number % SAY_EVERY === 0) say(`  ${number} begun`);
      const plan = chosen[number];
      if (plan !== undefined) await one(template, root, number, plan, report, say);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return report;
}

async function one(
  template: Template,
  root: string,
  number: number,
  plan: Plan,
  report: FaultsReport,
  say: (line: string) => void,
): Promise<void> {
  const own = join(root, `trial-${number}`);
  const { violations, isHit } = await tryPlan(template, own, plan);
  report.tried += 1;
  const [command = ""] = plan.point.split("#");
  report.commands[command] = (report.commands[command] ?? 0) + 1;
  for (const violation of violations) {
    report.violations.push(`${plan.kind} at ${plan.point}: ${violation}`);
    say(`VIOLATION ${plan.kind} at ${plan.point} (${own}): ${violation}`);
  }
  if (!isHit) say(`missed ${plan.point}`);
  if (violations.length === 0) await rm(own, { recursive: true, force: true, maxRetries: 5 });
}
