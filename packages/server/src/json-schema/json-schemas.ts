/**
 * JSON Schemas of users, and what agents answer to them. Both are foreign: a schema becomes a program, and its patterns may
 * run for ever. So a thread looks at them.
 */
import type { Clock } from "@holdfast/kernel";
import type { JsonObject } from "@holdfast/protocol";
import { createThreads, moduleBeside } from "../thread/index.ts";

/** Processor time that a question may take, in ms. */
const WORK_MS = 1_000;

/** Heap of a thread in MiB: far more than the largest schema and answer need. */
const HEAP_MIB = 128;

export type Question = { schema: JsonObject; texts?: readonly string[] };

/** `texts` of a question are ways to read one answer; the first that fits is taken. A problem is a sentence for whoever wrote what is wrong. */
export type Verdict = { fits: true; value: unknown } | { fits: false; problem: string };

export type JsonSchemas = {
  /** What is wrong with a schema; `undefined` when it can be used: JSON Schema 2020-12 or draft 7, without references to elsewhere. */
  problemOf(schema: JsonObject): Promise<string | undefined>;
  /** Whether one of the texts is JSON that the schema lets pass. Rejects when no thread can be started. */
  judge(schema: JsonObject, texts: readonly string[]): Promise<Verdict>;
};

export function createJsonSchemas(clock: Clock): JsonSchemas {
  const threads = createThreads<Question, Verdict>(clock, {
    name: "schema",
    module: moduleBeside(import.meta.url, "schema-thread"),
    workMs: WORK_MS,
    heapMiB: HEAP_MIB,
  });
  const ask = async (question: Question): Promise<Verdict> => {
    const outcome = await threads.ask(question);
    if ("answer" in outcome) return outcome.answer;
    const problem =
      outcome.gaveUp === "time"
        ? `It could not be checked within ${WORK_MS / 1_000} s.`
        : "It takes more memory than may be used for it.";
    return { fits: false, problem };
  };
  return {
    async problemOf(schema) {
      const verdict = await ask({ schema });
      return verdict.fits ? undefined : verdict.problem;
    },
    judge: (schema, texts) => ask({ schema, texts }),
  };
}
