/**
 * Ends what a dead owner left (D-18), at start and every few seconds afterwards.
 *
 *   raise the epoch ─► reap the dead owner's agent processes ─► look at the files ─► stop what its children would still start
 *     ─► finalize (the stored record, else interrupted or cancelled)
 *
 * Everything may be repeated: a crash at any point leaves the turn live for the next look. A turn of this very process that nobody runs is
 * taken over only when two looks in a row saw it so; one of a dead process at once.
 */
import { type Clock, faultPoint, HoldfastError, type Logger, retryStorage, within } from "@holdfast/kernel";
import type { InstanceId, TurnId } from "@holdfast/protocol";
import type { AgentPool } from "../../agents/index.ts";
import type { LiveTurn, Store, TerminalRecord } from "../../store/index.ts";
import { RECOVERY_ACTOR } from "../actor.ts";
import { patchOf, touchedBy } from "../record/index.ts";
import type { TurnWatch } from "../turn-watch.ts";
import { dropChildren } from "./drop-children.ts";
import { finalize } from "./finalize.ts";
import { lostOwnerRecord } from "./terminal-record.ts";

export type RecoveryDeps = {
  store: Store;
  pool: AgentPool;
  /** Ends agent processes of other, dead servers, never one of `instanceId`; resolves when none of them lives. */
  reap(): Promise<void>;
  clock: Clock;
  logger: Logger;
  instanceId: InstanceId;
  settings: { resumeAttempts: number; watchMs: number };
  watch?: TurnWatch | undefined;
  signal: AbortSignal;
  /** Whether a run of this process holds the turn, or may be about to. */
  isHeld: (turn: Pick<LiveTurn, "sessionId">) => boolean;
  /** Stops the turn of a child: one that is queued ends at once. */
  stopChild: (turnId: TurnId) => Promise<unknown>;
};

const isLeft = (turn: LiveTurn): boolean => !turn.isOwnerAlive;

export class Recovery {
  readonly #deps: RecoveryDeps;
  /** Turns of ours that nobody ran at the last look. */
  #suspects = new Set<TurnId>();

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  /** At start nothing of this process runs: what dead owners left is ended. Rejects when the store is broken. */
  async atStart(): Promise<void> {
    const { store, logger } = this.#deps;
    const turns = await retryStorage(this.#deps, () => store.liveTurns());
    const left = await this.#recover(turns.filter(isLeft), true);
    if (left.length > 0)
      logger.error({ turns: left }, "turns of a dead server could not be ended yet; the sweeper goes on");
    await retryStorage(this.#deps, () => store.closeDeadAgentSessions({ actor: RECOVERY_ACTOR }));
  }

  /** One look at run time. Answers how many turns it ended. */
  async sweep(): Promise<number> {
    const { store, instanceId, isHeld } = this.#deps;
    const live = await store.liveTurns();
    const unheld = live.filter((turn) => !isHeld(turn) && (isLeft(turn) || turn.instanceId === instanceId));
    const gone = unheld.filter((turn) => isLeft(turn) || this.#suspects.has(turn.turnId));
    this.#suspects = new Set(unheld.filter((turn) => !gone.includes(turn)).map((turn) => turn.turnId));
    if (gone.length === 0) return 0;
    // Agents of our own are ended through the pool; those of a dead process by the reap that follows.
    await Promise.all(gone.map((turn) => this.#deps.pool.closeSession(turn.sessionId)));
    const left = await this.#recover(gone, gone.some(isLeft));
    return gone.length - left.length;
  }

  /** Answers the turns that could not be ended. `reaps`: a dead process may have left agents behind. */
  async #recover(turns: readonly LiveTurn[], reaps: boolean): Promise<TurnId[]> {
    const taken = new Map<LiveTurn, number>();
    for (const turn of turns) {
      const epoch = await this.#takeOver(turn);
      if (epoch !== undefined) taken.set(turn, epoch);
    }
    if (turns.length > 0) faultPoint("recovery.taken-over");
    if (reaps) await this.#deps.reap();
    const left = turns.filter((turn) => !taken.has(turn)).map((turn) => turn.turnId);
    for (const [turn, epoch] of taken) {
      if (!(await this.#end(turn, epoch))) left.push(turn.turnId);
    }
    return left;
  }

  async #takeOver(turn: LiveTurn): Promise<number | undefined> {
    const { store, instanceId, logger } = this.#deps;
    try {
      return await retryStorage(this.#deps, () => store.takeOver({ sessionId: turn.sessionId, instanceId }));
    } catch (error) {
      logger.error({ ...turn, error }, "a session of a dead owner could not be taken over");
      return undefined;
    }
  }

  /** What the turn changed until its owner died: its agent's where a call that completed names it, else nobody's (D-18). */
  async #changed(turn: LiveTurn): Promise<TerminalRecord["files"]> {
    const { watch, store, clock, settings, logger } = this.#deps;
    if (watch === undefined) return undefined;
    try {
      const touched = touchedBy(await store.messagesOfTurn(turn.turnId));
      const files = await within(clock, settings.watchMs, watch.recover(turn, touched));
      if (files === undefined) return undefined;
      return { ...patchOf(files, clock), recovered: true };
    } catch (error) {
      logger.error({ turnId: turn.turnId, error }, "the files of a turn could not be compared after a crash");
      return undefined;
    }
  }

  async #end(turn: LiveTurn, epoch: number): Promise<boolean> {
    const { turnId, sessionId, cancelled } = turn;
    try {
      const identity = { sessionId, turnId, epoch, actor: RECOVERY_ACTOR };
      // A turn that was finalizing has its record, and in it what the files were.
      const files = turn.state === "running" ? await this.#changed(turn) : undefined;
      // As long as its children may start, the turn is live and recovery comes by again.
      await retryStorage(this.#deps, () => dropChildren(this.#deps, turn));
      const ended = await finalize(this.#deps, identity, { ...lostOwnerRecord(cancelled), files });
      faultPoint("recovery.finalized");
      this.#deps.logger.info(
        { turnId, sessionId, state: ended.state, reason: ended.reason },
        "ended a turn whose owner is gone",
      );
      return true;
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : "fault";
      this.#deps.logger.error(
        { turnId, sessionId, code, error },
        "a turn whose owner is gone could not be ended",
      );
      return false;
    }
  }
}
