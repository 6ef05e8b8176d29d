/**
 * The prompt that a handle runs, from its start to its end: what every backend needs to stop it and to be done with it.
 *
 *   idle ─begin─► running ─settle─► over: answered, failed or crashed
 *                    │ cancel, stop: the agent is told, its open requests are answered
 *                    ▼
 *                 stopping ─settle─► over
 *                    └ the grace is over: given up; the backend ends what runs the agent, and settles
 *
 * Invariants: one prompt at a time; the agent is told to stop once; once a prompt is being stopped nobody answers for it any more; it ends once,
 * whatever comes later; a cancel resolves behind the prompt's end.
 */
import { HoldfastError, within, type Clock } from "@holdfast/kernel";
import type { QuestionAnswer } from "@holdfast/protocol";
import type {
  AgentQuestion,
  PermissionAnswer,
  PermissionAsk,
  PromptResult,
  TurnSink,
  WordedAnswer,
} from "./port.ts";

/** How long a cancelled prompt may take to end. */
export const CANCEL_GRACE_MS = 5_000;

/** What a backend does to stop its prompt. */
export type PromptStops = {
  /** Tells the agent to stop; what comes of it settles the prompt. */
  tell(): void;
  /** It did not end in time: ends what runs the agent. The prompt is settled by then, or soon after. */
  giveUp(): Promise<void>;
};

export class RunningPrompt {
  readonly sink: TurnSink;
  /** Calls whose permission request was answered with a yes. */
  readonly allowed = new Set<string>();
  /** How it ended; never rejects. */
  readonly result: Promise<PromptResult>;
  readonly #clock: Clock;
  readonly #stops: PromptStops;
  readonly #settled = Promise.withResolvers<PromptResult>();
  readonly #stopped = Promise.withResolvers<"cancelled">();
  readonly #over = new AbortController();
  #isCancelled = false;
  #isRejected = false;
  #isStopping = false;
  #cancelling: Promise<void> | undefined;

  constructor(clock: Clock, sink: TurnSink, stops: PromptStops) {
    this.#clock = clock;
    this.sink = sink;
    this.#stops = stops;
    this.result = this.#settled.promise;
  }

  /** Whether the agent was told to stop. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Whether something that it asked for was not allowed. */
  get isRejected(): boolean {
    return this.#isRejected;
  }

  /** Whether it is being stopped or has ended: nobody can answer for it any more. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Aborts when it has ended, before anybody hears of the result. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** The first ending counts. */
  settle(result: PromptResult): void {
    this.#endRequests();
    this.#over.abort();
    this.#settled.resolve(result);
  }

  /** Tells the agent to stop, once; answers whether the prompt ended within `ms`. */
  async stop(ms: number): Promise<boolean> {
    if (!this.#isStopping) {
      this.#isCancelled = true;
      this.#stops.tell();
      this.#endRequests();
    }
    return (await within(this.#clock, ms, this.result)) !== undefined;
  }

  /** Stops it, or gives it up after the grace; resolves when it has ended. */
  cancel(): Promise<void> {
    this.#cancelling ??= this.#cancel();
    return this.#cancelling;
  }

  /** Asks somebody on its behalf; once it is being stopped nobody can answer any more: `cancelled`. Never rejects. */
  async ask(request: PermissionAsk): Promise<PermissionAnswer> {
    const answer = await this.askForWords(request);
    return typeof answer === "object" ? "reject" : answer;
  }

  /** The same, with what a person said to do instead. `withdrawn` aborts when the agent does not ask any more. */
  async askForWords(request: PermissionAsk, withdrawn?: AbortSignal): Promise<WordedAnswer> {
    if (this.#isStopping) return "cancelled";
    const asked = this.sink.ask(request, withdrawn).catch(() => "cancelled" as const);
    const answer = await Promise.race([asked, this.#stopped.promise]);
    if (answer !== "once" && answer !== "cancelled") this.#isRejected = true;
    return answer;
  }

  /** The same for a question: `cancel` once nobody can answer any more. Never rejects. */
  async askQuestion(question: AgentQuestion, withdrawn: AbortSignal): Promise<QuestionAnswer> {
    if (this.#isStopping) return { action: "cancel" };
    const answer = this.sink.askQuestion(question, withdrawn).catch(() => ({ action: "cancel" as const }));
    return await Promise.race([answer, this.#stopped.promise.then(() => ({ action: "cancel" as const }))]);
  }

  #endRequests(): void {
    this.#isStopping = true;
    this.#stopped.resolve("cancelled");
  }

  async #cancel(): Promise<void> {
    if (!(await this.stop(CANCEL_GRACE_MS))) await this.#stops.giveUp();
    await this.result;
  }
}

/** The prompts of one handle, one at a time. */
export class Prompts {
  readonly #clock: Clock;
  readonly #backendSessionId: string;
  #running: RunningPrompt | undefined;
  #endedAt: number;

  constructor(clock: Clock, backendSessionId: string) {
    this.#clock = clock;
    this.#backendSessionId = backendSessionId;
    this.#endedAt = clock.monotonic();
  }

  get running(): RunningPrompt | undefined {
    return this.#running;
  }

  /** Monotonic ms since when none runs. */
  get idleSince(): number | undefined {
    return this.#running === undefined ? this.#endedAt : undefined;
  }

  /** Throws CONFLICT while one runs. It runs until it is settled. */
  begin(sink: TurnSink, stops: PromptStops): RunningPrompt {
    if (this.#running !== undefined) {
      throw new HoldfastError(
        "CONFLICT",
        `A prompt is running in ${this.#backendSessionId}; wait for its end.`,
      );
    }
    const prompt = new RunningPrompt(this.#clock, sink, stops);
    this.#running = prompt;
    prompt.over.addEventListener("abort", () => {
      this.#running = undefined;
      this.#endedAt = this.#clock.monotonic();
    });
    return prompt;
  }

  /** Cancels the running one; harmless without one. */
  async cancel(): Promise<void> {
    await this.#running?.cancel();
  }
}
