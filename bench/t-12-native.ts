/**
 * T-12 of Holdfast's own agent: what a step of it costs a client of its event stream, against the AI SDK called directly in this process with the same tools and
 * instructions on the same scripted model: at most 10 ms more at the median, without snapshots; what these add is said beside it. Turns of one step and of eleven
 * are measured in turn, and a step is a tenth of what the longer takes more; what the beginning and the end of a turn take, the shorter shows. A step is a call of the model and a call that only keeps a plan: nothing that both sides would have to wait for.
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
const WARM_UP = 4;
/** Rounds of one repeat: a short and a long turn of each side. */
const ROUNDS = 10;
/** Steps that a long turn has more than a short one. */
const MORE_STEPS = 10;

const MODEL = "fake-1";

/** No two calls in a row are the same: that would be a loop to ask somebody about. */
const CALLS = Array.from({ length: MORE_STEPS }, (_, at) => {
  const todos = [{ content: `Measure step ${at + 1}`, status: "in_progress", priority: "high" }];
  return `CALL todo ${JSON.stringify({ todos })}\n`;
}).join("");

async function startThrough(root: string, modelUrl: string, snapshots: boolean): Promise<Warm> {
  await mkdir(root, { recursive: true });
  const server = await startHoldfast({
    root,
    config: { snapshots },
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

type Times = { step: number; turn: number };

async function timed(warm: Warm, number: number, calls: string): Promise<number> {
  const start = performance.now();
  await warm.turn(`#turn ${number}\n${calls}SAY Hello from turn ${number}.`);
  return performance.now() - start;
}

/** Plays rounds on every side, and answers the medians of each, in ms. */
async function play(sides: readonly Warm[], rounds: number, from: number): Promise<Times[]> {
  const all = sides.map(() => ({ step: [] as number[], turn: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    const order = [...sides.keys()];
    for (const at of round % 2 === 0 ? order : order.toReversed()) {
      const side = sides[at] as Warm;
      const number = from + 2 * round;
      const short = await timed(side, number, "");
      const long = await timed(side, number + 1, CALLS);
      all[at]?.turn.push(short);
      all[at]?.step.push((long - short) / MORE_STEPS);
    }
  }
  return all.map(({ step, turn }) => ({ step: median(step), turn: median(turn) }));
}

export async function measureNative(): Promise<Finding> {
  await using directory = await temporaryDirectory("bench-native");
  const model = await startModel({ models: [MODEL] });
  const started: Warm[] = [];
  try {
    for (const snapshots of [false, true])
      started.push(await startThrough(join(directory.path, `snapshots-${snapshots}`), model.url, snapshots));
    const sides = [startDirect(model.url, MODEL), ...started];
    await play(sides, WARM_UP, 1);
    const runs: Times[][] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1)
      runs.push(await play(sides, ROUNDS, 2 * (WARM_UP + repeat * ROUNDS) + 1));
    for (const what of ["step", "turn"] as const) {
      const [direct, through, kept] = [0, 1, 2].map((at) =>
        ms(median(runs.map((run) => timeOf(run, at)[what]))),
      );
      note(
        `T-12 native:build a ${what}: p50 ${through}, by the AI SDK alone ${direct}; with snapshots ${kept}`,
      );
    }
    const ratios = runs.map((run) => timeOf(run, 1).step / (timeOf(run, 0).step + ADDED_MS));
    return { name: "T-12/native", ratios, target: { atMost: 1 } };
  } finally {
    for (const warm of started) await warm.end();
    await model.close();
  }
}

function timeOf(run: readonly Times[], at: number): Times {
  const times = run[at];
  if (times === undefined) throw new RangeError(`There is no side ${at}.`);
  return times;
}

const ms = (time: number): string => `${time.toFixed(1)} ms`;
