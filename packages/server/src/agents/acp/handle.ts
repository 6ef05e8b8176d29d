/**
 * A live agent session over ACP: prompts one at a time, the cancel ladder, the end.
 *
 * A prompt goes on as `running-prompt.ts` draws it: one that is given up ends the child, and is then killed; when the child dies by itself,
 * exit listeners hear of it first, then it has crashed.
 *
 * Invariants: a prompt never rejects; the next one is not sent before the old one's answer, because nothing is sent to a child that did not
 * answer a cancel any more; whoever keeps handles hears of an exit before the prompt's result is known.
 */
import { RequestError } from "@agentclientprotocol/sdk";
import { errorText, within, type Clock, type Logger } from "@holdfast/kernel";
import type {
  ApprovalMode,
  AuthMethod,
  Features,
  Model,
  QuestionAnswer,
  SessionId,
} from "@holdfast/protocol";
import type { AgentDefinition } from "../catalog/index.ts";
import { FileAccess, type FileScope } from "../files/index.ts";
import type {
  AgentHandle,
  AgentProcessFacts,
  AgentQuestion,
  AgentSettings,
  PromptInput,
  PromptResult,
  SteerInput,
  SteerResult,
  TurnSink,
} from "../port.ts";
import { MissingBlobError, type ReadBlob } from "../read-blob.ts";
import { Prompts, type RunningPrompt } from "../running-prompt.ts";
import { permissionAskOf } from "../tool-memory.ts";
import type { Connection, AnswerPermission } from "./connection.ts";
import type { AcpTimeouts, Attempt } from "./open-session.ts";
import { chooseOption, type PermissionReply } from "./permission-option.ts";
import { promptBlocks } from "./prompt-blocks.ts";
import { promptResult } from "./prompt-result.ts";
import { answerQuestionTool } from "./question-tool.ts";
import type { PromptFeed, SessionFeed } from "./session-feed.ts";
import { setApprovalMode, setModel } from "./settings.ts";
import { STEERING, steeringParams, steerResultOf } from "./steering.ts";
import { isObject } from "./wire-message.ts";

/** How long the child of a prompt that is given up has between SIGTERM and SIGKILL to save what it has. */
const CANCEL_TERM_MS = 1_000;

/** How long what is being written to the disk may take once the prompt was answered. */
const WRITE_WAIT_MS = 5_000;

/** How long the answer to a steer may take once the prompt that it is for was answered. */
const STEER_WAIT_MS = 2_000;

/** What nobody can answer any more. */
const NOT_ANSWERED: PermissionReply = { outcome: { outcome: "cancelled" } };

/** A permission request is not withdrawn. */
const NEVER = new AbortController().signal;

export type HandleFacts = {
  definition: AgentDefinition;
  sessionId: SessionId;
  backendSessionId: string;
  openedBy: Attempt;
  version: string | undefined;
  features: Features;
  authMethods: readonly AuthMethod[];
  process: AgentProcessFacts;
  place: FileScope;
};

export type HandleDeps = { clock: Clock; logger: Logger; readBlob: ReadBlob; timeouts: AcpTimeouts };

export class AcpHandle implements AgentHandle {
  readonly agent: string;
  readonly sessionId: SessionId;
  readonly backendSessionId: string;
  readonly openedBy: Attempt;
  readonly version: string | undefined;
  readonly features: Features;
  readonly process: AgentProcessFacts;
  /** Where the agent reads and writes files through us, as far as its record lets it. */
  readonly files: FileAccess;
  readonly #connection: Connection;
  readonly #feed: SessionFeed;
  readonly #definition: AgentDefinition;
  readonly #authMethods: readonly AuthMethod[];
  readonly #deps: HandleDeps;
  readonly #prompts: Prompts;
  readonly #exitTold: Promise<void>;
  #listeners: ((exit: { expected: boolean }) => void)[] = [];
  #isGone = false;
  /** Until it was set nothing is known of it, and nothing is written. */
  #approvalMode: ApprovalMode = "readOnly";
  #model: Model | undefined;
  #closing: Promise<void> | undefined;
  /** The running prompt is on its way, or will not be sent any more. */
  #sent = Promise.withResolvers<void>();

  constructor(connection: Connection, feed: SessionFeed, facts: HandleFacts, deps: HandleDeps) {
    this.#connection = connection;
    this.#feed = feed;
    this.#definition = facts.definition;
    this.#authMethods = facts.authMethods;
    this.#deps = deps;
    this.agent = facts.definition.id;
    this.sessionId = facts.sessionId;
    this.backendSessionId = facts.backendSessionId;
    this.openedBy = facts.openedBy;
    this.version = facts.version;
    this.features = facts.features;
    this.process = facts.process;
    this.#prompts = new Prompts(deps.clock, this.backendSessionId);
    this.files = new FileAccess({
      agent: this.agent,
      place: facts.place,
      tools: feed.tools,
      approvalMode: () => this.#approvalMode,
      running: () => this.#prompts.running,
    });
    this.#exitTold = connection.ended.then(() => this.#tellExit());
  }

  get alive(): boolean {
    return this.#connection.isOpen;
  }

  get idleSince(): number | undefined {
    return this.#feed.hasBegun ? undefined : this.#prompts.idleSince;
  }

  get isArmed(): boolean {
    return this.#feed.state.isArmed;
  }

  get hasBegun(): boolean {
    return this.#feed.hasBegun;
  }

  get model(): Model | undefined {
    return this.#model;
  }

  onExit(listener: (exit: { expected: boolean }) => void): void {
    if (this.#isGone) listener({ expected: this.#connection.isExpected });
    else this.#listeners.push(listener);
  }

  prompt(input: PromptInput, sink: TurnSink): Promise<PromptResult> {
    const prompt = this.#begin(sink);
    const sent = Promise.withResolvers<void>();
    this.#sent = sent;
    prompt.over.addEventListener("abort", () => sent.resolve());
    void this.#run(input, prompt)
      .catch((error: unknown) => this.#notBuilt(error))
      .then((result) => prompt.settle(result));
    return prompt.result;
  }

  attend(sink: TurnSink): Promise<PromptResult> {
    const own = this.#begin(sink);
    void this.#attend(own).then((result) => own.settle(result));
    return own.result;
  }

  letGo(): void {
    this.#feed.letGo();
  }

  cancel(): Promise<void> {
    return this.#prompts.cancel();
  }

  async steer(input: SteerInput): Promise<SteerResult> {
    const { running } = this.#prompts;
    try {
      await this.#sent.promise;
      const prompt = await this.#blocks(input);
      if (running === undefined || running.isStopping) return { outcome: "promptRequired" };
      const answer = this.#connection
        .request("prompt", STEERING, steeringParams(this.backendSessionId, prompt))
        .then((result) => ({ result }))
        .catch((error: unknown) => ({ error }));
      const late = running.result.then(() => within(this.#deps.clock, STEER_WAIT_MS, answer));
      return steerResultOf((await Promise.race([answer, late])) ?? { error: undefined });
    } catch (error) {
      return { outcome: "failed", message: this.#whyNotBuilt(error) };
    }
  }

  async configure({ approvalMode, model }: AgentSettings): Promise<void> {
    const session = {
      connection: this.#connection,
      feed: this.#feed,
      sessionId: this.backendSessionId,
      timeoutMs: this.#deps.timeouts.settingMs,
    };
    await setApprovalMode(session, this.agent, this.#definition.quirks, approvalMode);
    this.#approvalMode = approvalMode;
    this.#model =
      model === undefined
        ? undefined
        : await setModel(session, { id: this.agent, features: this.features }, model);
  }

  async close(graceMs?: number): Promise<void> {
    const isFirst = this.#closing === undefined;
    this.#closing ??= this.#closePolitely(graceMs);
    if (!isFirst && graceMs !== undefined) void this.#connection.stop({ withinMs: graceMs });
    await this.#closing;
  }

  /** Answers a permission request of the agent; what nobody can answer any more is `cancelled`. */
  readonly answerPermission: AnswerPermission = async (params) => {
    const { running } = this.#prompts;
    if (!isObject(params) || running === undefined) return NOT_ANSWERED;
    const call = isObject(params["toolCall"]) ? params["toolCall"]["toolCallId"] : undefined;
    const known = typeof call === "string" ? this.#feed.tools.find(call) : undefined;
    if (known === undefined || params["sessionId"] !== this.backendSessionId) return NOT_ANSWERED;
    const { options } = params;
    if (known.tool !== undefined && known.tool === this.#definition.quirks.questionTool) {
      const ask = (question: AgentQuestion) => running.askQuestion(question, NEVER);
      const told = await answerQuestionTool(known, options, ask);
      if (told !== undefined) return told;
    }
    const answer = await running.ask(permissionAskOf(known));
    if (answer === "once") running.allowed.add(known.callId);
    return { outcome: chooseOption(options, answer) };
  };

  /** Asks a person what the agent wants to know; without a prompt nobody can answer: `cancel`. */
  async askQuestion({ callId, ...question }: AgentQuestion, withdrawn: AbortSignal): Promise<QuestionAnswer> {
    const known = callId === undefined ? undefined : this.#feed.tools.find(callId)?.callId;
    const answer = this.#prompts.running?.askQuestion({ ...question, callId: known }, withdrawn);
    return (await answer) ?? { action: "cancel" };
  }

  async #run(input: PromptInput, running: RunningPrompt): Promise<PromptResult> {
    const prompt = await this.#blocks(input);
    if (running.isCancelled) return { outcome: "ended", stopReason: "cancelled" };
    const feed = this.#feed.beginPrompt(running.sink);
    this.#tellModel(running);
    const answering = this.#connection
      .request("prompt", "session/prompt", { sessionId: this.backendSessionId, prompt })
      .then((result) => ({ result }))
      .catch((error: unknown) => ({ error }));
    this.#sent.resolve();
    const answer = await answering;
    return this.#over(running, feed, answer);
  }

  /** What the agent does by itself, until it says that this has ended, or is gone. */
  async #attend(own: RunningPrompt): Promise<PromptResult> {
    if (!this.hasBegun) return { outcome: "ended", stopReason: "end_turn" };
    const ended = Promise.withResolvers<void>();
    let hasEnded = false;
    const feed = this.#feed.beginPrompt(own.sink, () => {
      hasEnded = true;
      ended.resolve();
    });
    this.#tellModel(own);
    await Promise.race([ended.promise, this.#exitTold]);
    const stopReason = own.isCancelled ? "cancelled" : "end_turn";
    return this.#over(own, feed, hasEnded ? { result: { stopReason } } : { error: undefined });
  }

  #begin(sink: TurnSink): RunningPrompt {
    return this.#prompts.begin(sink, {
      tell: () => this.#connection.notify("session/cancel", { sessionId: this.backendSessionId }),
      giveUp: () => this.#connection.stop({ from: "term", withinMs: CANCEL_TERM_MS }),
    });
  }

  #tellModel({ sink }: RunningPrompt): void {
    const current = this.#feed.state.models?.current;
    if (current !== undefined) sink.emit({ type: "model", model: { modelId: current } });
  }

  async #over(
    running: RunningPrompt,
    feed: PromptFeed,
    answer: { result: unknown } | { error: unknown },
  ): Promise<PromptResult> {
    const isBroken = "error" in answer && !(answer.error instanceof RequestError);
    if (isBroken) await this.#exitTold;
    await within(this.#deps.clock, WRITE_WAIT_MS, this.files.settled());
    this.#feed.endPrompt();
    return promptResult({
      agent: this.agent,
      version: this.version,
      answer,
      isCancelled: running.isCancelled,
      isRejected: running.isRejected,
      isKilled: this.#connection.isExpected,
      crash: isBroken ? await this.#connection.crash("prompt") : undefined,
      lastText: feed.lastText,
      usage: feed.usage.settle("result" in answer ? answer.result : undefined, this.#feed.state),
      quirks: this.#definition.quirks,
      authMethods: this.#authMethods,
    });
  }

  #blocks(input: Pick<PromptInput, "parts" | "system">) {
    const accepts = {
      images: this.features.images === "yes",
      embedded: this.features.embeddedContext === "yes",
    };
    return promptBlocks(input, accepts, {
      readBlob: this.#deps.readBlob,
      read: (path, range) => this.files.read(path, range),
      bytes: (path) => this.files.bytes(path),
    });
  }

  #notBuilt(error: unknown): PromptResult {
    return {
      outcome: "failed",
      error: { name: "UnknownError", data: { message: this.#whyNotBuilt(error) } },
    };
  }

  #whyNotBuilt(error: unknown): string {
    this.#deps.logger.warn({ agent: this.agent, error: errorText(error) }, "a prompt could not be built");
    return error instanceof MissingBlobError ? error.message : "The attachments could not be read.";
  }

  async #closePolitely(graceMs: number | undefined): Promise<void> {
    const { clock, timeouts } = this.#deps;
    const start = clock.monotonic();
    const politeMs = Math.min(timeouts.closeMs, graceMs ?? timeouts.closeMs);
    if (this.alive) this.letGo();
    if (this.alive) await this.#prompts.running?.stop(politeMs);
    if (this.#prompts.running === undefined && this.alive && this.features.close === "yes") {
      const params = { sessionId: this.backendSessionId };
      await this.#connection.request("open", "session/close", params, politeMs).catch(() => undefined);
    }
    const left = graceMs === undefined ? undefined : Math.max(0, graceMs - (clock.monotonic() - start));
    const isDeaf = this.#definition.quirks.ignoresEof;
    await this.#connection.stop({ from: isDeaf ? "term" : "eof", withinMs: left });
  }

  #tellExit(): void {
    this.#isGone = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener({ expected: this.#connection.isExpected });
  }
}
