/** The session that this program is for: opened once, then one prompt after the other. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@holdfast/kernel";
import type { Message } from "@holdfast/protocol";
import { type Hooks, loadHooks } from "../hooks/index.ts";
import type { Host } from "../host.ts";
import { type ChosenModel, type Place, type PromptRoom, PromptRun, Steers } from "../loop/index.ts";
import { instructionSources, loadInstructions } from "../prompt/index.ts";
import { subagents } from "../subagent/index.ts";
import { makeTitle, wordsForTitle } from "../title/index.ts";
import { type McpTools, openMcpTools, TOOL_IDS, toolsOf } from "../tools/index.ts";
import type {
  ConfigureParams,
  HookParams,
  OpenAnswer,
  OpenParams,
  PromptAnswer,
  PromptParams,
  SteerAnswer,
} from "../wire.ts";
import { chooseModel } from "./choose-model.ts";

export type SessionDeps = {
  host: Host;
  clock: Clock;
  announceHook: (params: HookParams) => void;
  /** As the process was started with. */
  environment: Readonly<Record<string, string>>;
  /** The user's own directory, and files of his for all projects. */
  home: string;
  globalInstructions: readonly string[];
  platform: string;
  version: string;
};

type Opened = { params: OpenParams; place: Place; hooks: Hooks; mcp: McpTools; chosen: ChosenModel };
type Running = { cancel: AbortController; steers: Steers; ended: PromiseWithResolvers<void> };

export class Session {
  readonly #deps: SessionDeps;
  readonly #closing = new AbortController();
  #opening: Promise<OpenAnswer> | undefined;
  #mcp: McpTools | undefined;
  #opened: Opened | undefined;
  #running: Running | undefined;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /** Rejects with a sentence for the user: no model, or a hook that cannot be loaded. */
  open(params: OpenParams): Promise<OpenAnswer> {
    this.#opening = this.#start(params);
    return this.#opening;
  }

  async #start(params: OpenParams): Promise<OpenAnswer> {
    const { host, clock, announceHook, version } = this.#deps;
    const { sessionId, directory, root, mcpServers } = params;
    const chosen = this.#choose(params, params.model);
    const announce = { place: { sessionId, directory, root }, announce: announceHook };
    const hooks = await loadHooks(params.hooks, announce);
    const place = this.#placeOf(params);
    const { signal } = this.#closing;
    const mcp = await openMcpTools(mcpServers, {
      directory,
      environment: place.environment,
      signal,
      clock,
      taken: TOOL_IDS,
    });
    this.#mcp = mcp;
    for (const problem of mcp.problems) await host.say({ type: "notice", kind: "mcp", tail: problem });
    this.#opened = { params, place, hooks, mcp, chosen };
    const { context } = chosen.reached.facts;
    return { version, model: chosen.model, ...(context === undefined ? {} : { context }) };
  }

  /** Holds from the next step on. */
  configure({ model }: ConfigureParams): void {
    const opened = this.#open();
    if (model !== undefined) opened.chosen = this.#choose(opened.params, model);
  }

  /** One at a time. Rejects only for a second one: what goes wrong is an answer. */
  async prompt({ format }: PromptParams): Promise<PromptAnswer> {
    if (this.#running !== undefined) throw new Error("a prompt runs already");
    const opened = this.#open();
    const running: Running = {
      cancel: new AbortController(),
      steers: new Steers(),
      ended: Promise.withResolvers(),
    };
    this.#running = running;
    try {
      return await new PromptRun(await this.#roomOf(opened, running, format)).run();
    } catch (error) {
      running.cancel.abort();
      const message = error instanceof Error ? error.message : String(error);
      return { outcome: "failed", error: { name: "UnknownError", data: { message } } };
    } finally {
      this.#running = undefined;
      running.steers.close();
      running.ended.resolve();
    }
  }

  /** Harmless without a prompt. */
  cancel(): void {
    this.#running?.cancel.abort();
  }

  steer(messageId: string): Promise<SteerAnswer> {
    return this.#running?.steers.offer(messageId) ?? Promise.resolve({ outcome: "missed" });
  }

  /** Resolves when nothing that was started for it lives. */
  async close(): Promise<void> {
    this.cancel();
    this.#closing.abort();
    // Servers of an opening that is cut off are ended by it.
    await this.#opening?.catch(() => undefined);
    await this.#mcp?.close();
    await this.#running?.ended.promise;
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new Error("the session is not open");
    return this.#opened;
  }

  #choose({ providers, sessionId }: OpenParams, wanted: OpenParams["model"]): ChosenModel {
    const chosen = chooseModel(providers, wanted, sessionId);
    if (chosen !== undefined) return chosen;
    const named = wanted?.providerId === undefined ? "" : ` ${wanted.providerId}`;
    throw new Error(
      `No provider${named} is configured for the model${wanted === undefined ? "" : ` ${wanted.modelId}`}.`,
    );
  }

  #placeOf(params: OpenParams): Place {
    const { sessionId, directory, root, outputDirectory, toolOutput, compaction, maxSteps, hiddenVariables } =
      params;
    const hidden = new Set(hiddenVariables);
    const environment = Object.fromEntries(
      Object.entries(this.#deps.environment).filter(([name]) => !hidden.has(name)),
    );
    const { platform } = this.#deps;
    const isGit = existsSync(join(root, ".git"));
    return {
      sessionId,
      directory,
      root,
      isGit,
      platform,
      outputDirectory,
      environment,
      toolOutput,
      compaction,
      maxSteps,
    };
  }

  async #roomOf(
    opened: Opened,
    { cancel, steers }: Running,
    format: PromptParams["format"],
  ): Promise<PromptRoom> {
    const { params, place, hooks, mcp } = opened;
    const { host, clock, home, globalInstructions } = this.#deps;
    const { directory, root } = place;
    const wanted = { directory, root, global: globalInstructions, configured: params.instructions, home };
    const room: Omit<PromptRoom, "task"> = {
      host,
      clock,
      place,
      agent: params.agent,
      hooks,
      tools: [...toolsOf(params.agent), ...(params.agent === "build" ? mcp.tools : [])],
      instructions: await loadInstructions(wanted, instructionSources, cancel.signal),
      chosen: () => opened.chosen,
      format,
      steers,
      signal: cancel.signal,
      denial: new AbortController(),
      // What goes wrong with it costs the title alone, also where the model for it cannot be reached as it is set up.
      began: (view) => void this.#giveTitle(opened, view).catch(() => undefined),
    };
    return { ...room, task: subagents(room, mcp.tools) };
  }

  /** Beside the work: nothing waits for it. */
  async #giveTitle({ params, chosen }: Opened, view: readonly Message[]): Promise<void> {
    const words = wordsForTitle(view);
    if (words === undefined) return;
    const { host, clock } = this.#deps;
    const small =
      params.smallModel === undefined ? undefined : chooseModel(params.providers, params.smallModel, "");
    const title = await makeTitle({ clock, signal: this.#closing.signal }, small ?? chosen, words);
    if (title !== undefined) await host.say({ type: "info", title });
  }
}
