/**
 * T-12: a warm turn of each real agent through Holdfast, as a client of its event stream sees it, against the same agent driven directly, both
 * on the scripted model, turn by turn in one run and without snapshots: at most 30 ms more at the median. The figure is the ratio of Holdfast's
 * median to the direct one plus 30 ms, so 1 is the bound. Says the medians, how long the agents themselves take, and what a live agent takes of memory.
 */
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { processesWith, startHoldfast, temporaryDirectory } from "../test/harness/index.ts";
import { matrixAgent } from "../test/matrix/index.ts";
import { startModel } from "../test/model/index.ts";
import { subscribe } from "./event-stream.ts";
import { type Finding, median, note, worstOf } from "./ratio.ts";
import { startDirect, T12_AGENTS, type T12Agent, type Warm } from "./t-12-direct-agents.ts";
import { measureNative } from "./t-12-native.ts";

const ADDED_MS = 30;
const REPEATS = 3;
const WARM_UP = 5;
/** Pairs of turns of one repeat. */
const TURNS = 15;
/** How long one turn may take before the benchmark gives up, in ms. */
const TURN_MS = 60_000;

/** Memory of the agent's processes, their shared pages split among them (PSS), and of the server before and with it, in MiB. */
type Memory = { agent: number; processes: number; serverBefore: number; serverWith: number };

async function startThrough(
  agent: T12Agent,
  root: string,
  modelUrl: string,
): Promise<Warm & { memory(): Memory }> {
  await mkdir(root, { recursive: true });
  const own = await matrixAgent(agent).prepare({ modelUrl, home: join(root, "agent-home") });
  const server = await startHoldfast({
    root,
    config: { snapshots: false, ...(own === undefined ? {} : { agents: { [agent]: own } }) },
    environment: { HOLDFAST_LOG_LEVEL: "warn" },
  });
  const serverBefore = proportionalMib(server.pid);
  const { id } = await server.client.createSession({ directory: server.project, agent });
  let ended = Promise.withResolvers<void>();
  const stream = await subscribe(`${server.url}/api/sessions/${id}/events`, server.token, (event) => {
    if (event === "turn.completed") ended.resolve();
    else if (event === "turn.failed" || event === "turn.aborted")
      ended.reject(new Error(`A turn of ${agent} ended with ${event}.`));
  });
  return {
    async turn(text) {
      ended = Promise.withResolvers();
      const response = await server.fetch(`/api/sessions/${id}/inputs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ parts: [{ type: "text", text }] }),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`An input was answered with ${response.status}.`);
      await within(ended.promise, agent);
    },
    memory() {
      const pids = processesWith(`${root}/agent-home`);
      const mib = pids.reduce((sum, pid) => sum + proportionalMib(pid), 0);
      const serverWith = proportionalMib(server.pid);
      return { agent: mib, processes: pids.length, serverBefore, serverWith };
    },
    async end() {
      stream.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function within(ended: Promise<void>, agent: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`A turn of ${agent} took longer than ${TURN_MS} ms.`)),
      TURN_MS,
    );
  });
  await Promise.race([ended, late]).finally(() => clearTimeout(timer));
}

/** What a process takes of memory, in MiB, pages that it shares counted by its part; 0 when it is gone. */
function proportionalMib(pid: number): number {
  try {
    const kib = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return Number(kib) / 1_024;
  } catch {
    return 0;
  }
}

async function timed(warm: Warm, text: string): Promise<number> {
  const start = performance.now();
  await warm.turn(text);
  return performance.now() - start;
}

async function measure(agent: T12Agent): Promise<Finding> {
  await using directory = await temporaryDirectory(`bench-${agent}`);
  const model = await startModel();
  const started: Warm[] = [];
  try {
    const through = await startThrough(agent, join(directory.path, "through"), model.url);
    started.push(through);
    const direct = await startDirect(agent, join(directory.path, "direct"), model.url);
    started.push(direct);
    const play = playPairs(through, direct);
    await play(WARM_UP);
    const runs: { through: number; direct: number }[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) runs.push(await play(TURNS));
    tell(agent, runs, through.memory());
    return {
      name: `T-12/${agent}`,
      ratios: runs.map((run) => run.through / (run.direct + ADDED_MS)),
      target: { atMost: 1 },
    };
  } finally {
    for (const warm of started) await warm.end();
    await model.close();
  }
}

/** Plays so many pairs of turns, the first one alternating; answers the medians in ms. */
function playPairs(through: Warm, direct: Warm) {
  let number = 0;
  return async (pairs: number): Promise<{ through: number; direct: number }> => {
    const times = { through: [] as number[], direct: [] as number[] };
    for (let pair = 0; pair < pairs; pair += 1) {
      const text = `#turn ${(number += 1)}\nSAY Hello from turn ${number}.`;
      const order = pair % 2 === 0 ? (["through", "direct"] as const) : (["direct", "through"] as const);
      for (const side of order) times[side].push(await timed(side === "through" ? through : direct, text));
    }
    return { through: median(times.through), direct: median(times.direct) };
  };
}

function tell(
  agent: string,
  runs: readonly { through: number; direct: number }[],
  { agent: mib, processes, serverBefore, serverWith }: Memory,
): void {
  const [through, direct] = [median(runs.map((run) => run.through)), median(runs.map((run) => run.direct))];
  note(
    `T-12 ${agent} through Holdfast: p50 ${through.toFixed(1)} ms, ${(through - direct).toFixed(1)} ms more`,
  );
  note(`T-12 ${agent} by itself: p50 ${direct.toFixed(1)} ms`);
  note(
    `T-12 ${agent} memory: ${mib.toFixed(0)} MiB for one live agent in ${processes} process(es); the server itself ${serverBefore.toFixed(0)} MiB ` +
      `without it, ${serverWith.toFixed(0)} MiB with it`,
  );
}

export async function bench(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const agent of T12_AGENTS) findings.push(await measure(agent));
  return [...findings, worstOf("T-12", findings), await measureNative()];
}
