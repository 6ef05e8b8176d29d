/**
 * The end of a turn after everything of it was written (durability 5): the record is stored once, then one transaction ends it all. Both
 * commands may be repeated, so a crash between any two of them is mended by running this again (D-7).
 *
 *   beginFinalize ─► interrupted, limited? pause the queue or admit the continuing input (D-6, D-19, A-29) ─► finalizeTurn
 *
 * What follows an interruption or a limit is decided from the stored record and written before the turn ends: as long as it may be missing, the turn
 * is still `finalizing` and recovery comes by again.
 */
import { type Clock, faultPoint, type Logger, newId, retryStorage } from "@holdfast/kernel";
import type { Actor, SessionId, Turn, TurnId } from "@holdfast/protocol";
import type { Store, TerminalRecord } from "../../store/index.ts";
import { followInterruption } from "./follow-interruption.ts";
import { followLimit } from "./follow-limit.ts";

export type FinalizeDeps = {
  store: Store;
  clock: Clock;
  logger: Logger;
  settings: { resumeAttempts: number };
  /** Ends the repeating while the store cannot write: the process is about to exit, and recovery does the rest. */
  signal: AbortSignal;
};

/** Rejects with CLAIM_LOST, or with the store's last refusal once the signal aborted. */
export async function finalize(
  deps: FinalizeDeps,
  turn: { sessionId: SessionId; turnId: TurnId; epoch: number; actor: Actor },
  wanted: TerminalRecord,
): Promise<Turn> {
  const { sessionId, turnId, epoch, actor } = turn;
  faultPoint("turn.before-begin-finalize");
  const record = await retryStorage(deps, () => deps.store.beginFinalize({ turnId, epoch, record: wanted }));
  if (record.reason === "interrupted") {
    await retryStorage(deps, () => followInterruption(deps, sessionId, turnId));
  } else if (record.reason === "limited") {
    await retryStorage(deps, () => followLimit(deps, sessionId, turnId));
  }
  faultPoint("turn.between-finalize");
  const stepFinishPartId = newId("prt", deps.clock.now());
  const ended = await retryStorage(deps, () =>
    deps.store.finalizeTurn({ turnId, epoch, actor, stepFinishPartId }),
  );
  faultPoint("turn.finalized");
  return ended;
}
