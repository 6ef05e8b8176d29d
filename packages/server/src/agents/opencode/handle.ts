/**
 * A live session of an opencode server.
 *
 * Invariants: a prompt never rejects; whoever keeps handles hears of an end before the prompt's result is known; an idle handle outlives its
 * server's process, a busy one does not.
 */
import { errorText, HoldfastError, within, type Clock, type Logger } from "@holdfast/kernel";
import { type ApprovalMode, type Features, type Model, type SessionId, unhonoured } from "@holdfast/protocol";
import { agentError } from "../agent-error.ts";
import {
  AgentFailure,
  type AgentHandle,
  type AgentProcessFacts,
  type AgentSettings,
  type IdleSink,
  type NoteEvent,
  type PromptInput,
  type PromptResult,
  type StateEvent,
  type TurnSink,
} from "../port.ts";
import { MissingBlobError, type ReadBlob } from "../read-blob.ts";
import { Prompts, type RunningPrompt } from "../running-prompt.ts";
import { ChildSessions } from "./child-sessions.ts";
import { userMessageId } from "./message-id.ts";
import { OpenRequests } from "./open-requests.ts";
import type { Rule } from "./permission-rules.ts";
import { commandOf, promptParts } from "./prompt-parts.ts";
import { PromptRun } from "./prompt-run.ts";
import type { Member, OpencodeServer, ServerEnd } from "./server.ts";
import { type ChosenModel, chosenModel, type SessionFacts } from "./session-facts.ts";
import { SessionInbox } from "./session-inbox.ts";
import { setMode } from "./set-mode.ts";
import type { WireEvent } from "./wire-event.ts";

/** How long a prompt may take to end before its handle is closed under it. */
const CLOSE_MS = 2_000;

/** How long a prompt that names a model or a command waits to know which ones there are. */
const DESCRIBED_MS = 30_000;

export type HandleServer = Pick<
  OpencodeServer,
  "running" | "api" | "subscribed" | "attach" | "detach" | "adopt" | "memberOf" | "isShared" | "end"
>;

export type HandleFacts = {
  agent: string;
  sessionId: SessionId;
  backendSessionId: string;
  directory: string;
  openedBy: "resume" | "create";
  version: string;
  features: Features;
  process: AgentProcessFacts;
  /** Rules of the agent that works in the session. */
  agentRules: readonly Rule[];
};

export type HandleDeps = {
  server: HandleServer;
  /** Lets the server go. */
  release: () => void;
  clock: Clock;
  logger: Logger;
  readBlob: ReadBlob;
  idle: IdleSink;
};

export class OpencodeHandle implements AgentHandle, Member {
  readonly agent: string;
  readonly sessionId: SessionId;
  readonly backendSessionId: string;
  readonly directory: string;
  readonly openedBy: "resume" | "create";
  readonly version: string;
  readonly features: Features;
  readonly process: AgentProcessFacts;
  readonly #deps: HandleDeps;
  readonly #agentRules: readonly Rule[];
  readonly #prompts: Prompts;
  readonly #requests: OpenRequests;
  readonly #inbox: SessionInbox;
  readonly #children: ChildSessions;
  #models: SessionFacts["models"] = new Map();
  #commands: ReadonlySet<string> = new Set();
  #subagents: SessionFacts["subagents"] | undefined;
  #described: Promise<void> = Promise.resolve();
  #listeners: ((exit: { expected: boolean }) => void)[] = [];
  #ended: { expected: boolean } | undefined;
  #run: PromptRun | undefined;
  /** The prompt before, whose trailing events are known. */
  #before: PromptRun | undefined;
  #mode: ApprovalMode | undefined;
  #model: ChosenModel | undefined;

  constructor(facts: HandleFacts, deps: HandleDeps) {
    this.agent = facts.agent;
    this.sessionId = facts.sessionId;
    this.backendSessionId = facts.backendSessionId;
    this.directory = facts.directory;
    this.openedBy = facts.openedBy;
    this.version = facts.version;
    this.features = facts.features;
    this.process = facts.process;
    this.#deps = deps;
    this.#agentRules = facts.agentRules;
    this.#prompts = new Prompts(deps.clock, this.backendSessionId);
    this.#requests = new OpenRequests({
      logger: deps.logger,
      api: () => this.#api(),
      run: () => this.#run,
      isOurs: (id) => deps.server.memberOf(id) === this,
      adopt: (child, parent) => deps.server.adopt(child, parent),
    });
    this.#children = new ChildSessions({
      agent: facts.agent,
      sessionId: facts.backendSessionId,
      contextSize: (model) => this.#models.get(model)?.context,
      emit: (event) => this.#prompts.running?.sink.emit(event),
    });
    this.#inbox = new SessionInbox({
      sessionId: facts.backendSessionId,
      children: this.#children,
      requests: this.#requests,
      runs: () => ({ now: this.#run, before: this.#before }),
      say: (event) => this.#say(event),
    });
    deps.server.attach(this);
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  get isBusy(): boolean {
    return this.#run !== undefined;
  }

  get idleSince(): number | undefined {
    return this.#prompts.idleSince;
  }

  get model(): Model | undefined {
    if (this.#model === undefined) return undefined;
    const { providerID, modelID, variant } = this.#model;
    return { providerId: providerID, modelId: modelID, ...(variant === undefined ? {} : { variant }) };
  }

  onExit(listener: (exit: { expected: boolean }) => void): void {
    if (this.#ended !== undefined) listener(this.#ended);
    else this.#listeners.push(listener);
  }

  /** What the session offers, once it is known; says it to whoever listens. */
  describe(facts: Promise<SessionFacts>): void {
    this.#described = this.#take(facts).catch((error: unknown) => {
      this.#deps.logger.debug({ error: errorText(error) }, "opencode did not say what it offers");
    });
  }

  prompt(input: PromptInput, sink: TurnSink): Promise<PromptResult> {
    const { clock, logger } = this.#deps;
    const prompt = this.#prompts.begin(sink, {
      tell: () => run.tellStop(),
      giveUp: () => this.#giveUp(prompt),
    });
    const run = new PromptRun(
      prompt,
      {
        agent: this.agent,
        sessionId: this.backendSessionId,
        clock,
        logger,
        api: () => this.#api(),
        contextSize: (model) => this.#models.get(model)?.context,
        findRequests: () => this.#requests.find(),
        late: (event) =>
          this.#inbox.note("late", event.type, "text" in event ? event.text : JSON.stringify(event)),
      },
      userMessageId(clock.now()),
    );
    this.#run = run;
    prompt.over.addEventListener("abort", () => {
      this.#children.clear();
      this.#before = run;
      this.#run = undefined;
    });
    void this.#send(input, run);
    return prompt.result;
  }

  cancel(): Promise<void> {
    return this.#prompts.cancel();
  }

  async configure({ approvalMode, model }: AgentSettings): Promise<void> {
    if (this.#mode !== approvalMode) {
      const session = { agent: this.agent, id: this.backendSessionId, agentRules: this.#agentRules };
      await setMode(this.#api(), session, approvalMode);
      this.#mode = approvalMode;
    }
    this.#model = undefined;
    if (model === undefined) return;
    await within(this.#deps.clock, DESCRIBED_MS, this.#described);
    this.#model = chosenModel(this.agent, model, this.#models, this.features);
  }

  async close(graceMs?: number): Promise<void> {
    const { running } = this.#prompts;
    if (running !== undefined && !(await running.stop(Math.min(CLOSE_MS, graceMs ?? CLOSE_MS))))
      await this.#giveUp(running);
    this.#leave(true);
  }

  take(event: WireEvent): Promise<void> | undefined {
    return this.#inbox.take(event);
  }

  streamOpened(): void {
    this.#run?.lookSoon({ withRequests: true });
  }

  processGone({ isExpected, error }: ServerEnd): boolean {
    const run = this.#run;
    if (run === undefined) return this.alive;
    this.#leave(isExpected);
    run.prompt.settle(isExpected ? { outcome: "killed" } : { outcome: "crashed", error });
    return false;
  }

  serverLost({ isExpected, error }: ServerEnd): void {
    this.#leave(isExpected);
    this.#prompts.running?.settle(isExpected ? { outcome: "killed" } : { outcome: "crashed", error });
  }

  async #take(facts: Promise<SessionFacts>): Promise<void> {
    const { events, models, commands, subagents } = await facts;
    this.#commands = commands;
    this.#subagents = subagents;
    this.#models = models;
    for (const event of events) this.#say(event);
  }

  async #send(input: PromptInput, run: PromptRun): Promise<void> {
    const { server, readBlob, logger } = this.#deps;
    try {
      const parts = await promptParts(input, readBlob);
      await server.running(this.sessionId);
      await server.subscribed(this.directory);
      if (parts.some((part) => part.type === "agent" || (part.type === "text" && part.text.startsWith("/"))))
        await within(this.#deps.clock, DESCRIBED_MS, this.#described);
      if (run.prompt.isCancelled) return run.prompt.settle({ outcome: "ended", stopReason: "cancelled" });
      this.#requireSubagents(input);
      const { system } = input;
      const command = commandOf(parts, this.#commands);
      await run.send({ messageID: run.view.userMessageId, parts, model: this.#model, system, command });
    } catch (error) {
      logger.warn({ agent: this.agent, error: errorText(error) }, "a prompt could not be sent");
      if (error instanceof AgentFailure) return run.prompt.settle({ outcome: "crashed", error: error.error });
      const message = errorText(error);
      run.prompt.settle({
        outcome: "failed",
        error:
          error instanceof MissingBlobError
            ? { name: "UnknownError", data: { message } }
            : agentError({ agent: this.agent, phase: "prompt", message }),
      });
    }
  }

  /** An agent that opencode does not have would be passed over in silence. */
  #requireSubagents({ parts }: PromptInput): void {
    const facts = { features: this.features, subagents: this.#subagents, isOpen: true };
    const refused = unhonoured(this.agent, { parts }, facts);
    if (refused !== undefined) throw new HoldfastError("AGENT_UNAVAILABLE", refused.message);
  }

  /** It does not stop: the process goes when nobody else uses it, else this session is left behind. */
  async #giveUp(prompt: RunningPrompt): Promise<void> {
    const { server } = this.#deps;
    const { isShared } = server;
    this.#leave(true);
    if (!isShared) await server.end();
    prompt.settle({ outcome: "killed" });
  }

  #leave(expected: boolean): void {
    if (this.#ended !== undefined) return;
    this.#ended = { expected };
    this.#deps.server.detach(this);
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener(this.#ended);
    this.#deps.release();
  }

  #api() {
    return this.#deps.server.api(this.directory);
  }

  #say(event: StateEvent | NoteEvent): void {
    if (this.#ended === undefined) (this.#prompts.running?.sink ?? this.#deps.idle).emit(event);
  }
}
