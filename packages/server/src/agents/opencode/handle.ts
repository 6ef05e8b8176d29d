/**
 * A live session of an opencode server.
 *
 * Invariants: a prompt never rejects; events go to the prompt that owns their message, and content that no running prompt owns is noted as
 * late; whoever keeps handles hears of an end before the prompt's result is known; an idle handle outlives its server's process, a busy one
 * does not.
 */
import { createHash } from "node:crypto";
import { errorText, HoldfastError, within, type Clock, type Logger } from "@holdfast/kernel";
import type { ApprovalMode, Features, Model, SessionId } from "@holdfast/protocol";
import { agentError } from "../agent-error.ts";
import { NoteThrottle } from "../note-throttle.ts";
import {
  AgentFailure,
  type AgentHandle,
  type IdleSink,
  type NoteEvent,
  type PromptInput,
  type PromptResult,
  type StateEvent,
  type TurnSink,
} from "../port.ts";
import { MissingBlobError, type ReadBlob } from "../read-blob.ts";
import type { PromptBody } from "./api.ts";
import { object, objects, text, type Json } from "./json.ts";
import { userMessageId } from "./message-id.ts";
import { endsWith, rulesOf, sessionRules, type Rule } from "./permission-rules.ts";
import { promptParts } from "./prompt-parts.ts";
import { PromptRun } from "./prompt-run.ts";
import { RequestDesk } from "./request-desk.ts";
import type { Member, OpencodeServer, ServerEnd } from "./server.ts";
import { offeredModel } from "./session-facts.ts";
import { todosOf } from "./todos.ts";
import type { Taken } from "./turn-view.ts";
import type { WireEvent } from "./wire-event.ts";

/** How long a cancelled prompt may take to end. */
export const CANCEL_GRACE_MS = 5_000;

/** How long a prompt may take to end before its handle is closed under it. */
const CLOSE_MS = 2_000;

/** How long a prompt that names a model waits to know which ones there are. */
const DESCRIBED_MS = 30_000;

/** Events of a session that tell nothing new to us. */
const SILENT = new Set([
  "session.diff",
  "session.created",
  "session.deleted",
  "message.removed",
  "message.part.removed",
]);

/** Messages of users that are remembered. */
const MAX_FOREIGN = 1_000;

/** The title that opencode gives before it knows a better one. */
const DEFAULT_TITLE = /^(?:New|Child) session - \d/;

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
  /** What the process fingerprint is made of. */
  process: unknown;
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
  readonly processFingerprint: string;
  readonly #deps: HandleDeps;
  readonly #agentRules: readonly Rule[];
  readonly #desk: RequestDesk;
  readonly #throttle = new NoteThrottle();
  /** Messages of users, whose parts are no news. */
  readonly #foreign = new Set<string>();
  #contextSizes: ReadonlyMap<string, number> = new Map();
  #described: Promise<void> = Promise.resolve();
  #listeners: ((exit: { expected: boolean }) => void)[] = [];
  #ended: { expected: boolean } | undefined;
  #idleSince: number;
  #run: PromptRun | undefined;
  /** The prompt before, whose trailing events are known. */
  #before: PromptRun | undefined;
  #mode: ApprovalMode | undefined;
  #model: PromptBody["model"];
  #title: string | undefined;

  constructor(facts: HandleFacts, deps: HandleDeps) {
    this.agent = facts.agent;
    this.sessionId = facts.sessionId;
    this.backendSessionId = facts.backendSessionId;
    this.directory = facts.directory;
    this.openedBy = facts.openedBy;
    this.version = facts.version;
    this.features = facts.features;
    this.processFingerprint = createHash("sha256")
      .update(JSON.stringify(["opencode", facts.process, facts.version]))
      .digest("hex");
    this.#deps = deps;
    this.#agentRules = facts.agentRules;
    this.#idleSince = deps.clock.monotonic();
    this.#desk = new RequestDesk({ logger: deps.logger, api: () => this.#api(), run: () => this.#run });
    deps.server.attach(this);
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  get isBusy(): boolean {
    return this.#run !== undefined;
  }

  get idleSince(): number | undefined {
    return this.#run === undefined ? this.#idleSince : undefined;
  }

  onExit(listener: (exit: { expected: boolean }) => void): void {
    if (this.#ended !== undefined) listener(this.#ended);
    else this.#listeners.push(listener);
  }

  /** What the session offers, once it is known; says it to whoever listens. */
  describe(facts: Promise<{ events: StateEvent[]; contextSizes: ReadonlyMap<string, number> }>): void {
    this.#described = facts.then(
      ({ events, contextSizes }) => {
        this.#contextSizes = contextSizes;
        for (const event of events) this.#say(event);
      },
      (error: unknown) =>
        this.#deps.logger.debug({ error: errorText(error) }, "opencode did not say what it offers"),
    );
  }

  prompt(input: PromptInput, sink: TurnSink): Promise<PromptResult> {
    if (this.#run !== undefined) {
      throw new HoldfastError(
        "CONFLICT",
        `A prompt is running in ${this.backendSessionId}; wait for its end.`,
      );
    }
    const { clock, logger } = this.#deps;
    const run = new PromptRun(
      {
        agent: this.agent,
        sessionId: this.backendSessionId,
        clock,
        logger,
        sink,
        api: () => this.#api(),
        contextSize: (model) => this.#contextSizes.get(model),
        findRequests: () => this.#findRequests(),
        late: (event) => this.#note("late", event.type, "text" in event ? event.text : JSON.stringify(event)),
      },
      userMessageId(clock.now()),
    );
    this.#run = run;
    void this.#send(input, run);
    return run.result.finally(() => {
      this.#idleSince = clock.monotonic();
      this.#before = run;
      this.#run = undefined;
    });
  }

  async cancel(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    run.cancel();
    const ended = await within(this.#deps.clock, CANCEL_GRACE_MS, run.result);
    if (ended === undefined) await this.#fence(run);
    await run.result;
  }

  async configure({
    approvalMode,
    model,
  }: {
    approvalMode: ApprovalMode;
    model?: Model | undefined;
  }): Promise<void> {
    if (this.#mode !== approvalMode) await this.#setMode(approvalMode);
    this.#model = undefined;
    if (model === undefined) return;
    await within(this.#deps.clock, DESCRIBED_MS, this.#described);
    this.#model = offeredModel(model, this.#contextSizes);
    if (this.#model === undefined) this.#note("notice", "model", `opencode does not offer ${model.modelId}.`);
  }

  async close(graceMs?: number): Promise<void> {
    const run = this.#run;
    if (run !== undefined) {
      run.cancel();
      await within(this.#deps.clock, Math.min(CLOSE_MS, graceMs ?? CLOSE_MS), run.result);
      if (!run.isOver) await this.#fence(run);
    }
    this.#leave(true);
  }

  take(event: WireEvent): Promise<void> | undefined {
    try {
      this.#take(event);
    } catch (error) {
      this.#note("notice", "event", errorText(error));
    }
    return this.#run?.sink.drained();
  }

  streamOpened(): void {
    this.#run?.lookSoon({ withRequests: true });
  }

  processGone({ isExpected, error }: ServerEnd): boolean {
    const run = this.#run;
    if (run === undefined) return this.alive;
    this.#leave(isExpected);
    run.settle(isExpected ? { outcome: "killed" } : { outcome: "crashed", error });
    return false;
  }

  serverLost({ isExpected, error }: ServerEnd): void {
    this.#leave(isExpected);
    this.#run?.settle(isExpected ? { outcome: "killed" } : { outcome: "crashed", error });
  }

  async #send(input: PromptInput, run: PromptRun): Promise<void> {
    const { server, readBlob, logger } = this.#deps;
    try {
      const parts = await promptParts(input, readBlob);
      await server.running(this.sessionId);
      await server.subscribed(this.directory);
      if (run.isCancelled) return run.settle({ outcome: "ended", stopReason: "cancelled" });
      const { system } = input;
      await run.send({ messageID: run.view.userMessageId, parts, model: this.#model, system });
    } catch (error) {
      logger.warn({ agent: this.agent, error: errorText(error) }, "a prompt could not be sent");
      if (error instanceof AgentFailure) return run.settle({ outcome: "crashed", error: error.error });
      if (error instanceof MissingBlobError) {
        return run.settle({
          outcome: "failed",
          error: { name: "UnknownError", data: { message: error.message } },
        });
      }
      const facts = { agent: this.agent, phase: "prompt", message: errorText(error) } as const;
      run.settle({ outcome: "failed", error: agentError(facts) });
    }
  }

  #take(event: WireEvent): void {
    const { type, properties } = event;
    if (type === "permission.asked") return this.#desk.permission(properties);
    if (type === "question.asked") return this.#desk.question(properties);
    if (event.sessionId !== this.backendSessionId) return;
    switch (type) {
      case "session.updated":
        return this.#setTitle(text(object(properties["info"])["title"]));
      case "session.status":
        return this.#status(object(properties["status"]));
      case "session.idle":
        return this.#run?.lookSoon();
      case "session.error":
        return this.#run?.seeError(properties["error"]);
      case "todo.updated":
        return this.#run?.sink.emit({ type: "plan", todos: todosOf(properties["todos"]) });
      case "message.updated":
        return this.#message(object(properties["info"]));
      case "message.part.updated":
        return this.#content(type, properties, (run) => run.view.part(object(properties["part"])));
      case "message.part.delta":
        return this.#content(type, properties, (run) => run.view.delta(properties));
      default:
        if (SILENT.has(type) || type.startsWith("permission.") || type.startsWith("question.")) return;
        this.#note("raw", type, JSON.stringify(properties));
    }
  }

  #message(info: Json): void {
    const run = this.#run;
    if (run?.view.message(info) === "taken" && object(info["time"])["completed"] !== undefined) {
      const { usage } = run;
      if (usage !== undefined && !run.isOver) run.sink.emit({ type: "usage", usage });
    }
    if (info["role"] === "user") this.#foreign.add(text(info["id"]) ?? "");
    if (this.#foreign.size > MAX_FOREIGN) this.#foreign.clear();
  }

  #content(type: string, properties: Json, take: (run: PromptRun) => Taken): void {
    for (const run of [this.#run, this.#before]) if (run !== undefined && take(run) !== "foreign") return;
    const messageId = text(properties["messageID"]) ?? text(object(properties["part"])["messageID"]) ?? "";
    if (this.#foreign.has(messageId)) return;
    this.#note("late", type, JSON.stringify(properties));
  }

  #status(status: Json): void {
    if (status["type"] === "idle") this.#run?.lookSoon();
    if (status["type"] === "retry")
      this.#note("notice", "retry", text(status["message"]) ?? "The model's provider failed.");
  }

  #setTitle(title: string | undefined): void {
    if (title === undefined || title === this.#title || title.trim() === "" || DEFAULT_TITLE.test(title))
      return;
    this.#title = title;
    this.#say({ type: "info", title });
  }

  async #setMode(mode: ApprovalMode): Promise<void> {
    const wanted = sessionRules(mode, this.#agentRules);
    const api = this.#api();
    let session = (await api.getSession(this.backendSessionId)) ?? {};
    if (!endsWith(rulesOf(session["permission"]), wanted)) {
      session = await api.addRules(this.backendSessionId, wanted);
    }
    if (!endsWith(rulesOf(session["permission"]), wanted)) {
      throw new HoldfastError(
        "AGENT_UNAVAILABLE",
        `${this.agent} did not take the permission rules of ${mode}. Use another agent.`,
      );
    }
    this.#mode = mode;
  }

  /** Requests that are open now; of those in sessions that we do not know yet, the owner is looked up. */
  async #findRequests(): Promise<void> {
    const { server } = this.#deps;
    const api = this.#api();
    for (const request of objects(await api.permissions())) {
      let id = text(request["sessionID"]);
      for (let depth = 0; id !== undefined && server.memberOf(id) === undefined && depth < 8; depth += 1) {
        const parent = text((await api.getSession(id))?.["parentID"]);
        if (parent !== undefined) server.adopt(id, parent);
        id = parent;
      }
      if (id !== undefined && server.memberOf(id) === this) this.#desk.permission(request);
    }
  }

  /** It does not stop: the process goes when nobody else uses it, else this session is left behind. */
  async #fence(run: PromptRun): Promise<void> {
    const { server } = this.#deps;
    const { isShared } = server;
    this.#leave(true);
    if (!isShared) await server.end();
    run.settle({ outcome: "killed" });
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
    if (this.#ended === undefined) (this.#run?.sink ?? this.#deps.idle).emit(event);
  }

  #note(type: NoteEvent["type"], kind: string, words: string): void {
    const note = this.#throttle.note(type, kind, words.length, words);
    if (note !== undefined) this.#say(note);
  }
}
