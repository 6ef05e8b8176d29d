/**
 * `npm run proof -- FILE ...`: takes reports of long runs (`--report` of torture, power loss, sabotage, faults, hostile, fuzz; the lines of a bench in a .txt file) into
 * `docs/proof.json`, from which `npm run generate` makes the page. A report replaces the earlier one of its kind, seed or setting.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Figures, figuresSchema, NO_FIGURES } from "./proof/figures.ts";

const PLACE = join(import.meta.dirname, "../docs/proof.json");

const watched = z.object({ slowestMs: z.number(), peakMib: z.number() });
const REPORTS = {
  torture: z.object({
    kind: z.literal("torture"),
    seed: z.string(),
    kills: z.number(),
    lives: z.number(),
    withAgents: z.number(),
    endedAt: z.string(),
    phases: z.record(z.string(), z.object({ kills: z.number() })),
    checked: z.record(z.string(), z.number()),
    native: z.record(z.string(), z.number()).optional(),
    violations: z.array(z.unknown()),
  }),
  powerLoss: z.object({
    synchronous: z.string(),
    images: z.number(),
    operations: z.number(),
    syncs: z.number(),
    frames: z.number(),
    broken: z.number(),
  }),
  sabotage: z.object({
    sabotages: z.number(),
    caught: z.number(),
    findings: z.array(z.object({ name: z.string(), breaks: z.string() })),
  }),
  faults: z.object({ points: z.number(), tried: z.number(), violations: z.array(z.unknown()) }),
  hostile: z.object({ cases: z.array(z.unknown()), missed: z.array(z.unknown()), watched }),
  fuzz: z.object({ requests: z.number(), turns: z.number(), wrong: z.array(z.unknown()), watched }),
} as const;

/** The figures with one more report. Throws for a file that is no report. */
function take(figures: Figures, file: string): Figures {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".txt")) {
    const lines = text.split("\n").filter((line) => /^[A-Z]-\d+\S* ratio=/.test(line));
    const names = new Set(lines.map((line) => line.split(" ")[0]));
    return {
      ...figures,
      bench: [...figures.bench.filter((line) => !names.has(line.split(" ")[0])), ...lines],
    };
  }
  const json: unknown = JSON.parse(text);
  const torture = REPORTS.torture.safeParse(json).data;
  if (torture !== undefined) {
    const { kind: _kind, phases, violations, ...rest } = torture;
    const run = {
      ...rest,
      phases: Object.fromEntries(Object.entries(phases).map(([name, { kills }]) => [name, kills])),
      violations: violations.length,
    };
    return { ...figures, torture: [...figures.torture.filter(({ seed }) => seed !== run.seed), run] };
  }
  const power = REPORTS.powerLoss.safeParse(json).data;
  if (power !== undefined)
    return {
      ...figures,
      powerLoss: [...figures.powerLoss.filter(({ synchronous }) => synchronous !== power.synchronous), power],
    };
  const sabotage = REPORTS.sabotage.safeParse(json).data;
  if (sabotage !== undefined) {
    const { sabotages: total, caught, findings } = sabotage;
    return { ...figures, sabotage: { total, caught, names: findings.map(({ name }) => name) } };
  }
  const faults = REPORTS.faults.safeParse(json).data;
  if (faults !== undefined)
    return {
      ...figures,
      faults: { points: faults.points, tried: faults.tried, violations: faults.violations.length },
    };
  const fuzz = REPORTS.fuzz.safeParse(json).data;
  if (fuzz !== undefined) {
    const { requests, turns, wrong } = fuzz;
    return { ...figures, fuzz: { requests, turns, wrong: wrong.length, ...rounded(fuzz.watched) } };
  }
  const hostile = REPORTS.hostile.parse(json);
  const { cases, missed } = hostile;
  return { ...figures, hostile: { cases: cases.length, missed: missed.length, ...rounded(hostile.watched) } };
}

const rounded = ({ slowestMs, peakMib }: z.infer<typeof watched>) => ({
  slowestMs: Math.round(slowestMs),
  peakMib,
});

function kept(): Figures {
  try {
    return figuresSchema.parse(JSON.parse(readFileSync(PLACE, "utf8")));
  } catch {
    return NO_FIGURES;
  }
}

const files = process.argv.slice(2);
writeFileSync(PLACE, `${JSON.stringify(files.reduce(take, kept()), undefined, 2)}\n`);
process.stdout.write(
  `docs/proof.json has ${files.length} more reports; npm run generate makes the page of it.\n`,
);
