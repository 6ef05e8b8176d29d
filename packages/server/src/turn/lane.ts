/**
 * The turns of one session, one after another. A lane sleeps until it is woken, claims the next queued turn, runs it to its end and
 * looks again. Wakes coalesce; the store decides what is next and whether anything may start.
 */
import { backoffMs, type Clock, HoldfastError, type Logger, newId, type Timer } from "@holdfast/kernel";
import type { AgentSessionId, InstanceId, SessionId, TurnId } from "@holdfast/protocol";
import type { AgentHandle, AgentPool, IdleSink } from "../agents/index.ts";
import type { StartedTurn, Store } from "../store/index.ts";
import { TURN_ACTOR } from "./actor.ts";
import type { CrashBudgets } from "./crash-budgets.ts";
import { IdleEvents, type LastTurn } from "./idle-events.ts";
import type { StopCause } from "./terminal-record.ts";
import { type RunEnd, TurnRun, type TurnRunDeps } from "./turn-run.ts";

/** Spacing of looks while the store cannot claim (D-34): 250 ms doubling to 5 s. */
const START_BACKOFF = { base: 250, cap: 5_000, jitter: 0 } as const;

/** Ends of a wait that differ by less are the same one, seen by two clocks. */
const SAME_UNTIL_MS = 1_000;

export type LaneDeps = Omit<TurnRunDeps, "idle" | "onHandle"> & {
  store: Store;
  pool: AgentPool;
  clock: Clock;
  logger: Logger;
  instanceId: InstanceId;
  circuits: CrashBudgets;
  /** True once nothing new may start (D-21). */
  isStopping(): boolean;
};

export class Lane {
  readonly sessionId: SessionId;
  readonly #deps: LaneDeps;
  readonly #idleEvents: IdleEvents;
  #wanted = false;
  #loop: Promise<void> | undefined;
  #run: TurnRun | undefined;
  /** An agent that ended while its turn was being written down. */
  #endedMeanwhile: (() => void) | undefined;
  #last: LastTurn | undefined;
  /** Cancels that were committed between the claim and the run. */
  readonly #cancelled = new Set<TurnId>();
  #refusals = 0;
  /** What the queued turn was last shown to wait for. */
  #shown: { turnId: TurnId; until: number } | undefined;
  #timer: Timer | undefined;

  constructor(deps: LaneDeps, sessionId: SessionId) {
    this.#deps = deps;
    this.sessionId = sessionId;
    this.#idleEvents = new IdleEvents(deps);
  }

  /** True while a turn runs or is being claimed. */
  get busy(): boolean {
    return this.#loop !== undefined;
  }

  wake(): void {
    this.#wanted = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#loop !== undefined || this.#deps.isStopping()) return;
    this.#loop = this.#work().finally(() => {
      this.#loop = undefined;
      this.#cancelled.clear();
      if (this.#wanted && this.#timer === undefined) this.wake();
    });
  }

  /** Resolves when no turn runs. */
  async quiet(): Promise<void> {
    while (this.#loop !== undefined) await this.#loop;
    await this.#idleEvents.settled();
  }

  /** A cancel was recorded for this turn. */
  cancel(turnId: TurnId): void {
    if (this.#run?.turnId === turnId) this.#run.stop({ kind: "cancelled" });
    else if (this.busy) this.#cancelled.add(turnId);
  }

  /** Stops what runs, if anything does. */
  stop(cause: StopCause): void {
    this.#run?.stop(cause);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wanted = false;
  }

  async #work(): Promise<void> {
    while (this.#wanted && !this.#deps.isStopping()) {
      this.#wanted = false;
      const started = await this.#claim();
      if (started === undefined) continue;
      await this.#runTurn(started);
      this.#wanted = true;
    }
  }

  async #claim(): Promise<StartedTurn | undefined> {
    const { store, clock, instanceId, logger } = this.#deps;
    try {
      if (!(await this.#mayClaim())) return undefined;
      const now = clock.now();
      const started = await store.startTurn({
        sessionId: this.sessionId,
        instanceId,
        assistantMessageId: newId("msg", now),
        agentSessionId: newId("ags", now),
        actor: TURN_ACTOR,
      });
      this.#refusals = 0;
      return started;
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : "fault";
      if (code === "NOT_FOUND") return undefined;
      logger.warn(
        { sessionId: this.sessionId, code, error },
        "the next turn of a session could not be started yet",
      );
      this.#refusals += 1;
      this.#wakeAfter(backoffMs(this.#refusals, START_BACKOFF, 0));
      return undefined;
    }
  }

  /**
   * A queued turn whose agent's circuit is open says so and is looked at again when it closes. While any circuit is open nothing is
   * claimed unseen: what is admitted after an empty look wakes the lane again.
   */
  async #mayClaim(): Promise<boolean> {
    const { store, circuits, clock } = this.#deps;
    if (!circuits.any) return true;
    const { items } = await store.listInputs({ sessionId: this.sessionId, state: "queued" });
    const next = items[0];
    if (next === undefined) return false;
    const blockedMs = circuits.blockedForMs(this.sessionId, next.agent);
    if (blockedMs === 0) return true;
    this.#wakeAfter(blockedMs);
    const until = Math.round(clock.now() + blockedMs);
    if (this.#shown?.turnId === next.turnId && Math.abs(this.#shown.until - until) < SAME_UNTIL_MS)
      return false;
    const waitingFor = { kind: "circuit" as const, holder: next.agent, until };
    await store.setWaiting({ turnId: next.turnId, waitingFor });
    this.#shown = { turnId: next.turnId, until };
    return false;
  }

  #wakeAfter(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(ms, () => this.wake());
  }

  async #runTurn(started: StartedTurn): Promise<void> {
    const { agentSession, turn } = started;
    const run = new TurnRun(
      {
        ...this.#deps,
        idle: this.#idleSink(agentSession.id, turn.agent),
        onHandle: (handle, live) => {
          if (!live) handle.onExit(({ expected }) => this.#handleEnded(handle, agentSession.id, expected));
        },
      },
      started,
    );
    this.#run = run;
    this.#endedMeanwhile = undefined;
    this.#last = { turnId: turn.id, epoch: started.epoch };
    if (this.#cancelled.delete(turn.id)) run.stop({ kind: "cancelled" });
    const end = await run.run();
    this.#run = undefined;
    this.#countEnd(turn.agent, end);
    // The turn had its end already when the agent went: nobody else says so.
    if (end.kind === "ended" && end.crash === "none") this.#tellEndedMeanwhile();
  }

  #tellEndedMeanwhile(): void {
    const tell = this.#endedMeanwhile;
    this.#endedMeanwhile = undefined;
    tell?.();
  }

  #countEnd(agent: string, end: RunEnd): void {
    const { circuits } = this.#deps;
    if (end.kind !== "ended" || end.crash === "unknown") return;
    if (end.crash === "none") circuits.endedWell(this.sessionId, agent);
    else circuits.crashed(this.sessionId, agent, end.crash);
  }

  #idleSink(agentSessionId: AgentSessionId, agent: string): IdleSink {
    return {
      emit: (event) => {
        if (this.#run?.takesIdleEvents === true && this.#run.agent === agent) this.#run.emitIdle(event);
        else this.#idleEvents.emit({ sessionId: this.sessionId, agentSessionId, agent }, this.#last, event);
      },
    };
  }

  /** A handle that ends between turns: closed by us it can be resumed, else it crashed. During a turn the turn says so. */
  #handleEnded(handle: AgentHandle, agentSessionId: AgentSessionId, expected: boolean): void {
    if (this.#run?.agent === handle.agent) {
      this.#endedMeanwhile = () => this.#handleEnded(handle, agentSessionId, expected);
      return;
    }
    const { store, circuits, logger } = this.#deps;
    if (!expected) circuits.crashed(this.sessionId, handle.agent, "session");
    const status = expected ? ("resumable" as const) : ("crashed" as const);
    store
      .updateAgentSession({ agentSessionId, patch: { status }, actor: TURN_ACTOR })
      .catch((error: unknown) => {
        logger.debug(
          { sessionId: this.sessionId, agentSessionId, error },
          "the end of an idle agent is not written down",
        );
      });
  }
}
