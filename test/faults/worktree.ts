/**
 * Deaths in the middle of acts on worktrees (W-2, W-11, W-15): at each fault point of each saga the server is killed, started again, and judged. Then a
 * few deaths over two lives, and deaths at seeded random instants, when a git may be at work that goes on without the server.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Session, Worktree } from "@holdfast/protocol";
import type { FaultsReport } from "./faults.ts";
import { type Act, create, type Ground, perform } from "./worktree-act.ts";
import { judgeTrial } from "./worktree-judge.ts";
import { type Answer, Life } from "./worktree-life.ts";
import { FAILING, git, makeProject, pictureOf, SETTINGS, workIn } from "./worktree-project.ts";

/** Every point that an act passes. `rescue.made` is passed by archive and remove; furnishing by create and restore. */
export const POINTS: Readonly<Record<Act, readonly string[]>> = {
  create: [
    "create.begun",
    "create.added",
    "create.laid",
    "create.copied",
    "create.setup",
    "create.furnished",
    "create.used",
    "create.active",
  ],
  refuse: ["create.begun", "create.setup", "create.thrown", "create.forgotten"],
  archive: [
    "archive.begun",
    "archive.quiesced",
    "rescue.taken",
    "rescue.packed",
    "rescue.made",
    "archive.rescued",
    "archive.archived",
  ],
  remove: [
    "remove.begun",
    "remove.quiesced",
    "rescue.taken",
    "rescue.packed",
    "rescue.made",
    "remove.rescued",
    "remove.teardown",
    "remove.leaving",
    "remove.thrown",
    "remove.forgotten",
    "remove.branch",
  ],
  restore: [
    "restore.begun",
    "restore.forgotten",
    "restore.added",
    "restore.laid",
    "restore.unpacked",
    "create.copied",
    "create.setup",
    "create.furnished",
    "restore.active",
  ],
};
/** A second death, in the recovery from the first. */
const TWICE: readonly (readonly [Act, string, string])[] = [
  ["create", "create.furnished", "create.thrown"],
  ["create", "create.added", "create.forgotten"],
  ["remove", "remove.thrown", "remove.forgotten"],
  ["remove", "remove.forgotten", "remove.branch"],
  ["archive", "archive.begun", "rescue.made"],
  ["archive", "rescue.packed", "rescue.packed"],
  ["restore", "restore.unpacked", "restore.forgotten"],
  ["restore", "restore.laid", "restore.forgotten"],
];
/** Longest time until a random death, in ms. */
const RANDOM_MS = 900;

export type Trial = { act: Act; faults: readonly string[]; afterMs?: number };
export type WorktreeFaultsOptions = {
  root: string;
  only?: string;
  every?: number;
  random?: number;
  seed?: number;
  say: (line: string) => void;
};

export function trialsOf({
  only = "",
  every = 1,
  random = 0,
  seed = 1,
}: Omit<WorktreeFaultsOptions, "root" | "say">): Trial[] {
  const acts = Object.entries(POINTS) as [Act, readonly string[]][];
  const single = acts.flatMap(([act, points]) =>
    points.map((point): Trial => ({ act, faults: [`worktree.${point}`] })),
  );
  const twice = TWICE.map(([act, ...points]): Trial => ({
    act,
    faults: points.map((point) => `worktree.${point}`),
  }));
  const next = numbersFrom(seed);
  const names = acts.map(([act]) => act);
  const anytime = Array.from({ length: random }, (): Trial => {
    const act = names[Math.floor(next() * names.length)] ?? "create";
    return { act, faults: [], afterMs: Math.floor(next() * RANDOM_MS) };
  });
  return [
    ...[...single, ...twice]
      .filter((trial) => nameOf(trial).startsWith(only))
      .filter((_, at) => at % every === 0),
    ...anytime,
  ];
}

export const nameOf = ({ act, faults, afterMs }: Trial): string =>
  `${act} ${afterMs === undefined ? faults.join(" then ") : `after ${afterMs} ms`}`;

export async function worktreeFaults(options: WorktreeFaultsOptions): Promise<FaultsReport> {
  const { root, say } = options;
  const points = Object.values(POINTS).reduce((sum, some) => sum + some.length, 0);
  const report: FaultsReport = { points, tried: 0, commands: {}, violations: [] };
  for (const [number, trial] of trialsOf(options).entries()) {
    const own = join(root, `trial-${number}`);
    const { violations, isHit } = await tryTrial(own, trial);
    report.tried += 1;
    report.commands[trial.act] = (report.commands[trial.act] ?? 0) + 1;
    const name = nameOf(trial);
    if (!isHit && trial.afterMs === undefined) violations.push("the point was not reached");
    for (const violation of violations) {
      report.violations.push(`${name}: ${violation}`);
      say(`VIOLATION ${name} (${own}): ${violation}`);
    }
    if (violations.length === 0) await rm(own, { recursive: true, force: true, maxRetries: 5 });
    say(`${violations.length === 0 ? "ok" : "BAD"} ${name}`);
  }
  return report;
}

async function tryTrial(root: string, trial: Trial): Promise<{ violations: string[]; isHit: boolean }> {
  const ground = await prepare(root, trial.act);
  const life = await Life.begin(root, trial.faults[0]);
  const asked = perform(life, trial.act, ground);
  if (trial.afterMs !== undefined) {
    await delay(trial.afterMs);
    await life.end("SIGKILL");
  }
  const answer = await asked;
  let isHit = answer === undefined || life.isDead || (await dies(life));
  await life.end("SIGKILL");
  for (const fault of trial.faults.slice(1)) {
    const again = await Life.begin(root, fault);
    isHit &&= again.url === undefined || again.isDead;
    await again.end("SIGKILL");
  }
  return { violations: await judgeTrial(trial.act, ground, answer), isHit };
}

/** A fault behind the answer falls a moment later. */
async function dies(life: Life): Promise<boolean> {
  for (let at = 0; at < 20 && !life.isDead; at += 1) await delay(10);
  return life.isDead;
}

/** A life without a fault that brings about what the act needs. */
async function prepare(root: string, act: Act): Promise<Ground> {
  const project = join(root, "project");
  await mkdir(root, { recursive: true });
  await makeProject(project);
  const life = await Life.begin(root);
  try {
    // Makes the project known, so that its settings can be set.
    const plain = bodyOf<Session>(
      await life.ask("POST", "/api/sessions", { directory: project, agent: "rehearsal" }),
    );
    const settings = act === "refuse" ? FAILING : SETTINGS;
    bodyOf(await life.ask("PATCH", `/api/projects/${plain.projectId}`, { worktree: settings }));
    const ground: Ground = { root, project, session: undefined, worktree: undefined, picture: "" };
    if (act !== "create" && act !== "refuse") {
      ground.session = bodyOf<Session>(await create(life, project, "first"));
      const { items } = bodyOf<{ items: Worktree[] }>(await life.ask("GET", "/api/worktrees"));
      ground.worktree = items[0];
      await workIn(ground.session.directory);
      if (act === "restore")
        bodyOf(await life.ask("DELETE", `/api/worktrees/${ground.worktree?.id}?discard=true`));
    }
    git(project, "status", "--porcelain");
    ground.picture = pictureOf(project);
    return ground;
  } finally {
    await life.end("SIGTERM");
  }
}

function bodyOf<T>(answer: Answer | undefined): T {
  if (answer === undefined || answer.status >= 300)
    throw new Error(`The ground of a trial is not made: ${JSON.stringify(answer)}`);
  return answer.body as T;
}

/** A sequence that the seed alone decides. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
