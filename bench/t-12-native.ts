/**
 * T-12 of Holdfast's own agent: a step of it as a client of its event stream sees it, against the AI SDK called directly in this process with the same
 * tools and instructions on the same scripted model: at most 10 ms more at the median, without snapshots. A turn is ten steps, nine of them a call
 * that only keeps a plan, so that a step is a call of the model and a call of a tool, and nothing that both sides would have to wait for.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startDirect } from "../packages/native/test/model/direct.ts";
import { startHoldfast, temporaryDirectory } from "../test/harness/index.ts";
import { startModel } from "../test/model/index.ts";
import { subscribe } from "./event-stream.ts";
import { type Finding, median, note } from "./ratio.ts";
import type { Warm } from "./t-12-direct-agents.ts";

const ADDED_MS = 10;
const REPEATS = 3;
const WARM_UP = 3;
/** Pairs of turns of one repeat, and steps of one turn. */
const TURNS = 8;
const STEPS = 10;

const MODEL = "fake-1";

/** No two calls in a row are the same: that would be a loop to ask somebody about. */
const CALLS = Array.from({ length: STEPS - 1 }, (_, at) => {
  const todos = [{ content: `Measure step ${at + 1}`, status: "in_progress", priority: "high" }];
  return `CALL todo ${JSON.stringify({ todos })}`;
}).join("\n");

async function startThrough(root: string, modelUrl: string): Promise<Warm> {
  await mkdir(root, { recursive: true });
  const server = await startHoldfast({
    root,
    config: { snapshots: false },
    environment: {
      HOLDFAST_LOG_LEVEL: "warn",
      HOLDFAST_MODEL_URL: `${modelUrl}/v1`,
      HOLDFAST_MODEL: MODEL,
    },
  });
  const { id } = await server.client.createSession({
    directory: server.project,
    agent: "native:build",
    approvalMode: "all",
    title: "Measured",
  });
  let ended = Promise.withResolvers<void>();
  const stream = await subscribe(`${server.url}/api/sessions/${id}/events`, server.token, (event) => {
    if (event === "turn.completed") ended.resolve();
    else if (event === "turn.failed" || event === "turn.aborted")
      ended.reject(new Error(`A turn of native:build ended with ${event}.`));
  });
  return {
    async turn(text) {
      ended = Promise.withResolvers();
      await server.client.admitInput(id, { parts: [{ type: "text", text }] });
      await ended.promise;
    },
    async end() {
      stream.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Milliseconds of a step. */
async function timed(warm: Warm, number: number): Promise<number> {
  const start = performance.now();
  await warm.turn(`#turn ${number}\n${CALLS}\nSAY Hello from turn ${number}.`);
  return (performance.now() - start) / STEPS;
}

export async function measureNative(): Promise<Finding> {
  await using directory = await temporaryDirectory("bench-native");
  const model = await startModel({ models: [MODEL] });
  const started: Warm[] = [];
  try {
    const through = await startThrough(join(directory.path, "through"), model.url);
    started.push(through);
    const direct = startDirect(model.url, MODEL);
    let number = 0;
    const play = async (pairs: number) => {
      const times = { through: [] as number[], direct: [] as number[] };
      for (let pair = 0; pair < pairs; pair += 1) {
        number += 1;
        const order = pair % 2 === 0 ? (["through", "direct"] as const) : (["direct", "through"] as const);
        for (const side of order)
          times[side].push(await timed(side === "through" ? through : direct, number));
      }
      return { through: median(times.through), direct: median(times.direct) };
    };
    await play(WARM_UP);
    const runs: { through: number; direct: number }[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) runs.push(await play(TURNS));
    const [through50, direct50] = [
      median(runs.map((run) => run.through)),
      median(runs.map((run) => run.direct)),
    ];
    note(
      `T-12 native:build a step: p50 ${through50.toFixed(1)} ms, by the AI SDK alone ${direct50.toFixed(1)} ms, ${(through50 - direct50).toFixed(1)} ms more`,
    );
    return {
      name: "T-12/native",
      ratios: runs.map((run) => run.through / (run.direct + ADDED_MS)),
      target: { atMost: 1 },
    };
  } finally {
    for (const warm of started) await warm.end();
    await model.close();
  }
}
