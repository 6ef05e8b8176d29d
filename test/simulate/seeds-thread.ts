/** A thread of `run-seeds.ts`: takes seeds, answers what became of them. */
import { parentPort } from "node:worker_threads";
import { type Result, simulate } from "./simulate.ts";

parentPort?.on("message", (seeds: number[]) => {
  void (async () => {
    const results: Result[] = [];
    for (const seed of seeds) results.push(await simulate(seed));
    parentPort?.postMessage(results);
  })();
});
