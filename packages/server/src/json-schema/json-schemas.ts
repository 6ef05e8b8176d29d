/**
 * JSON Schemas of users, and what agents answer to them. Both are foreign: a schema becomes a program, and its patterns may
 * run for ever. So a thread looks at them, with a bounded heap, an empty environment and a deadline for each question; one that misses it is ended, and the
 * next question gets another. The caller's thread waits and computes nothing.
 */
import { Worker } from "node:worker_threads";
import { type Clock, within } from "@holdfast/kernel";
import type { JsonObject } from "@holdfast/protocol";

/**
 * Processor time that a question may take, in ms, and how long it may wait for that on a busy machine; both count from when its thread is up, which may
 * take `START_MS`.
 */
const WORK_MS = 1_000;
const ANSWER_MS = 10_000;
const START_MS = 30_000;

/** Heap of a thread in MiB: far more than the largest schema and answer need. */
const HEAP_MIB = 128;

/** Threads at once; who comes later waits. */
const MAX_THREADS = 2;

export type Question = { schema: JsonObject; texts?: readonly string[] };

/** `texts` of a question are ways to read one answer; the first that fits is taken. A problem is a sentence for whoever wrote what is wrong. */
export type Verdict = { fits: true; value: unknown } | { fits: false; problem: string };

export type JsonSchemas = {
  /** What is wrong with a schema; `undefined` when it can be used: JSON Schema 2020-12 or draft 7, without references to elsewhere. */
  problemOf(schema: JsonObject): Promise<string | undefined>;
  /** Whether one of the texts is JSON that the schema lets pass. Rejects when no thread can be started. */
  judge(schema: JsonObject, texts: readonly string[]): Promise<Verdict>;
};

export type FromThread = "ready" | Verdict;

export function createJsonSchemas(clock: Clock): JsonSchemas {
  const lines = Array.from({ length: MAX_THREADS }, () => new Line(clock));
  let asked = 0;
  const ask = (question: Question): Promise<Verdict> => {
    asked += 1;
    return (lines[asked % MAX_THREADS] as Line).ask(question);
  };
  return {
    async problemOf(schema) {
      const verdict = await ask({ schema });
      return verdict.fits ? undefined : verdict.problem;
    },
    judge: (schema, texts) => ask({ schema, texts }),
  };
}

/** One question after another, in a thread that is kept as long as it answers. While it is asked nothing it does not keep the process alive. */
class Line {
  readonly #clock: Clock;
  #worker: Worker | undefined;
  #hear: (message: FromThread | Error) => void = () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(question: Question): Promise<Verdict> {
    const answer = this.#last.then(() => this.#answer(question));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #answer(question: Question): Promise<Verdict> {
    const worker = (this.#worker ??= await this.#start());
    worker.ref();
    try {
      return await this.#ask(worker, question);
    } finally {
      worker.unref();
    }
  }

  async #ask(worker: Worker, question: Question): Promise<Verdict> {
    const before = await workOf(worker);
    const heard = this.#next();
    worker.postMessage(question);
    for (let waited = 0; waited < ANSWER_MS; waited += WORK_MS) {
      const message = await within(this.#clock, WORK_MS, heard);
      // It was up, so what it was asked has ended it.
      if (message instanceof Error) return this.#giveUp("It takes more memory than may be used for it.");
      if (message !== undefined && message !== "ready") return message;
      if ((await workOf(worker)) - before >= WORK_MS) break;
    }
    return this.#giveUp(`It could not be checked within ${WORK_MS / 1_000} s.`);
  }

  async #giveUp(problem: string): Promise<Verdict> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    return { fits: false, problem };
  }

  async #start(): Promise<Worker> {
    const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    const worker = new Worker(new URL(`./schema-thread${extension}`, import.meta.url), {
      execArgv: [],
      env: {},
      name: "schema",
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    worker.on("message", (message: FromThread) => this.#hear(message));
    worker.on("error", (error) => this.#hear(error instanceof Error ? error : new Error(String(error))));
    const message = await within(this.#clock, START_MS, this.#next());
    if (message === "ready") return worker;
    await worker.terminate();
    if (message instanceof Error) throw message;
    throw new Error(`The thread for schemas did not start within ${START_MS} ms.`);
  }

  /** What the thread says next. */
  #next(): Promise<FromThread | Error> {
    return new Promise((resolve) => (this.#hear = resolve));
  }
}

/** Processor time of a thread so far, in ms. */
async function workOf(worker: Worker): Promise<number> {
  const { user, system } = await worker.cpuUsage();
  return (user + system) / 1_000;
}
