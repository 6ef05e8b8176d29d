/**
 * A live agent session over ACP: prompts one at a time, the cancel ladder, the end.
 *
 *   idle ─prompt─► running ─answer─► idle
 *                     │ cancel: session/cancel, open requests answered, 5 s ─► the child is ended: killed
 *                     └ the child dies: exit listeners first, then crashed
 *
 * Invariants: a prompt never rejects; the next one is not sent before the old one's answer, because nothing is sent to a child that did not
 * answer a cancel any more; whoever keeps handles hears of an exit before the prompt's result is known.
 */
import { RequestError } from "@agentclientprotocol/sdk";
import { errorText, HoldfastError, within, type Clock, type Logger } from "@holdfast/kernel";
import type { ApprovalMode, Features, Model, SessionId } from "@holdfast/protocol";
import type { AgentDefinition } from "../catalog/index.ts";
import { FileAccess, type FileScope } from "../files/index.ts";
import type { AgentHandle, AgentProcessFacts, PromptInput, PromptResult, TurnSink } from "../port.ts";
import { MissingBlobError, type ReadBlob } from "../read-blob.ts";
import { askDuring, type RunningPrompt } from "../running-prompt.ts";
import { permissionAskOf } from "../tool-memory.ts";
import type { Connection, AnswerPermission } from "./connection.ts";
import type { AcpTimeouts, Attempt } from "./open-session.ts";
import { chooseOption } from "./permission-option.ts";
import { promptBlocks } from "./prompt-blocks.ts";
import { promptResult } from "./prompt-result.ts";
import type { SessionFeed } from "./session-feed.ts";
import { setApprovalMode, setModel } from "./settings.ts";
import { isObject } from "./wire-message.ts";

/** How long a cancelled prompt may take to answer. */
export const CANCEL_GRACE_MS = 5_000;

/** After that, how long the child has between SIGTERM and SIGKILL to save what it has. */
const CANCEL_TERM_MS = 1_000;

/** How long what is being written to the disk may take once the prompt was answered. */
const WRITE_WAIT_MS = 5_000;

type Running = RunningPrompt & { isCancelled: boolean; ended: Promise<PromptResult> };

export type HandleFacts = {
  definition: AgentDefinition;
  sessionId: SessionId;
  backendSessionId: string;
  openedBy: Attempt;
  version: string | undefined;
  features: Features;
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
  readonly #deps: HandleDeps;
  readonly #exitTold: Promise<void>;
  #listeners: ((exit: { expected: boolean }) => void)[] = [];
  #isGone = false;
  #idleSince: number;
  #running: Running | undefined;
  /** Until it was set nothing is known of it, and nothing is written. */
  #approvalMode: ApprovalMode = "readOnly";
  #cancelling: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, feed: SessionFeed, facts: HandleFacts, deps: HandleDeps) {
    this.#connection = connection;
    this.#feed = feed;
    this.#definition = facts.definition;
    this.#deps = deps;
    this.agent = facts.definition.id;
    this.sessionId = facts.sessionId;
    this.backendSessionId = facts.backendSessionId;
    this.openedBy = facts.openedBy;
    this.version = facts.version;
    this.features = facts.features;
    this.process = facts.process;
    this.#idleSince = deps.clock.monotonic();
    this.files = new FileAccess({
      agent: this.agent,
      place: facts.place,
      tools: feed.tools,
      approvalMode: () => this.#approvalMode,
      running: () => this.#running,
    });
    this.#exitTold = connection.ended.then(() => this.#tellExit());
  }

  get alive(): boolean {
    return this.#connection.isOpen;
  }

  get idleSince(): number | undefined {
    return this.#running === undefined ? this.#idleSince : undefined;
  }

  onExit(listener: (exit: { expected: boolean }) => void): void {
    if (this.#isGone) listener({ expected: this.#connection.isExpected });
    else this.#listeners.push(listener);
  }

  prompt(input: PromptInput, sink: TurnSink): Promise<PromptResult> {
    if (this.#running !== undefined) {
      throw new HoldfastError(
        "CONFLICT",
        `A prompt is running in ${this.backendSessionId}; wait for its end.`,
      );
    }
    const over = new AbortController();
    const running: Running = {
      sink,
      over,
      allowed: new Set(),
      isCancelled: false,
      ended: Promise.resolve({ outcome: "killed" }),
    };
    this.#running = running;
    running.ended = this.#run(input, running).finally(() => {
      over.abort();
      this.#idleSince = this.#deps.clock.monotonic();
      this.#running = undefined;
    });
    return running.ended;
  }

  async cancel(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#cancelling ??= this.#climbDown(running).finally(() => (this.#cancelling = undefined));
    await this.#cancelling;
  }

  async configure({
    approvalMode,
    model,
  }: {
    approvalMode: ApprovalMode;
    model?: Model | undefined;
  }): Promise<void> {
    const session = {
      connection: this.#connection,
      feed: this.#feed,
      sessionId: this.backendSessionId,
      timeoutMs: this.#deps.timeouts.settingMs,
    };
    await setApprovalMode(session, this.agent, this.#definition.quirks, approvalMode);
    this.#approvalMode = approvalMode;
    if (model !== undefined) await setModel(session, model);
  }

  async close(graceMs?: number): Promise<void> {
    const isFirst = this.#closing === undefined;
    this.#closing ??= this.#closePolitely(graceMs);
    if (!isFirst && graceMs !== undefined) void this.#connection.stop({ withinMs: graceMs });
    await this.#closing;
  }

  /** Answers a permission request of the agent; what nobody can answer any more is `cancelled`. */
  readonly answerPermission: AnswerPermission = async (params) => {
    const running = this.#running;
    if (!isObject(params) || running === undefined || running.over.signal.aborted)
      return { outcome: "cancelled" };
    const call = isObject(params["toolCall"]) ? params["toolCall"]["toolCallId"] : undefined;
    const known = typeof call === "string" ? this.#feed.tools.find(call) : undefined;
    if (known === undefined || params["sessionId"] !== this.backendSessionId) return { outcome: "cancelled" };
    const answer = await askDuring(running, permissionAskOf(known));
    if (answer === "once") running.allowed.add(known.callId);
    return chooseOption(params["options"], answer);
  };

  async #run(input: PromptInput, running: Running): Promise<PromptResult> {
    const accepts = {
      images: this.features.images === "yes",
      embedded: this.features.embeddedContext === "yes",
    };
    let prompt;
    try {
      prompt = await promptBlocks(input, accepts, this.#deps.readBlob);
    } catch (error) {
      this.#deps.logger.warn({ agent: this.agent, error: errorText(error) }, "a prompt could not be built");
      const message =
        error instanceof MissingBlobError ? error.message : "The attachments could not be read.";
      return { outcome: "failed", error: { name: "UnknownError", data: { message } } };
    }
    if (running.isCancelled) return { outcome: "ended", stopReason: "cancelled" };
    const feed = this.#feed.beginPrompt(running.sink);
    const answer = await this.#connection
      .request("prompt", "session/prompt", { sessionId: this.backendSessionId, prompt })
      .then((result) => ({ result }))
      .catch((error: unknown) => ({ error }));
    const isBroken = "error" in answer && !(answer.error instanceof RequestError);
    if (isBroken) await this.#exitTold;
    await within(this.#deps.clock, WRITE_WAIT_MS, this.files.settled());
    this.#feed.endPrompt();
    return promptResult({
      agent: this.agent,
      version: this.version,
      answer,
      isCancelled: running.isCancelled,
      isKilled: this.#connection.isExpected,
      crash: isBroken ? await this.#connection.crash("prompt") : undefined,
      lastText: feed.lastText,
      usage: feed.usage.settle("result" in answer ? answer.result : undefined, this.#feed.state),
      quirks: this.#definition.quirks,
    });
  }

  async #climbDown(running: Running): Promise<void> {
    this.#tellCancel(running);
    const answered = await within(this.#deps.clock, CANCEL_GRACE_MS, running.ended);
    if (answered === undefined) await this.#connection.stop({ from: "term", withinMs: CANCEL_TERM_MS });
    await running.ended;
  }

  #tellCancel(running: Running): void {
    running.isCancelled = true;
    this.#connection.notify("session/cancel", { sessionId: this.backendSessionId });
    running.over.abort();
  }

  async #closePolitely(graceMs: number | undefined): Promise<void> {
    const { clock, timeouts } = this.#deps;
    const start = clock.monotonic();
    const politeMs = Math.min(timeouts.closeMs, graceMs ?? timeouts.closeMs);
    const running = this.#running;
    if (running !== undefined && this.alive) {
      this.#tellCancel(running);
      await within(clock, politeMs, running.ended);
    }
    if (this.#running === undefined && this.alive && this.features.close === "yes") {
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
