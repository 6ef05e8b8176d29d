import type { Figures } from "./figures.ts";

const number = (value: number): string => value.toLocaleString("en");

/** The page of proofs: what is promised, how each promise is tried, and what the last long runs found. */
export function proofPage(figures: Figures, note: string): string {
  return [
    "# Proof\n",
    note,
    "Three promises, and how they are tried. Every command below runs the real program; the figures are of its last long run, collected by\n`npm run proof`. Rules are in `spec/`.\n",
    "| promise | tried by |\n| --- | --- |",
    "| Nothing acknowledged is lost | kills in every phase, losses of power on disk images, faults at every statement, a broken build for each promise |",
    "| Nothing is applied twice | the same, with every unanswered command repeated with its key; agents' own memories are searched for prompts given twice |",
    "| Nothing is stuck | after each start every turn of a dead process must be ended, every agent process gone, every request answered or expired |\n",
    ...torture(figures),
    ...powerLoss(figures),
    ...sabotage(figures),
    ...faults(figures),
    ...hostile(figures),
    ...bench(figures),
  ].join("\n");
}

function torture({ torture: runs }: Figures): string[] {
  const head = [
    "## Kills\n",
    "`npm run torture -- --kills 300 --seed S`: `kill -9`, half of the time with the agents, at seeded instants of each phase. A recorder in another process\nkeeps every byte that it received; after each start everything in them is held against what the server has.\n",
  ];
  if (runs.length === 0) return [...head, "No run is collected yet.\n"];
  const phases = [...new Set(runs.flatMap((run) => Object.keys(run.phases)))];
  const rows = runs.map(
    (run) =>
      `| ${run.seed} | ${phases.map((phase) => run.phases[phase] ?? "-").join(" | ")} | **${run.violations}** |`,
  );
  const checked = runs.map(
    ({ seed, checked: all, lives, withAgents, native }) =>
      `- seed ${seed}: ${number(lives)} lives, ${number(withAgents)} kills with the agents; held against the rows: ${listed(all)}.${
        native === undefined ? "" : ` By Holdfast's own agent (\`--native\`): ${listed(native)}.`
      }`,
  );
  return [
    ...head,
    `| seed | ${phases.join(" | ")} | violations |\n|${" --- |".repeat(phases.length + 2)}`,
    ...rows,
    "",
    ...checked,
    "",
  ];
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${number(count)} ${what}`)
    .join(", ");

function powerLoss({ powerLoss: runs }: Figures): string[] {
  const rows = runs.map(
    ({ synchronous, images, operations, syncs, frames, broken }) =>
      `| ${synchronous} | ${number(images)} | ${number(operations)} | ${number(syncs)} | ${number(frames)} | **${number(broken)}** |`,
  );
  return [
    "## Loss of power\n",
    "`npm run torture -- --power-loss --images N`: a preload writes down each write, size, name and sync of the server at work. Seeded cuts through that make disk images: what\nwas synced is there, of the rest each write is there, not there, or torn at sectors. The program starts on each image; all that was acknowledged before the\ncut must be there. NORMAL gives up durability of the last commits, OFF (syncs that mean nothing) all of it: there the same check must see losses.\n",
    "| synchronous | images | file operations | syncs | frames held against images | images with losses |\n| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ];
}

function sabotage({ sabotage: run }: Figures): string[] {
  const head = [
    "## Sabotage\n",
    "`npm run sabotage`: each breaks one promise in a way that a tired engineer might; a test must turn red.\n",
  ];
  if (run === undefined) return [...head, "No run is collected yet.\n"];
  return [...head, `**${run.caught} of ${run.total} caught**: ${run.names.join(", ")}.\n`];
}

function faults({ faults: run }: Figures): string[] {
  const head = [
    "## Faults\n",
    "`npm run faults -- core`: every statement of admission, start, progress, finalization and recovery, found by counting: a kill before it, and a full, busy or failing disk in it.\n",
  ];
  return run === undefined
    ? [...head, "No run is collected yet.\n"]
    : [
        ...head,
        `${number(run.points)} points, ${number(run.tried)} faults tried, **${run.violations} violations**.\n`,
      ];
}

function hostile({ hostile: table, fuzz }: Figures): string[] {
  const lines = [
    "## Hostile callers and agents\n",
    "`npm run hostile`: bad requests, slow and half-open connections, floods, and an agent that means no good. `npm run fuzz -- --requests N --seed S`: a fuzzer over every route of the\nAPI's description and over ACP frames. A watch from outside asks for the health all the while.\n",
  ];
  if (table !== undefined)
    lines.push(
      `- ${table.cases} cases, **${table.missed} missed**; the slowest probe ${table.slowestMs} ms; at most ${table.peakMib} MiB.`,
    );
  if (fuzz !== undefined)
    lines.push(
      `- ${number(fuzz.requests)} fuzzed requests and ${fuzz.turns} turns of nonsense, **${fuzz.wrong} wrong answers**; the slowest probe ${fuzz.slowestMs} ms; at most ${fuzz.peakMib} MiB.`,
    );
  return [...lines, ""];
}

function bench({ bench: lines }: Figures): string[] {
  if (lines.length === 0) return [];
  return [
    "## Speed\n",
    "`npm run bench`: ratios to the raw limit, side by side in one run; what each is stands in `spec/targets.md`. `short` means short of the target.\n",
    "```",
    ...lines,
    "```\n",
  ];
}
