/**
 * Threads that are asked about what is foreign: schemas of users, sources of projects. Each has a bounded heap, an empty environment and a deadline for each
 * question; one that misses it is ended, and the next question gets another. The caller's thread waits and computes nothing.
 */
import { Worker } from "node:worker_threads";
import { type Clock, within } from "@holdfast/kernel";
import { READY } from "./ready.ts";

/** How long a question may wait for its processor time on a busy machine, in ms; it counts from when its thread is up, which may take `START_MS`. */
const ANSWER_MS = 10_000;
const START_MS = 30_000;

/** Threads of one kind at once; who comes later waits. */
const MAX_THREADS = 2;

/** What a kind of thread runs, and what a question may take: processor time in ms, and heap of the thread in MiB. */
export type ThreadKind = { name: string; module: URL; workMs: number; heapMiB: number };

/** `time`: it took more than it may. `ended`: it took more memory than it may, or something else ended its thread. */
export type Outcome<Answer> = { answer: Answer } | { gaveUp: "time" | "ended" };

export type Threads<Question, Answer> = {
  /** Rejects when no thread can be started. */
  ask(question: Question): Promise<Outcome<Answer>>;
};

/** The module of a thread that stands beside the one with this address, as a source and as a bundle. */
export function moduleBeside(address: string, name: string): URL {
  return new URL(`./${name}${address.endsWith(".ts") ? ".ts" : ".js"}`, address);
}

/** No thread is started before the first question, and none keeps the process alive while it is asked nothing. */
export function createThreads<Question, Answer>(clock: Clock, kind: ThreadKind): Threads<Question, Answer> {
  const lines = Array.from({ length: MAX_THREADS }, () => new Line<Question, Answer>(clock, kind));
  let asked = 0;
  return {
    ask(question) {
      asked += 1;
      return (lines[asked % MAX_THREADS] as Line<Question, Answer>).ask(question);
    },
  };
}

/** One question after another, in a thread that is kept as long as it answers. */
class Line<Question, Answer> {
  readonly #clock: Clock;
  readonly #kind: ThreadKind;
  #worker: Worker | undefined;
  #hear: (message: unknown) => void = () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, kind: ThreadKind) {
    this.#clock = clock;
    this.#kind = kind;
  }

  ask(question: Question): Promise<Outcome<Answer>> {
    const answer = this.#last.then(() => this.#answer(question));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #answer(question: Question): Promise<Outcome<Answer>> {
    const worker = (this.#worker ??= await this.#start());
    worker.ref();
    try {
      return await this.#ask(worker, question);
    } catch (error) {
      // It ended while it was asked nothing: the next question gets another.
      await this.#giveUp("ended");
      throw error;
    } finally {
      worker.unref();
    }
  }

  async #ask(worker: Worker, question: Question): Promise<Outcome<Answer>> {
    const { workMs } = this.#kind;
    const before = await workOf(worker);
    const heard = this.#next();
    worker.postMessage(question);
    for (let waited = 0; waited < ANSWER_MS; waited += workMs) {
      const message = await within(this.#clock, workMs, heard);
      // It was up, so what it was asked has ended it.
      if (message instanceof Error) return this.#giveUp("ended");
      if (message !== undefined && message !== READY) return { answer: message as Answer };
      if ((await workOf(worker)) - before >= workMs) break;
    }
    return this.#giveUp("time");
  }

  async #giveUp(gaveUp: "time" | "ended"): Promise<Outcome<Answer>> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    return { gaveUp };
  }

  async #start(): Promise<Worker> {
    const { name, module, heapMiB } = this.#kind;
    const worker = new Worker(module, {
      execArgv: [],
      env: {},
      name,
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    });
    worker.on("message", (message: unknown) => this.#hear(message));
    worker.on("error", (error) => this.#hear(error instanceof Error ? error : new Error(String(error))));
    const message = await within(this.#clock, START_MS, this.#next());
    if (message === READY) return worker;
    await worker.terminate();
    if (message instanceof Error) throw message;
    throw new Error(`The thread ${name} did not start within ${START_MS} ms.`);
  }

  /** What the thread says next. */
  #next(): Promise<unknown> {
    return new Promise((resolve) => (this.#hear = resolve));
  }
}

/** Processor time of a thread so far, in ms. */
async function workOf(worker: Worker): Promise<number> {
  const { user, system } = await worker.cpuUsage();
  return (user + system) / 1_000;
}
