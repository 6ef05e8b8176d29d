/**
 * One claimed turn in this process, from `running` to its end (durability 3 to 5, A-14 to A-18): run its subtasks, open the agent, prompt it, record
 * what it says, end the turn. `state.ts` says what may still happen; this makes it happen.
 *
 * - Content is fenced before the turn is finalized; whatever comes later is a note.
 * - A stop tells the agent first, then cancels its questions, and keeps taking updates until its answer or the deadline.
 * - After CLAIM_LOST the agent is ended and nothing more is written (D-17).
 */
import { faultPoint, isHoldfastError, type Timer, within } from "@holdfast/kernel";
import type { AgentSession, OutputFormat, Part, TextPart, TurnId } from "@holdfast/protocol";
import type { AgentHandle, NoteEvent, StateEvent, TurnSink } from "../../agents/index.ts";
import type { StartedTurn, TerminalRecord } from "../../store/index.ts";
import { TURN_ACTOR } from "../actor.ts";
import {
  type Ending,
  finalize,
  OPENING,
  type RunEvent,
  type RunState,
  type StopCause,
  transition,
} from "../end/index.ts";
import { faultEnding, notesFor, openAgent, type OpenedAgent, openFailureOf } from "../open/index.ts";
import { FileWatch, Recorder, targetOf, type WriteFailure } from "../record/index.ts";
import { hasSubtasks, LOST, Mirrors, runSubtasks } from "../subtask/index.ts";
import { AgentAsks } from "./agent-asks.ts";
import { crashOf, type CrashVerdict } from "./crash-budgets.ts";
import { resultOf } from "./json-answer.ts";
import { answerInJson } from "./json-turn.ts";
import { farRetry, withReset } from "./limit.ts";
import { OwnWork } from "./own-work.ts";
import { Steering } from "./steering.ts";
import { storedTurn } from "./stored-turn.ts";
import type { RunEnd, TurnRunDeps } from "./turn-run-deps.ts";
import { Watchdog } from "./watchdog.ts";

export class TurnRun {
  readonly started: StartedTurn;
  readonly #deps: TurnRunDeps;
  readonly #recorder: Recorder;
  readonly #watchdog: Watchdog;
  readonly #files: FileWatch;
  readonly #agent: string;
  /** Ends the opening and the agent's questions. */
  readonly #stopping = new AbortController();
  /** What ends the work when the agent does not answer. */
  readonly #forced = Promise.withResolvers<Ending>();
  #state: RunState = OPENING;
  #handle: AgentHandle | undefined;
  #crash: CrashVerdict = "unknown";
  /** What the last answer carries beside its parts. */
  #result: TerminalRecord["answer"];
  #force: Timer | undefined;
  /** What the subtasks came to, to be told before the user's words. */
  #report: TextPart | undefined;
  readonly #asks: AgentAsks;
  readonly #steering: Steering;
  readonly #ownWork: OwnWork;
  readonly #mirrors: Mirrors;
  #isShutdown = false;
  #isPrompted = false;

  constructor(deps: TurnRunDeps, started: StartedTurn) {
    this.started = started;
    this.#deps = deps;
    this.#agent = started.turn.agent;
    this.#recorder = new Recorder(
      {
        ...deps,
        account: deps.budget.open(),
        onFailure: (failure) => this.#writeFailed(failure),
        onStep: (edge) => this.#files.stepEnded(edge),
      },
      targetOf(started),
    );
    this.#files = new FileWatch({ ...deps, watch: deps.watch }, started, this.#recorder);
    const stopping = this.#stopping.signal;
    const begun = () => this.#watchdog.askHuman();
    this.#asks = new AgentAsks({ ...deps, recorder: this.#recorder, stopping, begun }, started);
    this.#mirrors = new Mirrors(deps, started, this.#recorder);
    this.#steering = new Steering({
      ...deps,
      started,
      goesOn: () => this.#state.phase === "prompting",
      taken: (messageId) => this.#recorder.steered(messageId),
    });
    this.#ownWork = new OwnWork({
      recorder: this.#recorder,
      files: this.#files,
      sink: () => this.#sink(),
      isStopping: () => this.#state.phase === "stopping",
    });
    this.#watchdog = new Watchdog({
      clock: deps.clock,
      limits: deps.settings,
      onStalled: (stalled) => this.#recorder.turn({ stalled: stalled ? deps.clock.now() : null }),
      onTimeout: (message) => this.stop({ kind: "timeout", message }),
    });
  }

  get turnId(): TurnId {
    return this.started.turn.id;
  }

  get agent(): string {
    return this.#agent;
  }

  /** True while events that belong to no prompt may be written under this turn's claim. */
  get takesIdleEvents(): boolean {
    return (
      this.#state.phase === "opening" || this.#state.phase === "prompting" || this.#state.phase === "stopping"
    );
  }

  emitIdle(event: StateEvent | NoteEvent): void {
    this.#recorder.emit(event);
  }

  /** Its agent has begun to work by itself. True when this turn sees to it, because its prompt did not go out yet. */
  agentBegan(): boolean {
    const isOpen = this.#state.phase === "opening" || this.#state.phase === "prompting";
    if (this.#handle === undefined || !isOpen || this.#isPrompted) return false;
    // Whoever prompts waits for the same, and hears what went wrong.
    this.#ownWork.settled(this.#handle).catch(() => undefined);
    return true;
  }

  /** Something may wait in the queue that is to go into this turn (D-6). */
  steer(): void {
    this.#steering.look();
  }

  /** Runs it to its end. Never rejects. */
  async run(): Promise<RunEnd> {
    faultPoint("turn.started");
    this.#recorder.begin();
    const ending = await this.#work().catch((error: unknown) => this.#fault(error));
    await Promise.race([this.#ownWork.over(), this.#forced.promise]).catch(() => undefined);
    this.#apply({ type: "ended", ending });
    this.#watchdog.stop();
    this.#force?.cancel();
    this.#stopping.abort();
    faultPoint("turn.prompt-ended");
    try {
      return await this.#finish(ending);
    } catch (error) {
      if (isHoldfastError(error, "CLAIM_LOST")) return await this.#lose();
      this.#deps.logger.error(
        { ...this.#fields(), error },
        "a turn could not be finalized; the sweeper will do it",
      );
      return { kind: "left" };
    } finally {
      this.#recorder.close();
    }
  }

  /** Ends the turn by A-15's ladder. The cause that counts is `state.ts`'s business; repeating is harmless. */
  stop(cause: StopCause): void {
    const before = this.#state.phase;
    if (cause.kind === "shutdown") this.#isShutdown = true;
    this.#apply({ type: "stop", cause });
    if (this.#state.phase !== "stopping") return;
    const { shutdownDeadlineMs, stopDeadlineMs } = this.#deps.settings;
    if (before !== "stopping") this.#tellAgent();
    if (cause.kind === "shutdown") this.#forceAfter(shutdownDeadlineMs);
    else if (before !== "stopping") this.#forceAfter(stopDeadlineMs);
  }

  async #work(): Promise<Ending> {
    if (this.#deps.begun !== undefined)
      return Promise.race([this.#attend(this.#deps.begun), this.#forced.promise]);
    const early = await Promise.race([this.#subtasks(), this.#forced.promise]);
    if (early !== undefined) return early;
    const opening = this.#open();
    const opened = await Promise.race([opening, this.#forced.promise]);
    if ("by" in opened) return opened;
    // What was on the disk before the prompt is not the agent's work.
    const forced = await Promise.race([this.#files.begin(), this.#forced.promise]);
    if (forced !== undefined) return forced;
    this.#apply({ type: "opened" });
    if (this.#state.phase !== "prompting") return { by: "stop" };
    return Promise.race([this.#prompt(opened), this.#forced.promise]);
  }

  /** The whole turn is what its agent does by itself. Also one that is being stopped is attended to: its agent hears of the stop then. */
  async #attend(handle: AgentHandle): Promise<Ending> {
    this.#handle = handle;
    this.#isPrompted = true;
    this.#recorder.turn({ opened: "resumed", openedBy: "live" });
    this.#recorder.agentSession({ status: "live" });
    const result = await this.#ownWork.whole(handle, () => this.#apply({ type: "opened" }));
    return { by: "prompt", result: withReset(result, this.#deps.clock.now()), alive: handle.alive };
  }

  /** They run before this turn's agent is there, so that what they change of the files is theirs alone. An ending when the turn ends here. */
  async #subtasks(): Promise<Ending | undefined> {
    if (!hasSubtasks(this.started)) return undefined;
    const over = this.#watchdog.askHuman();
    const isLive = () => this.#state.phase === "opening" || this.#state.phase === "stopping";
    const now = { isLive, isShutdown: () => this.#isShutdown, stopping: this.#stopping.signal };
    try {
      const done = await runSubtasks({ ...this.#deps, ...now, recorder: this.#recorder }, this.started);
      if ("by" in done) return done;
      this.#report = done;
      return undefined;
    } finally {
      over();
    }
  }

  async #open(): Promise<OpenedAgent | Ending> {
    const onHandle = (handle: AgentHandle, live: boolean) => {
      this.#handle = handle;
      this.#deps.onHandle(handle, live);
      if (handle.hasBegun === true) this.agentBegan();
    };
    try {
      const missing = await this.#deps.watch?.requireDirectory(this.started.session);
      if (missing !== undefined) return { by: "open", failure: { kind: "unavailable", error: missing } };
      void this.#files.begin();
      const deps = { ...this.#deps, onHandle, signal: this.#stopping.signal };
      return await openAgent(deps, this.started, this.#recorder);
    } catch (error) {
      const ending = openFailureOf(this.#agent, error);
      return ending.by === "fault" ? this.#fault(error) : ending;
    }
  }

  async #prompt({ handle, handoff }: OpenedAgent): Promise<Ending> {
    faultPoint("turn.before-prompt");
    const { message, input } = this.started;
    const note = await notesFor(this.#deps, this.started);
    for (const told of [this.#report, note]) if (told !== undefined) this.#recorder.preamble(told);
    const said = message.parts.filter(({ type }) => type !== "subtask");
    const parts = [handoff, this.#report, note, ...said].filter((part) => part !== undefined);
    const format = input?.format;
    if (format?.type !== "json_schema") return this.#promptOnce(handle, parts);
    const { ending, answer } = await answerInJson({
      ...this.#deps,
      recorder: this.#recorder,
      started: this.started,
      format,
      parts,
      prompt: (shown) => this.#promptOnce(handle, shown, format),
      goesOn: () => this.#state.phase === "prompting",
      calls: handle.answersJson === true,
    });
    this.#result = answer;
    return ending;
  }

  async #promptOnce(handle: AgentHandle, parts: Part[], format?: OutputFormat): Promise<Ending> {
    await this.#ownWork.settled(handle);
    // Told to stop since the last look; a handle without a prompt did not hear of it.
    if (this.#state.phase !== "prompting") return { by: "stop" };
    this.#isPrompted = true;
    this.#files.prompted();
    this.#recorder.prompted();
    const prompted = handle.prompt({ parts, system: this.started.input?.system, format }, this.#sink());
    this.#steering.prompted(handle);
    const result = withReset(await prompted, this.#deps.clock.now());
    return { by: "prompt", result, alive: handle.alive };
  }

  #sink(): TurnSink {
    return {
      turnId: this.turnId,
      emit: (event) => this.#emit(event),
      ask: (request, withdrawn) => this.#asks.permission(request, withdrawn),
      askQuestion: (question, withdrawn) => this.#asks.question(question, withdrawn),
      drained: () => this.#recorder.drained() ?? this.#mirrors.drained(),
      committed: async () => {
        await Promise.all([this.#recorder.flushed(), this.#mirrors.flushed()]);
        // What came late, or is lost, was never committed: nothing may be done behind it.
        if (!this.#recorder.takesContent || !this.#mirrors.takeContent)
          throw new Error("What the turn says is not written any more.");
      },
      stored: (from) => storedTurn(this.#deps.store, this.started, from),
    };
  }

  #emit(event: Parameters<TurnSink["emit"]>[0]): void {
    if (event.type === "child") this.#mirrors.take(event);
    else this.#recorder.emit(event);
    this.#watchdog.event(this.#recorder.toolRunning);
    // An agent that waits long for its next try would hold the session and its workspace.
    const far = farRetry(event, this.#deps.settings.retryAheadMs, this.#deps.clock.now());
    if (far !== undefined) this.stop({ kind: "limited", error: far });
  }

  /** Nothing of the agent enters the turn any more; then its end is written. */
  async #finish(ending: Ending): Promise<RunEnd> {
    const { toolSettleMs, watchMs, shutdownWatchMs } = this.#deps.settings;
    const answered =
      ending.by === "prompt" && (ending.result.outcome === "ended" || ending.result.outcome === "failed");
    await this.#steering.settled();
    await this.#recorder.fence(answered ? toolSettleMs : 0);
    if (this.#state.phase === "finalizing") await this.#mirrors.end(this.#state.record);
    // The shutdown leaves less time; what is not compared then is attributed to nobody.
    const ms = this.#isShutdown ? shutdownWatchMs : watchMs;
    const files = this.#state.phase === "finalizing" ? await this.#files.end(ms) : undefined;
    await this.#recorder.flushed();
    if (this.#state.phase !== "finalizing") return this.#lose();
    const { session, epoch } = this.started;
    const identity = { sessionId: session.id, turnId: this.turnId, epoch, actor: TURN_ACTOR };
    const turn = await finalize(this.#deps, identity, this.#complete({ ...this.#state.record, files }));
    this.#apply({ type: "finalized", record: this.#state.record });
    return { kind: "ended", turn, crash: this.#crash };
  }

  /** The record with what only the run knows: usage reported on the way, and what became of the agent. */
  #complete(record: TerminalRecord): TerminalRecord {
    const usage = this.#recorder.usageWith({ ...this.#recorder.usage, ...record.usage });
    const status: AgentSession["status"] | undefined =
      this.#handle === undefined ? undefined : this.#handle.alive ? "idle" : "resumable";
    return {
      ...record,
      error: this.#recorder.masked(record.error),
      usage: Object.keys(usage).length === 0 ? undefined : usage,
      answer: resultOf(record, this.#result),
      agentSession: record.agentSession ?? status,
      tries: this.#recorder.tries,
    };
  }

  #apply(event: RunEvent): void {
    const before = this.#state;
    this.#state = transition(this.#agent, before, event);
    const byItself = before.phase === "opening" || before.phase === "prompting";
    if (event.type === "ended" && byItself) this.#crash = crashOf(event.ending);
  }

  #tellAgent(): void {
    this.#recorder.isStopping = true;
    const stopped = this.#handle?.cancel();
    stopped?.catch((error: unknown) =>
      this.#deps.logger.warn({ ...this.#fields(), error }, "an agent could not be told to stop"),
    );
    this.#stopping.abort();
    this.#watchdog.stop();
  }

  #forceAfter(ms: number): void {
    this.#force?.cancel();
    this.#force = this.#deps.clock.after(ms, () => {
      this.#deps.logger.warn(this.#fields(), "an agent did not answer its cancel in time and is ended");
      this.#endAgent();
      this.#forced.resolve({ by: "prompt", result: { outcome: "killed" }, alive: false });
    });
  }

  #writeFailed(failure: WriteFailure): void {
    if (failure.kind === "claimLost") {
      this.#apply({ type: "claimLost" });
      if (this.#state.phase !== "lost") return;
      this.#stopping.abort();
      this.#endAgent();
      this.#forced.resolve({ by: "stop" });
      return;
    }
    const ending = this.#fault(failure.error);
    this.#apply({ type: "ended", ending });
    this.#tellAgent();
    this.#endAgent();
    this.#forced.resolve(ending);
  }

  #endAgent(): void {
    const closing = this.#deps.pool.closeSession(this.started.session.id);
    closing.catch((error: unknown) =>
      this.#deps.logger.error({ ...this.#fields(), error }, "an agent could not be closed"),
    );
  }

  /** D-17: drop what is buffered, end the agent, write nothing more. */
  async #lose(): Promise<RunEnd> {
    this.#apply({ type: "claimLost" });
    const { clock, pool, settings, logger } = this.#deps;
    logger.warn(this.#fields(), "the claim on a session was lost; its agent is ended");
    const closed = pool.closeSession(this.started.session.id).catch(() => undefined);
    await within(clock, settings.stopDeadlineMs, closed);
    await within(clock, settings.stopDeadlineMs, this.#mirrors.end(LOST));
    return { kind: "lost" };
  }

  #fault(error: unknown): Ending {
    this.#deps.logger.error({ ...this.#fields(), error }, "a turn failed by a fault in Holdfast");
    return faultEnding();
  }

  #fields(): Record<string, unknown> {
    return { sessionId: this.started.session.id, turnId: this.turnId, agent: this.#agent };
  }
}
