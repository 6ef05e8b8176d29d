import { type Clock, HoldfastError, within } from "@holdfast/kernel";
import type { SessionId, TurnId, WorkspaceId } from "@holdfast/protocol";
import type { LiveTurn } from "../../store/index.ts";
import type { StopCause } from "../end/index.ts";
import { Lane, type LaneDeps } from "./lane.ts";
import { StartGate } from "./start-gate.ts";

export type DispatcherDeps = Omit<LaneDeps, "gate"> & { settings: { releaseMs: number }; clock: Clock };

/** Every session's lane. Sessions claim in the order they were woken, since the store takes commands in order. */
export class Dispatcher {
  readonly #deps: LaneDeps & DispatcherDeps;
  readonly #lanes = new Map<SessionId, Lane>();

  constructor(deps: DispatcherDeps) {
    const gate = new StartGate({ pool: deps.pool, wake: (sessionId) => this.wake(sessionId) });
    this.#deps = { ...deps, gate };
  }

  wake(sessionId: SessionId): void {
    let lane = this.#lanes.get(sessionId);
    if (lane === undefined) {
      lane = new Lane(this.#deps, sessionId);
      this.#lanes.set(sessionId, lane);
    }
    lane.wake();
  }

  cancel(sessionId: SessionId, turnId: TurnId): void {
    this.#lanes.get(sessionId)?.cancel(turnId);
  }

  /** Whether a lane of this process runs the session's turn, or may be about to. */
  holds(turn: Pick<LiveTurn, "sessionId">): boolean {
    return this.#lanes.get(turn.sessionId)?.busy === true;
  }

  /** Lets go of a session: waits for a turn that is just ending, closes its agents. Rejects SESSION_BUSY while a turn runs on. */
  async release(sessionId: SessionId): Promise<void> {
    const lane = this.#lanes.get(sessionId);
    if (lane !== undefined) {
      const quiet = lane.quiet().then(() => true);
      if ((await within(this.#deps.clock, this.#deps.settings.releaseMs, quiet)) !== true) {
        throw new HoldfastError(
          "SESSION_BUSY",
          `A turn of session ${sessionId} is running. Cancel it first.`,
        );
      }
      lane.close();
      this.#lanes.delete(sessionId);
    }
    await this.#deps.pool.closeSession(sessionId);
  }

  /** No agent starts a turn by itself any more. */
  letGo(): void {
    for (const lane of this.#lanes.values()) lane.letGo();
  }

  stopAll(cause: StopCause): void {
    for (const lane of this.#lanes.values()) lane.stop(cause);
  }

  /** Resolves when no turn runs in this process. */
  async quiet(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.quiet()));
  }

  /** Lets those look again who wait at the gate for the workspace, and those whom the store refused it. */
  wakeWorkspace(workspaceId: WorkspaceId): void {
    const refused = [...this.#lanes.values()].filter(({ refusedIn }) => refusedIn === workspaceId);
    for (const sessionId of this.#deps.gate.waitingIn(workspaceId)) this.wake(sessionId);
    for (const lane of refused) lane.wake();
  }

  close(): void {
    this.#deps.gate.close();
    for (const lane of this.#lanes.values()) lane.close();
  }
}
