import type { ByteLimits } from "../record/index.ts";
import type { CircuitLimits } from "./circuit.ts";
import type { DeadlineLimits } from "./deadline.ts";

/** What an operator may set about turns; every time in ms. */
export type TurnSettings = DeadlineLimits & {
  /** How long running turns may go on after a stop signal (D-21). */
  graceMs: number;
  /** Continuing turns that follow one interrupted turn under `auto` (D-19). */
  resumeAttempts: number;
  /** How far ahead an agent's own next try of a model call may be while its turn waits for it; later is a usage limit. */
  retryAheadMs: number;
  /** How long a stopping agent may take, its own ladder included, before we go on without its answer (A-15, A-10: 5 s + 5 s + 10 s, and slack). */
  stopDeadlineMs: number;
  /** The same at shutdown, when every agent is about to be ended anyway (D-21). */
  shutdownDeadlineMs: number;
  /** How long finalization waits for tools that still run (durability 5). */
  toolSettleMs: number;
  /** How long each look at the files of a turn may take, and at shutdown (durability 5, D-21). */
  watchMs: number;
  shutdownWatchMs: number;
  /** Least time between two looks at the files between the steps of one turn; 0: none. */
  stepSnapshotMs: number;
  /** Between two looks for turns whose owner is gone (D-18). */
  sweepMs: number;
  /** Between two heartbeats of this instance (D-17). */
  heartbeatMs: number;
  /** How long `release` waits for a turn that is just ending. */
  releaseMs: number;
  circuit: CircuitLimits;
  bytes: ByteLimits;
};

export const DEFAULT_TURN_SETTINGS: TurnSettings = {
  stalledMs: 120_000,
  idleMs: 1_200_000,
  toolIdleMs: 3_600_000,
  totalMs: 43_200_000,
  graceMs: 10_000,
  resumeAttempts: 3,
  retryAheadMs: 120_000,
  stopDeadlineMs: 25_000,
  shutdownDeadlineMs: 1_000,
  toolSettleMs: 250,
  watchMs: 30_000,
  shutdownWatchMs: 3_000,
  stepSnapshotMs: 60_000,
  sweepMs: 5_000,
  heartbeatMs: 5_000,
  releaseMs: 5_000,
  circuit: { crashes: 3, windowMs: 60_000, openMs: 60_000, maxOpenMs: 600_000 },
  bytes: { perSession: 8 * 1024 * 1024, total: 128 * 1024 * 1024 },
};
