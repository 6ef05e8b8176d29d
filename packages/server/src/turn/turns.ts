/**
 * The door of the turn room: everything that runs (durability 3 to 6, A-14 to A-19).
 *
 *   wake ─► dispatcher ─► lane (one per session) ─► turn run ─► recorder ─► store
 *                                                      └─► finalize ◄─ recovery (start, sweeper)
 *
 * Nothing here is a source of truth: what is queued, running or ended stands in the store, and a process that dies loses only timers.
 */
import { type Clock, errorText, type Logger, type Timer, within } from "@holdfast/kernel";
import type { ApprovalMode, InstanceId, SessionId, Turn, TurnId, WorkspaceId } from "@holdfast/protocol";
import { isTerminal } from "@holdfast/protocol";
import type { AgentPool, LoginRequest } from "../agents/index.ts";
import type { JsonSchemas } from "../json-schema/index.ts";
import type { Permissions, Questions } from "../permission/index.ts";
import { type Applied, readOnly, type Store } from "../store/index.ts";
import { TURN_ACTOR } from "./actor.ts";
import { Recovery } from "./end/index.ts";
import { ByteBudget } from "./record/index.ts";
import { CrashBudgets, type TurnSettings } from "./run/index.ts";
import { Dispatcher } from "./start/index.ts";
import type { Children } from "./subtask/index.ts";
import { TurnWaiters } from "./turn-waiters.ts";
import type { TurnWatch } from "./turn-watch.ts";

export type TurnsDeps = {
  store: Store;
  pool: AgentPool;
  permissions: Permissions;
  questions: Questions;
  /** Judges answers whose format was asked for. */
  schemas: Pick<JsonSchemas, "judge">;
  /** Ends agent processes of other, dead servers, never one of `instanceId`; resolves when none of them lives. */
  reap(): Promise<void>;
  /** False when an agent's record says that it cannot write in this mode, so that its turns need no lease. */
  mayWrite(agent: string, mode: ApprovalMode): boolean;
  /** Looks after the files of turns that may write (W-3); absent where nobody does. */
  watch?: TurnWatch;
  clock: Clock;
  logger: Logger;
  /** Registered by the caller before, and ended by it after `stop` (D-17). */
  instanceId: InstanceId;
  settings: TurnSettings;
};

export type CancelCommand = Parameters<Store["cancelTurn"]>[0];

export type Turns = {
  /** Ends what dead owners left (D-18), starts the sweeper and the heartbeat, then starts everything that may start. Call once. */
  recover(): Promise<void>;
  /**
   * A session may have something to start: after an admission, a resume, a reply, a cancel. Harmless when it has not. `byHand`: a person asked
   * to try again, so its agents' circuits close (A-17).
   */
  wake(sessionId: SessionId, options?: { byHand?: boolean }): void;
  /** Lets the turns look again that wait for a workspace, because it is shared now. */
  wakeWorkspace(workspaceId: WorkspaceId): void;
  /** The intent is durable before the agent hears of it (D-10). A queued turn ends at once. NOT_FOUND. Repeating is harmless. */
  cancel(command: CancelCommand): Promise<Applied<Turn>>;
  /** The terminal turn, `undefined` once `timeoutMs` passed or the caller left; that cancels nothing. NOT_FOUND. */
  finished(turnId: TurnId, timeoutMs: number, signal?: AbortSignal): Promise<Turn | undefined>;
  /** Closes one idle agent of a session, whose next turn resumes it; false while it is used. Repeating is harmless. */
  closeAgent(sessionId: SessionId, agent: string): boolean;
  /** Logs in to an agent as its backend can. Rejects UNPROCESSABLE and AGENT_UNAVAILABLE. */
  authenticate(request: LoginRequest): Promise<void>;
  /** Before a session is archived or deleted, or after: closes its agents. Rejects SESSION_BUSY while a turn runs. */
  release(sessionId: SessionId): Promise<void>;
  /** D-21: starts nothing more, lets turns run for `graceMs`, then ends them as aborted / shutdown and closes every agent. Call once. */
  stop(graceMs: number): Promise<void>;
};

/** How long the finalization of stopped turns may take, and then the closing of their agents, in ms (D-21). */
const FINALIZE_MS = 5_000;
const DISPOSE_MS = 5_000;

export function createTurns(deps: TurnsDeps): Turns {
  return new TurnRoom(deps);
}

class TurnRoom implements Turns {
  readonly #deps: TurnsDeps;
  readonly #dispatcher: Dispatcher;
  readonly #recovery: Recovery;
  readonly #waiters: TurnWaiters;
  readonly #circuits: CrashBudgets;
  /** Aborts when nothing is worth repeating any more. */
  readonly #abandon = new AbortController();
  readonly #timers = new Set<Timer>();
  /** Sessions whose agent was asked by another agent of ours, and whose turn runs within that one's. */
  readonly #mirrored = new Set<SessionId>();
  #stopping = false;

  constructor(deps: TurnsDeps) {
    const { clock, settings } = deps;
    this.#deps = deps;
    this.#circuits = new CrashBudgets(clock, settings.circuit);
    this.#waiters = new TurnWaiters(deps.store, clock);
    const signal = this.#abandon.signal;
    const children: Children = {
      wake: (sessionId) => this.wake(sessionId),
      cancel: (turnId) => this.#stopChild(turnId),
      finished: (turnId, timeoutMs) => this.finished(turnId, timeoutMs),
      hold: (sessionId) => {
        this.#mirrored.add(sessionId);
        return () => this.#mirrored.delete(sessionId);
      },
    };
    this.#dispatcher = new Dispatcher({
      ...deps,
      signal,
      children,
      budget: new ByteBudget(settings.bytes),
      circuits: this.#circuits,
      isStopping: () => this.#stopping,
    });
    this.#recovery = new Recovery({
      ...deps,
      signal,
      isHeld: (turn) => this.#mirrored.has(turn.sessionId) || this.#dispatcher.holds(turn),
      stopChild: (turnId) => this.#stopChild(turnId),
    });
  }

  async recover(): Promise<void> {
    const { settings, store, instanceId } = this.#deps;
    await this.#recovery.atStart();
    this.#repeat(settings.heartbeatMs, "heartbeat", () => store.heartbeat({ instanceId }));
    this.#repeat(settings.sweepMs, "sweep", () => this.#sweep());
    await this.#wakeStartable();
  }

  wake(sessionId: SessionId, options: { byHand?: boolean } = {}): void {
    if (options.byHand === true) this.#circuits.closeByHand(sessionId);
    if (!this.#stopping) this.#dispatcher.wake(sessionId);
  }

  wakeWorkspace(workspaceId: WorkspaceId): void {
    if (!this.#stopping) this.#dispatcher.wakeWorkspace(workspaceId);
  }

  async cancel(command: CancelCommand): Promise<Applied<Turn>> {
    await this.#requireOwn(command.turnId);
    const applied = await this.#stop(command);
    this.wake(applied.value.sessionId);
    return applied;
  }

  finished(turnId: TurnId, timeoutMs: number, signal?: AbortSignal): Promise<Turn | undefined> {
    return this.#waiters.finished(turnId, timeoutMs, signal);
  }

  closeAgent(sessionId: SessionId, agent: string): boolean {
    return this.#deps.pool.closeIdle(sessionId, agent);
  }

  authenticate(request: LoginRequest): Promise<void> {
    return this.#deps.pool.authenticate(request);
  }

  release(sessionId: SessionId): Promise<void> {
    return this.#dispatcher.release(sessionId);
  }

  async stop(graceMs: number): Promise<void> {
    const { clock, pool, logger } = this.#deps;
    this.#stopping = true;
    this.#dispatcher.letGo();
    const quiet = this.#dispatcher.quiet().then(() => true);
    if ((await within(clock, graceMs, quiet)) !== true) this.#dispatcher.stopAll({ kind: "shutdown" });
    if ((await within(clock, FINALIZE_MS, quiet)) !== true) {
      logger.error({}, "turns could not be finalized before the shutdown; the next start does it");
      this.#abandon.abort();
      await within(clock, FINALIZE_MS, quiet);
    }
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#dispatcher.close();
    await pool.dispose(DISPOSE_MS);
    this.#abandon.abort();
    this.#waiters.close();
  }

  async #stop(command: CancelCommand): Promise<Applied<Turn>> {
    const applied = await this.#deps.store.cancelTurn(command);
    const { id, sessionId, state } = applied.value;
    if (!isTerminal(state)) this.#dispatcher.cancel(sessionId, id);
    return applied;
  }

  /** What only shows another agent's doing is stopped where that was asked for. */
  async #requireOwn(turnId: TurnId): Promise<void> {
    const turn = await this.#deps.store.getTurn(turnId);
    const session = turn && !isTerminal(turn.state) && (await this.#deps.store.getSession(turn.sessionId));
    if (session && session.mirrors !== undefined) throw readOnly(session.id, session.parentId);
  }

  /** A turn of a child is stopped because its parent's is, or has to be; what else its session waits to do starts by itself. */
  async #stopChild(turnId: TurnId): Promise<void> {
    await this.#stop({ turnId, actor: TURN_ACTOR });
  }

  /** Also the net under every lost wake: what may start is woken. */
  async #sweep(): Promise<void> {
    if (this.#stopping) return;
    await this.#recovery.sweep();
    await this.#wakeStartable();
  }

  async #wakeStartable(): Promise<void> {
    for (const sessionId of await this.#deps.store.startableSessions()) this.wake(sessionId);
  }

  /** Runs `work` every `ms`, one at a time, until the room stops. A failure is logged and the next time comes. */
  #repeat(ms: number, name: string, work: () => Promise<unknown>): void {
    const timer = this.#deps.clock.after(ms, () => {
      this.#timers.delete(timer);
      void work()
        .catch((error: unknown) => this.#deps.logger.warn({ error: errorText(error) }, `the ${name} failed`))
        .finally(() => {
          if (!this.#abandon.signal.aborted) this.#repeat(ms, name, work);
        });
    });
    this.#timers.add(timer);
  }
}
