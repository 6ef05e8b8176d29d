/** What follows an interrupted turn by its session's policy (D-6, D-19). Everything here may be repeated. */
import type { SessionId, TurnId } from "@holdfast/protocol";
import { RECOVERY_ACTOR } from "../actor.ts";
import { continueTurn, type ContinueDeps, endedBefore } from "./continue-turn.ts";

type Deps = ContinueDeps & { settings: { resumeAttempts: number } };

/** The prompt that goes on; the interrupted one is never sent again by itself (D-19). */
const CONTINUE =
  "The server restarted while you were working on the previous request, and what you were doing may be half done or done already. " +
  "Look at the state of the files and of anything that was running first; then continue the task from there.";

/**
 * For a turn that is finalizing, else nothing: pauses the queue under `manual`, admits the continuing input under `auto` while attempts are left, and does
 * nothing under `never`, nor where nobody had asked for it. What went on after a usage limit is no attempt of these.
 */
export async function followInterruption(deps: Deps, sessionId: SessionId, turnId: TurnId): Promise<void> {
  const session = await deps.store.getSession(sessionId);
  const turn = await deps.store.getTurn(turnId);
  if (session === undefined || turn?.state !== "finalizing" || session.resumePolicy === "never") return;
  if (turn.inputId === undefined) return;
  const mayResume =
    session.resumePolicy === "auto" &&
    (await endedBefore(deps.store, turn, "otherwise")) < deps.settings.resumeAttempts;
  if (mayResume && (await continueTurn(deps, session, turn, CONTINUE))) return;
  await deps.store.pauseQueue({ sessionId, actor: RECOVERY_ACTOR });
}
