/** What a prompt is run with: the session's facts, and the ways to model, tools and server. */
import type { Clock } from "@holdfast/kernel";
import type { Message, Model, OutputFormat } from "@holdfast/protocol";
import type { Hooks } from "../hooks/index.ts";
import type { Host } from "../host.ts";
import type { ReachedModel } from "../model/index.ts";
import type { AgentName, Instructions } from "../prompt/index.ts";
import type { OutputLimits, Tool, ToolContext } from "../tools/index.ts";
import type { Compaction, ProviderAccess } from "../wire.ts";
import type { Steers } from "./steers.ts";

/** A model with the way to it. */
export type ChosenModel = { access: ProviderAccess; model: Model; reached: ReachedModel };

/** Of whom hooks are told. */
export type Who = { sessionId: string; agent: string };

/** Places and limits that hold for the session, and for its subagents as well. */
export type Place = {
  sessionId: string;
  directory: string;
  root: string;
  isGit: boolean;
  platform: string;
  outputDirectory: string;
  /** Of the programs that tools start: without keys. */
  environment: Readonly<Record<string, string>>;
  toolOutput: OutputLimits;
  compaction: Compaction;
  maxSteps: number;
};

/** Which of its tools an agent may use, by id, and by `*` the rest: all of them where nothing is said. */
export type ToolChoices = Readonly<Record<string, boolean>>;

export type PromptRoom = {
  host: Host;
  clock: Clock;
  place: Place;
  agent: AgentName;
  hooks: Hooks;
  tools: readonly Tool[];
  /** Of a subagent: what the input lets the agent use that gives it its task. */
  choices?: ToolChoices | undefined;
  instructions: readonly Instructions[];
  /** What the configuration says now: it may change between two steps. */
  chosen: () => ChosenModel;
  format?: OutputFormat | undefined;
  /** Absent for a subagent: nobody talks to it. */
  steers?: Steers | undefined;
  /** Told once of the rows that the prompt begins with. */
  began?: ((view: readonly Message[]) => void) | undefined;
  /** Runs a subagent for a call. */
  task: (
    callId: string,
    task: Parameters<ToolContext["task"]>[0],
    signal: AbortSignal,
    choices?: ToolChoices,
  ) => ReturnType<ToolContext["task"]>;
  /** Aborted by a cancel. */
  signal: AbortSignal;
  /** Aborted, and shared with subagents, once a person said no without words: nobody is asked any more. */
  denial: AbortController;
};
