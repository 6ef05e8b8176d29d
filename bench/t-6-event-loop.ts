/**
 * T-6: the event loop's delay, p99, while 50 sessions stream 1,000 deltas/s together through recorder and store with syncs of 2 ms: at most 10 ms.
 * The ratio is of that bound; beside it stands the delay of an idle loop in the same process.
 */
import { temporaryDirectory } from "../test/harness/index.ts";
import type { Latency } from "./latency-process.ts";
import { type Finding, note } from "./ratio.ts";
import { SYNC_US, underSlowSyncs } from "./slow-fsync.ts";

const REPEATS = 3;
const BOUND_MS = 10;
const ARGS = ["50", "1000", "10"];

export async function bench(): Promise<Finding[]> {
  const ratios: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    await using directory = await temporaryDirectory("bench-loop");
    const { measured } = await underSlowSyncs<Latency>("latency-process.ts", ARGS, {
      directory: directory.path,
      delayUs: SYNC_US,
    });
    const { deltas, loopP99, idleLoopP99, p50 } = measured;
    note(
      `T-6: ${deltas} deltas, p50 ${p50.toFixed(1)} ms; loop delay p99 ${loopP99.toFixed(2)} ms, idle ${idleLoopP99.toFixed(2)} ms`,
    );
    ratios.push(loopP99 / BOUND_MS);
  }
  return [{ name: "T-6", ratios, target: { atMost: 1 } }];
}
