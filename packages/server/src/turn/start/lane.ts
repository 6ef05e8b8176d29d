/**
 * The turns of one session, one after another. A lane sleeps until it is woken, claims the next queued turn, runs it to its end and
 * looks again. Wakes coalesce; the store decides what is next and whether anything may start.
 */
import { backoffMs, type Clock, HoldfastError, type Logger, newId, type Timer } from "@holdfast/kernel";
import type {
  AgentSessionId,
  ApprovalMode,
  InstanceId,
  SessionId,
  TurnId,
  WaitingFor,
  WorkspaceId,
} from "@holdfast/protocol";
import type { AgentHandle, AgentPool, IdleSink, NoteEvent, StateEvent } from "../../agents/index.ts";
import type { NextTurn, StartedTurn, Store } from "../../store/index.ts";
import { TURN_ACTOR } from "../actor.ts";
import type { StopCause } from "../end/index.ts";
import { IdleEvents, type IdleOrigin, type LastTurn } from "../record/index.ts";
import { type CrashBudgets, type RunEnd, TurnRun, type TurnRunDeps } from "../run/index.ts";
import { OwnTurns } from "./own-turns.ts";
import type { Permit, StartGate } from "./start-gate.ts";

/** Spacing of looks while the store cannot claim (D-34): 250 ms doubling to 5 s. */
const START_BACKOFF = { base: 250, cap: 5_000, jitter: 0 } as const;

/** Ends of a wait that differ by less are the same one, seen by two clocks. */
const SAME_UNTIL_MS = 1_000;

export type LaneDeps = Omit<TurnRunDeps, "idle" | "onHandle" | "place" | "writes" | "begun"> & {
  store: Store;
  pool: AgentPool;
  clock: Clock;
  logger: Logger;
  instanceId: InstanceId;
  circuits: CrashBudgets;
  gate: StartGate;
  /** False when an agent's record says that it cannot write in this mode. */
  mayWrite(agent: string, mode: ApprovalMode): boolean;
  /** True once nothing new may start (D-21). */
  isStopping(): boolean;
};

/** `writes`: the agent may write in this mode, so the turn's files are watched. `begun`: it started the turn by itself. */
type Claimed = { started: StartedTurn; permit: Permit; writes: boolean; begun?: AgentHandle };

const isSame = (one: WaitingFor, other: WaitingFor): boolean =>
  one.kind === other.kind &&
  one.holder === other.holder &&
  Math.abs((one.until ?? 0) - (other.until ?? 0)) < SAME_UNTIL_MS;

export class Lane {
  readonly sessionId: SessionId;
  readonly #deps: LaneDeps;
  readonly #idleEvents: IdleEvents;
  readonly #ownTurns: OwnTurns;
  #wanted = false;
  #loop: Promise<void> | undefined;
  #run: TurnRun | undefined;
  #ending: Promise<RunEnd> | undefined;
  /** An agent that ended while its turn was being written down. */
  #endedMeanwhile: (() => void) | undefined;
  #last: LastTurn | undefined;
  /** Cancels that were committed between the claim and the run. */
  readonly #cancelled = new Set<TurnId>();
  #refusals = 0;
  #refusedIn: WorkspaceId | undefined;
  /** What the queued turn was last shown to wait for. */
  #shown: { turnId: TurnId; waitingFor: WaitingFor } | undefined;
  #timer: Timer | undefined;

  constructor(deps: LaneDeps, sessionId: SessionId) {
    this.#deps = deps;
    this.sessionId = sessionId;
    this.#idleEvents = new IdleEvents(deps);
    this.#ownTurns = new OwnTurns(deps, sessionId);
  }

  /** True while a turn runs or is being claimed. */
  get busy(): boolean {
    return this.#loop !== undefined;
  }

  /** The workspace whose lease somebody has whom the gate does not know, such as an operation. It is worth a wake when that ends. */
  get refusedIn(): WorkspaceId | undefined {
    return this.#refusedIn;
  }

  wake(): void {
    this.#wanted = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#run?.steer();
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

  /** Nothing more starts by itself: what agents begin is noted as late. */
  letGo(): void {
    this.#ownTurns.letGo();
  }

  close(): void {
    this.letGo();
    this.#deps.gate.withdraw(this.sessionId);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wanted = false;
  }

  async #work(): Promise<void> {
    while (this.#wanted && !this.#deps.isStopping()) {
      this.#wanted = false;
      const claimed = await this.#claim();
      if (claimed === undefined) continue;
      try {
        await this.#runTurn(claimed);
      } finally {
        claimed.permit.release();
      }
      this.#wanted = true;
    }
  }

  /** The next turn, started, with the permit that lets it run; `undefined` when there is none or it has to wait. */
  async #claim(): Promise<Claimed | undefined> {
    let permit: Permit | undefined;
    try {
      const own = await this.#ownTurns.claim();
      if (own !== undefined) {
        this.#refusals = 0;
        return own;
      }
      const next = await this.#deps.store.nextTurn(this.sessionId, this.#deps.clock.now());
      if (next?.isForPeopleOnly === true) {
        await this.#note(next);
        return undefined;
      }
      const writes =
        next === undefined || next.hasMcpServers || this.#deps.mayWrite(next.agent, next.approvalMode);
      permit = next && (await this.#permitFor(next, writes));
      const started = next && permit && (await this.#start(next, writes));
      if (permit !== undefined && started !== undefined) return { ...started, permit, writes };
      if (next === undefined) await this.#withdraw();
      // Something else is next by now.
      else if (permit !== undefined) this.#refuse("the next turn of a session is another one now", {});
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : "fault";
      if (code === "NOT_FOUND") this.#deps.gate.withdraw(this.sessionId);
      else this.#refuse("the next turn of a session could not be started yet", { code, error });
    }
    permit?.release();
    return undefined;
  }

  /** It says nothing to an agent, so it needs neither one nor the workspace. */
  async #note({ turnId, past }: NextTurn): Promise<void> {
    this.#deps.gate.withdraw(this.sessionId);
    await this.#deps.store.noteTurn({ sessionId: this.sessionId, turnId, past, actor: TURN_ACTOR });
    this.#shown = undefined;
    // Also when something else is next by now.
    this.#wanted = true;
  }

  async #start(
    { turnId, approvalMode, workspaceId, past }: NextTurn,
    writes: boolean,
  ): Promise<Pick<Claimed, "started"> | undefined> {
    const { store, clock, instanceId } = this.#deps;
    const now = clock.now();
    this.#refusedIn = undefined;
    try {
      const started = await store.startTurn({
        sessionId: this.sessionId,
        instanceId,
        assistantMessageId: newId("msg", now),
        agentSessionId: newId("ags", now),
        actor: TURN_ACTOR,
        expected: { turnId, approvalMode },
        past,
        writes,
      });
      if (started === undefined) return undefined;
      this.#refusals = 0;
      this.#shown = undefined;
      return { started };
    } catch (error) {
      // Somebody has the lease whom the gate does not know: an operation, or what a dead owner left, until the sweeper has ended it.
      if (error instanceof HoldfastError && error.code === "WORKSPACE_BUSY") {
        this.#refusedIn = workspaceId;
        const holder = error.data?.["holder"];
        await this.#show(turnId, { kind: "workspace", ...(typeof holder === "string" ? { holder } : {}) });
      }
      throw error;
    }
  }

  /**
   * A queued turn whose agent is at its usage limit, or has its circuit open, says so and is looked at again when that is over; one that
   * waits for its workspace or for a place in the pool says that, and is woken.
   */
  async #permitFor(next: NextTurn, mayWrite: boolean): Promise<Permit | undefined> {
    const { clock, gate } = this.#deps;
    const { turnId, agent, workspaceId, ancestors, concurrency } = next;
    const rest = this.#restOf(next);
    if (rest !== undefined) {
      gate.withdraw(this.sessionId);
      this.#wakeAfter(rest.until - clock.now());
      await this.#show(turnId, { ...rest, holder: agent });
      return undefined;
    }
    const writes = mayWrite && concurrency === "exclusive";
    const answer = gate.request({ sessionId: this.sessionId, agent, workspaceId, ancestors, writes });
    if ("permit" in answer) return answer.permit;
    await this.#show(turnId, answer.waitingFor);
    return undefined;
  }

  /** Why its agent is left alone for a time, and until when. */
  #restOf({ agent, limitedUntil = 0 }: NextTurn): { kind: "limit" | "circuit"; until: number } | undefined {
    const { circuits, clock } = this.#deps;
    const now = clock.now();
    if (limitedUntil > now) return { kind: "limit", until: limitedUntil };
    const blockedMs = circuits.blockedForMs(this.sessionId, agent);
    return blockedMs > 0 ? { kind: "circuit", until: Math.round(now + blockedMs) } : undefined;
  }

  /** Nothing is to be started: what the queue waited for does not hold it any more. */
  async #withdraw(): Promise<void> {
    this.#deps.gate.withdraw(this.sessionId);
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown !== undefined) await this.#deps.store.setWaiting({ turnId: shown.turnId, waitingFor: null });
  }

  async #show(turnId: TurnId, waitingFor: WaitingFor): Promise<void> {
    if (this.#shown?.turnId === turnId && isSame(this.#shown.waitingFor, waitingFor)) return;
    await this.#deps.store.setWaiting({ turnId, waitingFor });
    this.#shown = { turnId, waitingFor };
  }

  #refuse(message: string, fields: { code?: string; error?: unknown }): void {
    this.#deps.logger.warn({ sessionId: this.sessionId, ...fields }, message);
    this.#refusals += 1;
    this.#wakeAfter(backoffMs(this.#refusals, START_BACKOFF, 0));
  }

  #wakeAfter(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(ms, () => this.wake());
  }

  async #runTurn({ started, permit, writes, begun }: Claimed): Promise<void> {
    const { agentSession, turn } = started;
    const run = new TurnRun(
      {
        ...this.#deps,
        place: permit.place,
        writes,
        begun,
        idle: this.#idleSink(agentSession.id, turn.agent),
        onHandle: (handle, live) => {
          this.#ownTurns.known(handle);
          if (!live) handle.onExit(({ expected }) => this.#handleEnded(handle, agentSession.id, expected));
        },
      },
      started,
    );
    this.#run = run;
    this.#endedMeanwhile = undefined;
    this.#last = { turnId: turn.id, epoch: started.epoch };
    if (this.#cancelled.delete(turn.id)) run.stop({ kind: "cancelled" });
    // Woken since it was claimed.
    if (this.#wanted) run.steer();
    const ending = run.run();
    this.#ending = ending;
    const end = await ending;
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
        else this.#emitIdle({ sessionId: this.sessionId, agentSessionId, agent }, event);
      },
      began: () => {
        if (this.#run?.agent === agent && this.#run.agentBegan()) return;
        this.#ownTurns.began(agent);
        this.wake();
      },
    };
  }

  /** Behind what a turn of that agent, which is just ending, was told before. */
  #emitIdle(origin: IdleOrigin, event: StateEvent | NoteEvent): void {
    const after = this.#run?.agent === origin.agent ? this.#ending : undefined;
    this.#idleEvents.emit(origin, this.#last, event, after);
  }

  /** A handle that ends between turns: closed by us it can be resumed, else it crashed. During a turn the turn says so. */
  #handleEnded(handle: AgentHandle, agentSessionId: AgentSessionId, expected: boolean): void {
    if (this.#run?.agent === handle.agent) {
      this.#endedMeanwhile = () => this.#handleEnded(handle, agentSessionId, expected);
      return;
    }
    // The turn that it started by itself says so.
    if (this.#ownTurns.waitsFor(handle)) return;
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
