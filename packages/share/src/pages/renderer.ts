/**
 * Writes documents in a thread of its own, because what is in them comes from publishers (S-12): its heap is bounded, it sees no environment, and a document has
 * 5 s. A thread that misses its time, or ends, is replaced. One document at a time; who finds too many waiting is told so.
 */
import { Worker } from "node:worker_threads";
import { type Clock, within } from "@holdfast/kernel";
import type { PageRequest } from "@holdfast/web";
import { RENDER_READY, type RenderAnswer } from "./render-words.ts";

/** How long a thread may take to start, in ms. */
const START_MS = 30_000;
/** How long one document may take, in ms (S-12), and the heap of the thread, in MiB: a page of messages has some megabytes. */
const LIMITS = { documentMs: 5_000, heapMiB: 256 };
/** Documents that may wait. */
const MAX_WAITING = 32;

/** `tooLong`: it took more time or memory than it may, or could not be written. `busy`: too many wait. */
export type Rendered = { document: string } | { gaveUp: "tooLong" | "busy" };

export class Renderer {
  readonly #clock: Clock;
  readonly #module: URL;
  readonly #renderer: URL;
  readonly #limits: typeof LIMITS;
  #worker: Worker | undefined;
  #hear: (message: unknown) => void = () => undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;

  /** `renderer`: the module that `web` built. No thread is started before the first document. */
  constructor(clock: Clock, renderer: URL, limits = LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
    this.#renderer = renderer;
    this.#module = new URL(
      `./${import.meta.url.endsWith(".ts") ? "render-thread.ts" : "share-render-thread.js"}`,
      import.meta.url,
    );
  }

  /** Rejects when no thread can be started. */
  render(request: PageRequest): Promise<Rendered> {
    if (this.#waiting >= MAX_WAITING) return Promise.resolve({ gaveUp: "busy" });
    this.#waiting += 1;
    const rendered = this.#last.then(() => this.#render(request)).finally(() => (this.#waiting -= 1));
    this.#last = rendered.catch(() => undefined);
    return rendered;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  async #render(request: PageRequest): Promise<Rendered> {
    if (this.#isClosed) return { gaveUp: "busy" };
    const worker = (this.#worker ??= await this.#start());
    worker.ref();
    try {
      const heard = this.#next();
      worker.postMessage(request);
      const answer = await within(this.#clock, this.#limits.documentMs, heard);
      if (isAnswer(answer)) return "document" in answer ? answer : { gaveUp: "tooLong" };
      await this.#end();
      return { gaveUp: "tooLong" };
    } finally {
      worker.unref();
    }
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(this.#module, {
      execArgv: [],
      env: {},
      name: "share-render",
      workerData: { renderer: this.#renderer.href },
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMiB },
    });
    const next = this.#next();
    worker.on("message", (message: unknown) => this.#hear(message));
    worker.on("error", (error) => this.#hear(error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#hear(new Error("The thread that writes documents ended."));
    });
    const message = await within(this.#clock, START_MS, next);
    if (message === RENDER_READY) return worker;
    await worker.terminate();
    if (message instanceof Error) throw message;
    throw new Error(`The thread that writes documents did not start within ${START_MS} ms.`);
  }

  /** What the thread says next. */
  #next(): Promise<unknown> {
    return new Promise((resolve) => (this.#hear = resolve));
  }
}

const isAnswer = (message: unknown): message is RenderAnswer =>
  typeof message === "object" && message !== null && ("document" in message || "failed" in message);
