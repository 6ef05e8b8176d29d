/** What follows a turn that ended at its agent's usage limit. Everything here may be repeated. */
import type { SessionId, Turn, TurnId } from "@holdfast/protocol";
import type { Store } from "../../store/index.ts";
import { continueTurn, type ContinueDeps } from "./continue-turn.ts";

/** The prompt that goes on; the one that met the limit is never sent again by itself (D-19). */
const CONTINUE =
  "Your usage limit was reached while you were working on the previous request, and it has been reset since. What you were doing may be half done. " +
  "Look at the state of the files first; then continue the task from there.";

/** For a turn that is finalizing, else nothing: admits the continuing input while attempts of the session are left. It waits for the reset like any other input. */
export async function followLimit(deps: ContinueDeps, sessionId: SessionId, turnId: TurnId): Promise<void> {
  const session = await deps.store.getSession(sessionId);
  const turn = await deps.store.getTurn(turnId);
  const attempts = session?.limitAttempts ?? 0;
  if (session === undefined || turn?.state !== "finalizing" || attempts === 0) return;
  if ((await limitsBefore(deps.store, turn)) < attempts) await continueTurn(deps, session, turn, CONTINUE);
}

/** How many turns ended at a limit since a person last asked for something, this one not counted: as often a turn went on by itself. */
async function limitsBefore(store: Pick<Store, "getTurn">, turn: Turn): Promise<number> {
  let count = 0;
  let at: Turn | undefined = turn;
  while (at?.resumes !== undefined && at.actor.kind === "system") {
    at = await store.getTurn(at.resumes);
    if (at?.reason === "limited") count += 1;
  }
  return count;
}
