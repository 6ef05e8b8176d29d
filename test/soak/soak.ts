/**
 * Many turns of many sessions on a server whose pool is too small for them, with cancels and kills in between. What must never be: a turn
 * without an end (three promises, 3), a word of one session in another, a process or a descriptor that nobody owns.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "@holdfast/protocol";
import { killIfThere, type HoldfastProcess, startHoldfast, until } from "../harness/index.ts";
import { type AgentId, matrixAgent } from "../matrix/index.ts";
import { type ScriptedModel, startModel } from "../model/index.ts";
import { Random } from "../torture/random.ts";
import { planSoak, type Step, turnsOf } from "./plan.ts";
import { type Complaint, type Counts, Talk } from "./talk.ts";
import { handlesOf, launchedIn, launchesIn, residentMib } from "./traces.ts";

/** How many agents may live at once: fewer than there are sessions, so that every round evicts some. */
const SESSIONS = 8;
const MAX_LIVE = 3;
/** Descriptors that one live agent costs its server: stdin, stdout, stderr, and the child's own. */
const HANDLES_PER_AGENT = 4;
/** The launch id of a program that is only asked for its version. */
const VERSION_LAUNCH = "version";
const REST_MS = 30_000;
const SAMPLE_MS = 250;

export type SoakOptions = {
  turns: number;
  seed: string;
  root: string;
  /** Default 8. */
  sessions?: number;
  /** Default 3. */
  maxLive?: number;
  /** Agent of the last session; the others have the rehearsal agent. */
  lastAgent?: AgentId;
  say?: (line: string) => void;
};

export type SoakReport = {
  kind: "soak";
  seed: string;
  turns: number;
  sessions: number;
  maxLive: number;
  seconds: number;
  kinds: Counts;
  outcomes: Counts;
  openings: Counts;
  /** Most agent programs with a launch id that were seen alive at once. */
  mostPrograms: number;
  handles: { first: number; last: number; live: number };
  memoryMib: { first: number; last: number };
  stuck: string[];
  leaked: string[];
  wrong: Complaint[];
};

export const isSound = ({ stuck, leaked, wrong }: SoakReport): boolean =>
  stuck.length + leaked.length + wrong.length === 0;

type Stage = { options: SoakOptions; server: HoldfastProcess; talks: Talk[]; sessionIds: string[] };

/** Runs a soak below `root`, which must be empty. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { turns, seed, root, sessions = SESSIONS, maxLive = MAX_LIVE } = options;
  const began = performance.now();
  const report: SoakReport = {
    kind: "soak",
    seed,
    turns,
    sessions,
    maxLive,
    seconds: 0,
    kinds: {},
    outcomes: {},
    openings: {},
    mostPrograms: 0,
    handles: { first: 0, last: 0, live: 0 },
    memoryMib: { first: 0, last: 0 },
    stuck: [],
    leaked: [],
    wrong: [],
  };
  await using model = disposable(await startModel());
  const server = await startHoldfast({ root, config: await configOf(options, maxLive, model.url) });
  const directories = new Set<string>();
  try {
    const stage = await makeStage(options, server, report);
    await perform(stage, planSoak(new Random(seed), turns, sessions), report);
    await rest(stage, report, directories);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  for (const { pid, launchId } of launchedIn(root))
    report.leaked.push(`process ${pid} of launch ${launchId} outlives the server`);
  for (const { launchId } of launchesIn(root)) report.leaked.push(`launch ${launchId} is still in the table`);
  for (const directory of directories)
    if (existsSync(directory)) report.leaked.push(`directory ${directory} is still there`);
  return { ...report, seconds: Math.round((performance.now() - began) / 1_000) };
}

const disposable = (model: ScriptedModel) => ({
  url: model.url,
  [Symbol.asyncDispose]: () => model.close(),
});

async function configOf(
  { root, lastAgent: agent = "rehearsal" }: SoakOptions,
  maxLiveAgents: number,
  modelUrl: string,
): Promise<Config> {
  const own = await matrixAgent(agent).prepare({ modelUrl, home: join(root, "agent-home") });
  return { maxLiveAgents, snapshots: false, ...(own === undefined ? {} : { agents: { [agent]: own } }) };
}

async function makeStage(options: SoakOptions, server: HoldfastProcess, report: SoakReport): Promise<Stage> {
  const { root, lastAgent = "rehearsal" } = options;
  const { kinds, outcomes, openings } = report;
  const stage: Stage = { options, server, talks: [], sessionIds: [] };
  for (let index = 0; index < report.sessions; index += 1) {
    const directory = join(root, "projects", String(index));
    await mkdir(directory, { recursive: true });
    const agent = index === report.sessions - 1 ? lastAgent : "rehearsal";
    const session = await server.client.createSession({ directory, agent, approvalMode: "all" });
    const talk = new Talk({
      server,
      index,
      sessionId: session.id,
      isScripted: matrixAgent(agent).isScripted,
      killAgent: (sessionId) => killAgent(root, sessionId),
      counts: { kinds, outcomes, openings },
      complain: (complaint) => report.wrong.push(complaint),
    });
    stage.sessionIds.push(session.id);
    stage.talks.push(talk);
  }
  // The thread of long reads starts with the first of them, here or by housekeeping after a minute; it stays.
  await (await server.fetch("/api/diagnostics")).arrayBuffer();
  report.handles.first = handlesOf(server.pid);
  report.memoryMib.first = residentMib(server.pid);
  return stage;
}

function killAgent(root: string, sessionId: string): boolean {
  const pids = launchesIn(root).flatMap((each) => (each.sessionId === sessionId ? (each.pid ?? []) : []));
  for (const pid of pids) killIfThere(pid);
  return pids.length > 0;
}

/** Lets every session do its steps in order, all of them side by side. */
async function perform({ options, talks }: Stage, steps: readonly Step[], report: SoakReport): Promise<void> {
  let done = 0;
  const sampling = setInterval(() => {
    const programs = new Set(launchedIn(options.root).map(({ launchId }) => launchId));
    programs.delete(VERSION_LAUNCH);
    report.mostPrograms = Math.max(report.mostPrograms, programs.size);
  }, SAMPLE_MS);
  try {
    await Promise.all(
      talks.map(async (talk, index) => {
        for (const step of steps.filter(({ session }) => session === index)) {
          await performStep(talk, step);
          done += turnsOf(step);
          if (done % 50 === 0) options.say?.(`${done} of ${options.turns} turns`);
        }
      }),
    );
  } catch (error) {
    report.stuck.push((error as Error).message);
  } finally {
    clearInterval(sampling);
  }
}

function performStep(talk: Talk, step: Step): Promise<void> {
  return step.kind === "cancel" ? talk.cancel(step.whenQueued) : talk[step.kind]();
}

/** Looks at the server at rest: every turn has ended, and processes, table and descriptors agree. */
async function rest(
  { options: { root }, server, sessionIds }: Stage,
  report: SoakReport,
  directories: Set<string>,
): Promise<void> {
  for (const [index, id] of sessionIds.entries()) {
    const { status, queue } = await server.client.getSession(id);
    if (status !== "idle" || queue.length > 0)
      report.stuck.push(`session ${index} is ${status} with ${queue.length} queued`);
  }
  if (report.mostPrograms > report.maxLive)
    report.leaked.push(`${report.mostPrograms} agents lived at once, ${report.maxLive} may`);
  // An agent that is being closed may take a moment.
  const settled = await until(
    "programs, table and pool to agree",
    () => agreement(root, report.maxLive),
    REST_MS,
  ).catch(() => undefined);
  const launches = launchesIn(root);
  if (settled === undefined) {
    const alive = launchedIn(root).map(({ pid, launchId }) => `${pid} of ${launchId}`);
    report.leaked.push(`at rest: alive ${alive.join(", ")}; table ${JSON.stringify(launches)}`);
  }
  for (const { directory } of launches) if (directory !== null) directories.add(directory);
  const last = handlesOf(server.pid);
  report.handles = { first: report.handles.first, last, live: launches.length };
  const most = report.handles.first + HANDLES_PER_AGENT * launches.length;
  if (last > most) report.leaked.push(`${last} descriptors at rest, ${most} are accounted for`);
  report.memoryMib.last = residentMib(server.pid);
}

/** Every launch of the table lives, and nothing lives that is not in the table; no more than may. */
function agreement(root: string, maxLive: number): boolean {
  const alive = new Set(launchedIn(root).map(({ launchId }) => launchId));
  const known = new Set(launchesIn(root).map(({ launchId }) => launchId));
  return alive.size === known.size && [...alive].every((id) => known.has(id)) && known.size <= maxLive;
}
