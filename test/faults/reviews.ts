/** Reviews at every named point of every act: the server's process dies there, and after recovery the act is done or undone, whole (W-8, W-9). */
import { ACTS, pointsOf, statesAround, tryPoint } from "../../packages/server/test/changes/crash.ts";
import type { FaultsReport } from "./faults.ts";

export type ReviewFaultsOptions = {
  /** Points whose names begin so. */
  only?: string;
  every?: number;
  say: (line: string) => void;
};

export async function reviewFaults({
  only = "",
  every = 1,
  say,
}: ReviewFaultsOptions): Promise<FaultsReport> {
  const report: FaultsReport = { points: 0, tried: 0, commands: {}, violations: [] };
  for (const act of ACTS) {
    const points = pointsOf(act).filter((point) => point.startsWith(only));
    report.points += points.length;
    const around = await statesAround(act);
    for (const point of points.filter((_, at) => at % every === 0)) {
      const { isHit, violations } = await tryPoint(act, point, around);
      report.tried += 1;
      report.commands[act] = (report.commands[act] ?? 0) + 1;
      report.violations.push(...violations);
      for (const violation of violations) say(`VIOLATION ${violation}`);
      if (!isHit) say(`missed ${point} in ${act}`);
    }
  }
  return report;
}
