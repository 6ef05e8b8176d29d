/** What follows a turn that ended at its agent's usage limit. Everything here may be repeated. */
import type { SessionId, TurnId } from "@holdfast/protocol";
import { continueTurn, type ContinueDeps, endedBefore } from "./continue-turn.ts";

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
  // Nobody had asked for it.
  if (turn.inputId === undefined) return;
  if ((await endedBefore(deps.store, turn, "limited")) < attempts)
    await continueTurn(deps, session, turn, CONTINUE);
}
