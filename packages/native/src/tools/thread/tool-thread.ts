/** Started by `ask-thread.ts` for one job; ended by it, too. */
import { parentPort, workerData } from "node:worker_threads";
import type { Job, Told } from "./jobs.ts";
import { linesIn } from "./lines-in.ts";
import { markdownOf } from "./markdown-of.ts";
import { matcherOf } from "./matcher-of.ts";

const say = (told: Told): void => parentPort?.postMessage(told);
const job = workerData as Job;

switch (job.type) {
  case "lines":
    say({ type: "done", ...linesIn(job, (lines) => say({ type: "found", lines })) });
    break;
  case "names":
    say({ type: "done", names: job.names.filter(matcherOf(job.glob)) });
    break;
  case "markdown":
    say({ type: "done", markdown: markdownOf(job.html) });
    break;
}
