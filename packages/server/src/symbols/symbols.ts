/**
 * The symbols of source files, found by shipped grammars, without a language server and without running anything of the project. Sources are foreign
 * and may be large or hostile to a parser, so a thread reads them.
 */
import type { Clock } from "@holdfast/kernel";
import type { FileSymbol } from "@holdfast/protocol";
import { createThreads, moduleBeside } from "../thread/index.ts";
import type { Grammar } from "./grammar.ts";

/** Processor time that one file may take, in ms, its grammar's loading included: the largest that are read take a fraction of it. */
const WORK_MS = 3_000;

/** Heap of a thread in MiB. The parser's own memory is beside it and grows with the file: about 40 bytes for each of its bytes. */
const HEAP_MIB = 256;

export type Question = { grammar: Grammar; text: string };
export type Answer = { items: FileSymbol[]; truncated: boolean };

/** A problem is the end of a sentence about the file. */
export type FoundSymbols = Answer | { problem: string };

export type Symbols = {
  /** The symbols of a text within `SYMBOL_LIMITS`. Rejects when no thread can be started. */
  of(grammar: Grammar, text: string): Promise<FoundSymbols>;
};

export function createSymbols(clock: Clock): Symbols {
  const threads = createThreads<Question, Answer>(clock, {
    name: "symbols",
    module: moduleBeside(import.meta.url, "symbol-thread"),
    workMs: WORK_MS,
    heapMiB: HEAP_MIB,
  });
  return {
    async of(grammar, text) {
      const outcome = await threads.ask({ grammar, text });
      if ("answer" in outcome) return outcome.answer;
      return {
        problem:
          outcome.gaveUp === "time"
            ? `could not be read for its symbols within ${WORK_MS / 1_000} s`
            : "cannot be read for its symbols: the parser gave up",
      };
    },
  };
}
