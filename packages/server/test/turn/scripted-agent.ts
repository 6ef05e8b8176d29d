import {
  isHandoffPart,
  type LiveAgentList,
  type Model,
  type Part,
  type SessionError,
  type SessionId,
} from "@holdfast/protocol";
import {
  AgentFailure,
  type AgentHandle,
  type AgentPool,
  type IdleSink,
  type OpenRequest,
  type Reservation,
  type PromptInput,
  type PromptResult,
  type ReadHistory,
  type SteerInput,
  type SteerResult,
  type TurnSink,
} from "../../src/agents/index.ts";

/** What a script may do while its prompt runs. */
export type Scene = {
  text: string;
  input: PromptInput;
  sink: TurnSink;
  handle: ScriptedHandle;
  /** Resolves when the prompt is told to stop. */
  cancelled: Promise<void>;
};
export type Script = (scene: Scene) => Promise<PromptResult>;

export const endTurn: PromptResult = { outcome: "ended", stopReason: "end_turn" };
export const agentError = (
  phase: "spawn" | "initialize" | "open" | "prompt",
  message = "The agent is gone.",
): SessionError => ({
  name: "AgentError",
  data: { agent: "rehearsal", phase, message },
});

const echo: Script = ({ sink, text }) => {
  sink.emit({ type: "text", text: `You said: ${text}` });
  return Promise.resolve(endTurn);
};

/** Echoes once, holds until it is cancelled, then answers as an honest agent does. */
export const untilCancelled: Script = async ({ sink, cancelled }) => {
  sink.emit({ type: "text", text: "working" });
  await cancelled;
  return { outcome: "ended", stopReason: "cancelled" };
};

export class ScriptedHandle implements AgentHandle {
  readonly agent: string;
  readonly sessionId: SessionId;
  readonly backendSessionId: string;
  readonly openedBy: AgentHandle["openedBy"];
  readonly version = "1.0.0";
  readonly features: AgentHandle["features"];
  readonly idle: IdleSink;
  readonly history: ReadHistory;
  alive = true;
  configured: unknown[] = [];
  model: Model | undefined;
  cancels = 0;
  readonly #owner: ScriptedAgent;
  #exits: ((exit: { expected: boolean }) => void)[] = [];
  #cancelled: (() => void) | undefined;
  #ended: ((result: PromptResult) => void) | undefined;
  #prompt: Promise<unknown> = Promise.resolve();
  #own: Script | undefined;

  constructor(
    owner: ScriptedAgent,
    request: OpenRequest,
    opened: { openedBy: AgentHandle["openedBy"]; backendSessionId: string },
  ) {
    this.#owner = owner;
    this.agent = request.agent;
    this.sessionId = request.sessionId;
    this.idle = request.idle;
    this.history = request.history;
    this.features = (owner.steering === undefined ? {} : { steer: "yes" }) as AgentHandle["features"];
    this.openedBy = opened.openedBy;
    this.backendSessionId = opened.backendSessionId;
  }

  prompt(input: PromptInput, sink: TurnSink): Promise<PromptResult> {
    if (this.#ended !== undefined) throw new Error("A prompt runs already.");
    if (this.hasBegun) throw new Error("The prompt overtakes what the agent began.");
    const script = this.#owner.scripts.shift() ?? echo;
    const words = (parts: readonly Part[]) =>
      parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    const text = words(input.parts.filter((part) => !isHandoffPart(part)));
    this.#owner.prompts.push(text);
    this.#owner.handoffs.push(words(input.parts.filter(isHandoffPart)));
    return this.#play(script, { text, input, sink });
  }

  /** The agent begins to do this by itself: nothing of it is told before somebody attends. */
  begin(script: Script): void {
    this.#own = script;
    this.idle.began?.();
  }

  get hasBegun(): boolean {
    return this.#own !== undefined;
  }

  attend(sink: TurnSink): Promise<PromptResult> {
    const script = this.#own ?? (() => Promise.resolve(endTurn));
    this.#own = undefined;
    return this.#play(script, { text: "", input: { parts: [] }, sink });
  }

  letGo(): void {
    if (this.hasBegun) this.idle.emit({ type: "late", kind: "own work", bytes: 1, tail: "." });
    this.#own = undefined;
  }

  #play(script: Script, told: Pick<Scene, "text" | "input" | "sink">): Promise<PromptResult> {
    const cancelled = new Promise<void>((resolve) => (this.#cancelled = resolve));
    const ended = new Promise<PromptResult>((resolve) => (this.#ended = resolve));
    const result = Promise.race([script({ ...told, handle: this, cancelled }), ended]).finally(() => {
      this.#ended = undefined;
    });
    this.#prompt = result;
    if (!this.alive) this.#ended?.({ outcome: "crashed", error: agentError("prompt") });
    return result;
  }

  steer({ parts }: SteerInput): Promise<SteerResult> {
    const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    this.#owner.steered.push(text);
    return this.#owner.steering?.(text) ?? Promise.resolve({ outcome: "unknown" });
  }

  async cancel(): Promise<void> {
    this.cancels += 1;
    this.#cancelled?.();
    await this.#prompt;
  }

  async configure(options: Parameters<AgentHandle["configure"]>[0]): Promise<void> {
    this.configured.push(options);
    await this.#owner.configuring?.(this);
    this.model = options.model;
    if (this.#owner.configureFails !== undefined) throw this.#owner.configureFails;
  }

  close(): Promise<void> {
    if (this.alive) this.letGo();
    this.exit(true);
    return Promise.resolve();
  }

  /** The child ends, by itself or because we closed it. */
  exit(expected: boolean): void {
    if (!this.alive) return;
    this.alive = false;
    this.#owner.forget(this);
    this.#ended?.(expected ? { outcome: "killed" } : { outcome: "crashed", error: agentError("prompt") });
    for (const listener of this.#exits.splice(0)) listener({ expected });
  }

  onExit(listener: (exit: { expected: boolean }) => void): void {
    this.#exits.push(listener);
  }
}

/** A pool of agents that do what the test's scripts say, in the order of the prompts; without one they echo. */
export class ScriptedAgent implements AgentPool {
  readonly scripts: Script[] = [];
  readonly prompts: string[] = [];
  /** What each prompt was told of earlier turns; empty for nothing. */
  readonly handoffs: string[] = [];
  /** How words for a running prompt are answered; without it they are not taken. */
  steering: ((text: string) => Promise<SteerResult>) | undefined;
  /** What was given into prompts, in order. */
  readonly steered: string[] = [];
  readonly opened: ScriptedHandle[] = [];
  readonly closed: SessionId[] = [];
  /** Failures of the next openings; `undefined` opens. */
  readonly openings: (AgentFailure | Promise<void> | undefined)[] = [];
  /** When false a stored backend session is not found again. */
  remembers = true;
  configureFails: Error | undefined;
  /** What an agent does while it is told its settings. */
  configuring: ((handle: ScriptedHandle) => Promise<void>) | undefined;
  /** The commands that an agent tells of when it is opened. */
  offers: string[] | undefined;
  /** Whether an opening that is stopped opens all the same, late. */
  ignoresAbort = false;
  disposed = false;
  readonly #live = new Map<string, ScriptedHandle>();

  next(...scripts: Script[]): this {
    this.scripts.push(...scripts);
    return this;
  }

  /** Most places kept at once. */
  places = Number.POSITIVE_INFINITY;
  readonly #kept = new Set<Reservation>();
  readonly #listeners = new Set<() => void>();

  reserve({ beyondCap }: { beyondCap?: boolean }): Reservation | undefined {
    if (beyondCap !== true && this.#kept.size >= this.places) return undefined;
    const free = () => {
      if (this.#kept.delete(place)) for (const listener of this.#listeners) listener();
    };
    const place: Reservation = {
      waiting: (isWaiting) => (isWaiting ? free() : void this.#kept.add(place)),
      release: free,
    };
    this.#kept.add(place);
    return place;
  }

  onRoom(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  list(): LiveAgentList {
    return { items: [], limit: this.places };
  }

  async acquire(request: OpenRequest): Promise<{ handle: AgentHandle; live: boolean }> {
    const live = this.find(request.sessionId, request.agent);
    if (live !== undefined) return { handle: live, live: true };
    const failure = this.openings.shift();
    if (failure instanceof AgentFailure) throw failure;
    if (failure !== undefined)
      await (this.ignoresAbort ? failure : Promise.race([failure, aborted(request.signal)]));
    if (request.signal.aborted && !this.ignoresAbort)
      throw new AgentFailure("aborted", agentError("open", "The opening was stopped."));
    const known = this.remembers ? request.backendSessionId : undefined;
    const handle = new ScriptedHandle(this, request, {
      openedBy: known === undefined ? "create" : "resume",
      backendSessionId: known ?? `backend-${this.opened.length + 1}`,
    });
    this.opened.push(handle);
    const commands = this.offers?.map((name) => ({ name, description: "" }));
    if (commands !== undefined) request.idle.emit({ type: "commands", commands });
    this.#live.set(`${request.sessionId} ${request.agent}`, handle);
    return { handle, live: false };
  }

  find(sessionId: SessionId, agent: string): ScriptedHandle | undefined {
    return this.#live.get(`${sessionId} ${agent}`);
  }

  /** Every one that is there counts as idle. */
  closeIdle(sessionId: SessionId, agent: string): boolean {
    this.find(sessionId, agent)?.exit(true);
    return true;
  }

  authenticate(): Promise<void> {
    return Promise.resolve();
  }

  closeSession(sessionId: SessionId): Promise<void> {
    this.closed.push(sessionId);
    for (const handle of this.#live.values()) if (handle.sessionId === sessionId) handle.exit(true);
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    this.disposed = true;
    for (const handle of this.#live.values()) handle.exit(true);
    return Promise.resolve();
  }

  forget(handle: ScriptedHandle): void {
    this.#live.delete(`${handle.sessionId} ${handle.agent}`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
