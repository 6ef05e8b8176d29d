/**
 * Measures, in a process of its own that runs under slow syncs: how long a delta takes from the recorder's call to the commit's answer, how long the
 * event loop is held up meanwhile, and what one sync takes. Arguments: directory, sessions, deltas/s of all together, seconds.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { openProduct } from "./ingestion-product.ts";

/** All in ms. */
export type Latency = {
  deltas: number;
  p50: number;
  p99: number;
  sync: number;
  loopP99: number;
  idleLoopP99: number;
};

const DELTA = "twenty bytes of text";
const SYNCS = 100;
const IDLE_MS = 2_000;
const PAGE = Buffer.alloc(4_096, 1);
const LOOP_RESOLUTION_MS = 1;

const [directory = "", sessions = "10", perSecond = "90", seconds = "15"] = process.argv.slice(2);

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function medianSync(): number {
  const file = openSync(join(directory, "one-sync"), "w");
  const times: number[] = [];
  for (let left = SYNCS; left > 0; left -= 1) {
    const began = performance.now();
    writeSync(file, PAGE);
    fdatasyncSync(file);
    times.push(performance.now() - began);
  }
  closeSync(file);
  return quantile(
    times.toSorted((a, b) => a - b),
    0.5,
  );
}

/** The delay beyond the timer's own period, p99, in ms. */
async function loopDelay<T>(work: () => Promise<T>): Promise<{ value: T; p99: number }> {
  const monitor = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  monitor.enable();
  const value = await work();
  monitor.disable();
  return { value, p99: Math.max(0, monitor.percentile(99) / 1e6 - LOOP_RESOLUTION_MS) };
}

async function stream(store: Awaited<ReturnType<typeof openProduct>>): Promise<number[]> {
  const count = Number(sessions);
  const everyMs = (1_000 * count) / Number(perSecond);
  const end = performance.now() + 1_000 * Number(seconds);
  const times: number[] = [];
  const follow = async (session: number): Promise<void> => {
    const turn = await store.begin(session);
    const waiting: Promise<unknown>[] = [];
    await delay((everyMs * session) / count);
    for (let next = performance.now(); next < end; next += everyMs) {
      const began = performance.now();
      turn.delta(DELTA);
      waiting.push(turn.acknowledged().then(() => times.push(performance.now() - began)));
      await delay(Math.max(0, next + everyMs - performance.now()));
    }
    await Promise.all(waiting);
    await turn.finalize();
  };
  await Promise.all(Array.from({ length: count }, (_, session) => follow(session)));
  return times;
}

const idle = await loopDelay(() => delay(IDLE_MS));
const before = medianSync();
const store = await openProduct(directory, Number(sessions));
const streaming = await loopDelay(() => stream(store));
await store.close();
const sorted = streaming.value.toSorted((a, b) => a - b);
const latency: Latency = {
  deltas: sorted.length,
  p50: quantile(sorted, 0.5),
  p99: quantile(sorted, 0.99),
  sync: (before + medianSync()) / 2,
  loopP99: streaming.p99,
  idleLoopP99: idle.p99,
};
process.stdout.write(JSON.stringify(latency));
