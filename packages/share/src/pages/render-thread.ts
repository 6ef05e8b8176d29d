/** The thread that writes documents: it loads the renderer that `web` built, and answers each request with a document or with nothing (S-12). */
import { parentPort, workerData } from "node:worker_threads";
import type { PageRequest } from "@holdfast/web";
import { RENDER_READY, type RenderAnswer } from "./render-words.ts";

const { renderer } = workerData as { renderer: string };
const { render } = (await import(renderer)) as { render: (request: PageRequest) => string };

parentPort?.on("message", (request: PageRequest) => {
  let answer: RenderAnswer;
  try {
    answer = { document: render(request) };
  } catch {
    // What it says may hold what it was given.
    answer = { failed: true };
  }
  parentPort?.postMessage(answer);
});
parentPort?.postMessage(RENDER_READY);
