/**
 * T-3: from the recorder's call to the commit's answer, 10 sessions at 90 deltas/s together, syncs of 2 ms. The raw limit is one sync, measured in the
 * same process before and after: p50 at most 2 of them, p99 at most 4. What the machine's own disk gives is printed too.
 */
import { temporaryDirectory } from "../test/harness/index.ts";
import type { Latency } from "./latency-process.ts";
import { type Finding, note, worstOf } from "./ratio.ts";
import { SYNC_US, underSlowSyncs } from "./slow-fsync.ts";

const REPEATS = 3;
const ARGS = ["10", "90", "10"];

async function measure(delayUs: number): Promise<Latency> {
  await using directory = await temporaryDirectory("bench-latency");
  const { measured } = await underSlowSyncs<Latency>("latency-process.ts", ARGS, {
    directory: directory.path,
    delayUs,
  });
  const { deltas, p50, p99, sync } = measured;
  note(
    `T-3 syncs +${delayUs / 1_000} ms: ${deltas} deltas, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, one sync ${sync.toFixed(2)} ms`,
  );
  return measured;
}

export async function bench(): Promise<Finding[]> {
  const runs: Latency[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) runs.push(await measure(SYNC_US));
  await measure(0);
  const variants: Finding[] = [
    { name: "T-3/p50", ratios: runs.map(({ p50, sync }) => p50 / sync), target: { atMost: 2 } },
    { name: "T-3/p99", ratios: runs.map(({ p99, sync }) => p99 / sync), target: { atMost: 4 } },
  ];
  return [...variants, worstOf("T-3", variants)];
}
