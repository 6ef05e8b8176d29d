/**
 * Tries sabotages. A sabotage counts as caught only when tests that are green in the untouched copy turn red with it, by what they assert: a copy that
 * cannot be compiled, or a catcher that was red before, proves nothing.
 */
import type { Sabotage } from "./sabotage.ts";
import { byFile, type Red, runTests, together, type Verdict } from "./verdict.ts";
import { Workbench } from "./workbench.ts";

/** What became of one sabotage. `seconds` of its test run. */
export type Finding = Pick<Sabotage, "name" | "rules" | "breaks" | "file"> & { seconds: number } & (
    | { outcome: "caught"; by: Red[] }
    | { outcome: "survived"; passed: number }
    | { outcome: "broken"; why: string }
  );

export const isCaught = (finding: Finding): boolean => finding.outcome === "caught";

/** `name: caught by <test title>`, or what went wrong instead. */
export function lineOf(finding: Finding): string {
  const { name } = finding;
  switch (finding.outcome) {
    case "caught":
      return `${name}: caught by ${finding.by[0]?.title}${finding.by.length > 1 ? ` and ${finding.by.length - 1} more` : ""}`;
    case "survived":
      return `${name}: SURVIVED ${finding.passed} green tests`;
    case "broken":
      return `${name}: NO VERDICT: ${finding.why}`;
  }
}

/** Tries them in as many copies at once as `lanes`, and tells each finding as it is made. Answers in the order of the table. */
export async function tryAll(
  sabotages: readonly Sabotage[],
  lanes: number,
  tell: (finding: Finding) => void,
): Promise<Finding[]> {
  using benches = new DisposableStack();
  // A run that is broken off leaves no copies behind.
  process.once("exit", () => benches.dispose());
  const lane = Array.from({ length: lanes }, () => benches.use(new Workbench()));
  const untouched = byFile(sabotages.flatMap(({ catchers }) => catchers));
  const before = together(await shared(lane, untouched, (bench, group) => runTests(bench.root, group)));
  return await shared(lane, sabotages, async (bench, sabotage) => {
    const finding = await timed(sabotage, () => tryOne(bench, sabotage, before));
    tell(finding);
    return finding;
  });
}

/** Does all pieces of work, each bench one at a time. Answers in the order of the pieces. */
async function shared<P, R>(
  benches: readonly Workbench[],
  pieces: readonly P[],
  work: (bench: Workbench, piece: P) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = [...pieces.entries()];
  const takeAll = async (bench: Workbench): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      results[next[0]] = await work(bench, next[1]);
  };
  await Promise.all(benches.map(takeAll));
  return results;
}

async function timed(sabotage: Sabotage, judge: () => Promise<Judged>): Promise<Finding> {
  const started = performance.now();
  const judged = await judge();
  const { name, rules, breaks, file } = sabotage;
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { name, rules, breaks, file, seconds, ...judged };
}

type Judged =
  | { outcome: "caught"; by: Red[] }
  | { outcome: "survived"; passed: number }
  | { outcome: "broken"; why: string };

async function tryOne(bench: Workbench, sabotage: Sabotage, before: Verdict): Promise<Judged> {
  if (before.broken !== undefined) return { outcome: "broken", why: `the untouched copy: ${before.broken}` };
  try {
    const verdict = await bench.with(sabotage, () => runTests(bench.root, sabotage.catchers));
    return judge(verdict, new Set(before.red.map(({ title }) => title)));
  } catch (error) {
    return { outcome: "broken", why: error instanceof Error ? error.message : String(error) };
  }
}

/** `red`: titles that were red without the sabotage and therefore say nothing about it. */
export function judge(verdict: Verdict, red: ReadonlySet<string>): Judged {
  if (verdict.broken !== undefined) return { outcome: "broken", why: verdict.broken };
  const by = verdict.red.filter(({ title }) => !red.has(title));
  if (by.length > 0) return { outcome: "caught", by };
  if (verdict.passed === 0) return { outcome: "broken", why: "no catcher ran" };
  return { outcome: "survived", passed: verdict.passed };
}
