/** A prompt of the loop as tests run it: the fake host, the scripted model over HTTP, and tools that say what they did. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@holdfast/kernel";
import type { Message, PartOf } from "@holdfast/protocol";
import { z } from "zod";
import { type ScriptedModel, startModel } from "../../../test/model/index.ts";
import { NO_HOOKS } from "../src/hooks/index.ts";
import { type PromptRoom, PromptRun, Steers } from "../src/loop/index.ts";
import { languageModel } from "../src/model/index.ts";
import { subagents } from "../src/subagent/index.ts";
import type { Tool, ToolContext, ToolResult } from "../src/tools/index.ts";
import type { ModelFacts, PromptAnswer } from "../src/wire.ts";
import { FakeHost, type FakeHostOptions } from "./fake-host.ts";
import { accessTo, type Kind, MODELS } from "./model/ask.ts";

export type Bench = { model: ScriptedModel; directory: string; close: () => Promise<void> };

export async function openBench(): Promise<Bench> {
  const model = await startModel();
  const directory = mkdtempSync(join(tmpdir(), "holdfast-loop-"));
  const close = async () => {
    await model.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { model, directory, close };
}

/** What the tools of a test have done, in order: it is noted when they do it, not when they say so. */
export type Deed = { tool: string; input: unknown };

export type PromptOptions = FakeHostOptions & {
  clock?: Clock;
  facts?: ModelFacts;
  /** Whose words the scripted model speaks; those of any endpoint that speaks as OpenAI's chat does, unless it is said. */
  kind?: Kind;
  /** In place of the real one, in front of the scripted model. */
  fetch?: typeof fetch;
  tools?: (deeds: Deed[]) => Tool[];
  room?: Partial<PromptRoom>;
  place?: Partial<PromptRoom["place"]>;
};

export type Prompting = {
  host: FakeHost;
  deeds: Deed[];
  steers: Steers;
  cancel: AbortController;
  /** Runs one prompt with these words, which are the script of the model, and with what the input lets it use. */
  prompt: (script: string, choices?: Record<string, boolean>) => Promise<PromptAnswer>;
};

export function prompting(bench: Bench, options: PromptOptions = {}): Prompting {
  const { clock = systemClock, facts = {}, kind = "openai-compatible" } = options;
  const { directory } = bench;
  const deeds: Deed[] = [];
  const access = accessTo(bench.model.url, kind, facts);
  const model = { providerId: kind, modelId: MODELS[kind] };
  const { fetch } = options;
  const chosen = {
    access,
    model,
    reached: languageModel(access, model, fetch === undefined ? {} : { fetch }),
  };
  const host = new FakeHost({ clock, model, directory, ...options });
  const tools = [...(options.tools?.(deeds) ?? [noteTool(deeds)]), idleTool];
  const cancel = new AbortController();
  const steers = new Steers();
  const prompt = (script: string, choices?: Record<string, boolean>) => {
    host.prompt(script, choices);
    const room: Omit<PromptRoom, "task"> = {
      host,
      clock,
      agent: "build",
      hooks: NO_HOOKS,
      tools,
      instructions: [],
      chosen: () => chosen,
      steers,
      signal: cancel.signal,
      denial: new AbortController(),
      ...options.room,
      place: {
        sessionId: host.sessionId,
        directory,
        root: directory,
        isGit: false,
        platform: "linux",
        outputDirectory: join(directory, "outputs"),
        environment: {},
        toolOutput: { maxLines: 2_000, maxBytes: 50 * 1024 },
        compaction: { auto: true, prune: false },
        maxSteps: 50,
        ...options.place,
      },
    };
    return new PromptRun({ task: subagents(room, []), ...room }).run();
  };
  return { host, deeds, steers, cancel, prompt };
}

/** From here on a wait is a limit, in ms. */
const LIMIT_MS = 600_000;

/** The machine's clock, on which everything that is waited for is over at once. */
export const quickClock: Clock = {
  ...systemClock,
  after: (ms, run) => systemClock.after(ms < LIMIT_MS ? Math.min(ms, 1) : ms, run),
};

/** A tool of a test: `run` is what it does. */
export function testTool<Input extends z.ZodType>(
  id: string,
  input: Input,
  run: (input: z.output<Input>, context: ToolContext) => Promise<ToolResult>,
): Tool {
  const tool: Tool<Input> = {
    id,
    kind: "other",
    description: `The tool ${id}.`,
    input,
    title: () => id,
    run,
  };
  return tool;
}

/** Is never called: the scripted model takes a request with one tool at most for one that is beside the work. */
const idleTool = testTool("idle", z.object({}), () => Promise.resolve({ title: "Idle", output: "" }));

/** Notes a word. */
export const noteTool = (deeds: Deed[]): Tool =>
  testTool("note", z.object({ word: z.string() }), (input) => {
    deeds.push({ tool: "note", input });
    return Promise.resolve({ title: `Noted ${input.word}`, output: `noted ${input.word}` });
  });

/** How a prompt is answered that came to its end, and one that did not. */
export const ended = (stopReason: string) => ({ outcome: "ended", stopReason });
export const failed = (name: string) => ({ outcome: "failed", error: { name } });

export const partsOf = <T extends Message["parts"][number]["type"]>(
  messages: readonly Message[],
  type: T,
): PartOf<T>[] =>
  messages.flatMap(({ parts }) => parts.filter((part): part is PartOf<T> => part.type === type));
