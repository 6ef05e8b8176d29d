/**
 * Runs one prompt: does what each state of the machine says, and tells it what came of it.
 *
 * - Before anything of a step is done it is said and committed, and then the rows are read: the model's view is made of nothing else.
 * - What was said when it ends is committed before it is answered.
 * - It rejects where the server cannot be told (`commit`), and with a `HookError`; nothing is done then any more.
 */
import { randomHex, wait } from "@holdfast/kernel";
import { addUsage, type Message, type Usage, type UserMessage } from "@holdfast/protocol";
import type { ModelMessage, ToolChoice, ToolSet } from "ai";
import { contextTokens, isOverflow, MOST_COMPACTIONS, pruneTargets } from "../compaction/index.ts";
import { MAX_STEPS_TEXT, systemPrompt } from "../prompt/index.ts";
import type { Tool } from "../tools/index.ts";
import { isAnswer, isAsked, isBefore, isBoundary, isSummary, toModelMessages } from "../view/index.ts";
import type { PromptAnswer } from "../wire.ts";
import { askModel, type ModelAnswer } from "./ask-model.ts";
import { compact, type CompactionEnd, type CompactionWork, NOTHING_TO_COMPACT, planOf } from "./compact.ts";
import { DoomLoop } from "./doom-loop.ts";
import { firstState, type Limits, type LoopEvent, type State, transition } from "./machine.ts";
import { PromptMemory } from "./memory.ts";
import { chosenOf, offerTools } from "./offer-tools.ts";
import { PromptRows } from "./prompt-rows.ts";
import type { ModelCall } from "./read-call.ts";
import { delayOf } from "./retry-delay.ts";
import type { PromptRoom, Who } from "./room.ts";
import { CallRun } from "./run-calls.ts";
import { STRUCTURED, structuredTool } from "./structured.ts";

/** Tries of one step, and retries of one turn. */
const TRIES = 5;
const RETRIES = 20;

type StateAt<At extends State["at"]> = Extract<State, { at: At }>;

/** What the running step is, over all its tries. */
type Step = { stepId: string; callIds: Set<string>; messages: readonly Message[]; system: string };

export class PromptRun {
  readonly #room: PromptRoom;
  readonly #who: Who;
  readonly #rows: PromptRows;
  #tools: readonly Tool[] = [];
  readonly #today: string;
  readonly #doom = new DoomLoop();
  readonly #stop = new AbortController();
  #memory: PromptMemory | undefined;
  #offered: ReturnType<typeof offerTools> | undefined;
  #step: Step | undefined;
  #calls: ModelCall[] = [];
  #work: CompactionWork | undefined;
  #isFull = false;
  /** What the user's message says beside its words; a summary may have taken its place, and a correction its end. */
  #asked: Pick<UserMessage, "system" | "tools"> = {};
  #usage: Usage = {};

  constructor(room: PromptRoom) {
    this.#room = {
      ...room,
      signal: AbortSignal.any([room.signal, this.#stop.signal]),
      task: (callId, task, signal) => room.task(callId, task, signal, this.#asked.tools),
    };
    this.#who = { sessionId: room.place.sessionId, agent: `native:${room.agent}` };
    this.#rows = new PromptRows(room.host, room.clock);
    this.#today = new Date(room.clock.now()).toISOString().slice(0, 10);
  }

  /** What it has used so far. */
  get usage(): Usage {
    return this.#usage;
  }

  async run(): Promise<PromptAnswer> {
    const { host, place, signal, format } = this.#room;
    const limits: Limits = {
      steps: place.maxSteps,
      tries: TRIES,
      retries: RETRIES,
      compactions: MOST_COMPACTIONS,
      compacts: place.compaction.auto,
    };
    const messages = await this.#rows.read();
    this.#memory = new PromptMemory(messages);
    this.#room.began?.(messages);
    this.#isFull = this.#fills(messages);
    const turn = await host.turn();
    this.#asked = turn.find(isAsked)?.info ?? {};
    const tools = chosenOf(this.#room.tools, this.#room.choices ?? this.#asked.tools ?? {});
    this.#tools = format?.type === "json_schema" ? [...tools, structuredTool(format.schema)] : tools;
    let state = firstState(retriesIn(turn));
    while (state.at !== "ended") {
      const event = signal.aborted ? ({ type: "cancelled" } as const) : await this.#do(state);
      state = transition(state, event, limits);
    }
    await this.#prune();
    await host.commit();
    return state.answer;
  }

  #do(state: Exclude<State, { at: "ended" }>): Promise<LoopEvent> {
    switch (state.at) {
      case "looking":
        return Promise.resolve({ type: "looked", isFull: this.#isFull });
      case "asking":
        return this.#ask(state);
      case "waiting":
        return this.#wait(state);
      case "running":
        return this.#runCalls(state);
      case "compacting":
        return this.#compact(state);
    }
  }

  async #ask({ attempt, isLast }: StateAt<"asking">): Promise<LoopEvent> {
    const { chosen, format } = this.#room;
    const step = attempt === 1 || this.#step === undefined ? await this.#beginStep() : this.#step;
    const { stepId, callIds, messages, system } = step;
    const now = chosen();
    const isStructured = format?.type === "json_schema";
    const last: ModelMessage[] = isLast && !isStructured ? [{ role: "user", content: MAX_STEPS_TEXT }] : [];
    const answer = await askModel(
      { ...this.#room, who: this.#who },
      {
        stepId,
        attempt,
        messageId: messages.at(-1)?.info.id ?? stepId,
        callIds,
        chosen: now,
        system: await this.#system(system),
        messages: [...(await this.#view(messages)), ...last],
        tools: await (this.#offered ??= offerTools(this.#tools, this.#room.hooks, this.#who)),
        toolChoice: isStructured ? answering(isLast) : isLast ? "none" : "auto",
      },
    );
    if (answer.outcome !== "answered") return this.#unanswered(answer, attempt);
    this.#calls = answer.calls;
    this.#isFull = isOverflow(answer.tokens, {
      facts: now.reached.facts,
      compaction: this.#room.place.compaction,
    });
    await this.#spent(stepId, answer);
    const { finish, calls } = answer;
    const isSteered = this.#room.steers?.isWaiting ?? false;
    return { type: "answered", finish, calls: calls.length, isFull: this.#isFull, isSteered };
  }

  /** What a person said meanwhile goes in before it. */
  async #beginStep(): Promise<Step> {
    const { host, chosen, steers } = this.#room;
    const steered = steers?.take() ?? [];
    // Their answers leave behind promises; the server reads the step behind them, and so as an answer to them.
    if (steered.length > 0) await wait(this.#room.clock, 0);
    const stepId = randomHex(8);
    const { model } = chosen();
    await host.say({ type: "step", stepId }, { type: "model", model });
    const messages = await this.#rows.readCommitted(steered);
    this.#step = { stepId, callIds: new Set(), messages, system: this.#systemText() };
    return this.#step;
  }

  #systemText(): string {
    const { place, agent, instructions, chosen, format } = this.#room;
    return systemPrompt({
      agent,
      ...place,
      today: this.#today,
      modelId: chosen().model.modelId,
      instructions,
      system: this.#asked.system,
      isStructured: format?.type === "json_schema",
    });
  }

  async #system(text: string): Promise<string[]> {
    const { hooks, chosen } = this.#room;
    const told = { ...this.#who, model: chosen().model };
    const { system } = await hooks.run("experimental.chat.system.transform", told, { system: [text] });
    return system.filter((each) => each !== "");
  }

  async #view(rows: readonly Message[]): Promise<ModelMessage[]> {
    const { host, hooks, chosen } = this.#room;
    const { model, access, reached } = chosen();
    const messages = await toModelMessages(rows, {
      model,
      kind: access.kind,
      facts: reached.facts,
      blob: (hash) => this.#rows.blob(hash, (each) => host.blob(each)),
    });
    const told = { ...this.#who, rows };
    return (await hooks.run("experimental.chat.messages.transform", told, { messages })).messages;
  }

  #unanswered(answer: Exclude<ModelAnswer, { outcome: "answered" }>, attempt: number): LoopEvent {
    if (answer.outcome === "cancelled") return { type: "cancelled" };
    const { error } = answer;
    const delay = delayOf(error, attempt, this.#room.clock.now());
    return { type: "failed", error, ...(delay === undefined ? {} : { delay }) };
  }

  /** The wait is durable before it begins, with its end: whoever looks sees how long it takes. */
  async #wait({ before, delay, error }: StateAt<"waiting">): Promise<LoopEvent> {
    const { host, clock, signal } = this.#room;
    await host.say({
      type: "retry",
      failed: { attempt: before.attempt, error, next: clock.now() + Math.ceil(delay) },
    });
    await host.commit();
    await wait(clock, delay, signal);
    if (!signal.aborted) await host.say({ type: "retry" });
    return { type: "waited" };
  }

  async #runCalls({ isLast }: StateAt<"running">): Promise<LoopEvent> {
    const memory = this.#memory ?? new PromptMemory([]);
    const [room, who, tools, doom] = [this.#room, this.#who, this.#tools, this.#doom];
    const run = new CallRun({ room, who, tools, memory, doom, stop: () => this.#stop.abort() });
    if (!isLast || this.#room.format?.type === "json_schema")
      return { type: "ran", outcome: await run.run(this.#calls) };
    await run.refuse(this.#calls);
    return { type: "ran", outcome: "on" };
  }

  async #compact({ attempt, overflow }: StateAt<"compacting">): Promise<LoopEvent> {
    const view = await this.#rows.readCommitted([]);
    if (attempt === 1) {
      const { facts } = this.#room.chosen().reached;
      this.#work = await planOf(this.#room, this.#who, { stepId: randomHex(8), overflow, view, facts });
    }
    const work = this.#work;
    if (work === undefined)
      return overflow ? { type: "failed", error: NOTHING_TO_COMPACT } : { type: "compacted", goesOn: true };
    const end = await compact(this.#room, this.#who, { work, attempt, view });
    if (end.outcome !== "answered") return this.#unanswered(end, attempt);
    await this.#compacted(work, end);
    return { type: "compacted", goesOn: end.goesOn };
  }

  async #compacted(
    { stepId, overflow, plan }: CompactionWork,
    end: Extract<CompactionEnd, { goesOn: boolean }>,
  ) {
    const { host } = this.#room;
    await this.#spent(stepId, end);
    const { tailStartId } = plan;
    const told = { stepId, auto: true, overflow, ...(tailStartId === undefined ? {} : { tailStartId }) };
    await host.say({ type: "compaction", ...told, isDone: true });
    await host.commit();
    this.#isFull = false;
    this.#rows.forget();
  }

  /** What a step used stands on it, and with all before it on the turn. */
  async #spent(
    stepId: string,
    { finish, tokens, cost }: Extract<ModelAnswer, { outcome: "answered" }>,
  ): Promise<void> {
    const { host, chosen } = this.#room;
    const used = { ...(tokens === undefined ? {} : { tokens }), ...(cost === undefined ? {} : { cost }) };
    const size = chosen().reached.facts.context;
    const context =
      tokens === undefined || size === undefined ? {} : { context: { used: contextTokens(tokens), size } };
    this.#usage = { ...addUsage(this.#usage, { ...used, ...context }), scope: "turn" };
    await host.say({ type: "step", stepId, finish, ...used }, { type: "usage", usage: this.#usage });
  }

  /** Whether the last step of this agent left no room for another; a summary always does. */
  #fills(messages: readonly Message[]): boolean {
    const { chosen, place } = this.#room;
    const last = messages.findLast(
      (message) =>
        isAnswer(message) && message.info.agent.startsWith("native:") && message.info.finish !== undefined,
    );
    if (last === undefined || !isAnswer(last) || isSummary(last)) return false;
    // Of the tail behind a summary, which is kept because it fits.
    const [first] = messages;
    if (first !== undefined && isBoundary(first) && isBefore(last, first)) return false;
    return isOverflow(last.info.tokens, { facts: chosen().reached.facts, compaction: place.compaction });
  }

  /** Outputs of old calls that the model need not see again. */
  async #prune(): Promise<void> {
    const { host, clock, place, signal } = this.#room;
    if (!place.compaction.prune || signal.aborted) return;
    await host.commit();
    const time = clock.now();
    const targets = pruneTargets(await this.#rows.read());
    await host.say(...targets.map((target) => ({ type: "outputCleared" as const, ...target, time })));
  }
}

/** Of a prompt whose answer is a call: the last step can be nothing else. */
const answering = (isLast: boolean): ToolChoice<ToolSet> =>
  isLast ? { type: "tool", toolName: STRUCTURED } : "required";

/** Retries that the turn's rows show: a budget that no restart renews. */
const retriesIn = (messages: readonly Message[]): number =>
  messages.reduce((sum, { parts }) => sum + parts.filter(({ type }) => type === "retry").length, 0);
