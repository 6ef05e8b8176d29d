/** What follows an interrupted turn by its session's policy (D-6, D-19). Everything here may be repeated. */
import {
  type Clock,
  HoldfastError,
  isHoldfastError,
  type Logger,
  newId,
  storageRefusal,
} from "@holdfast/kernel";
import type { Session, SessionId, Turn, TurnId } from "@holdfast/protocol";
import type { Store } from "../../store/index.ts";
import { RECOVERY_ACTOR } from "../actor.ts";

type Deps = { store: Store; clock: Clock; logger: Logger; settings: { resumeAttempts: number } };

/** The prompt that goes on; the interrupted one is never sent again by itself (D-19). */
const CONTINUE =
  "The server restarted while you were working on the previous request, and what you were doing may be half done or done already. " +
  "Look at the state of the files and of anything that was running first; then continue the task from there.";

/** For a turn that is finalizing, else nothing: pauses the queue under `manual`, admits the continuing input under `auto` while attempts are left, and does nothing under `never`. */
export async function followInterruption(deps: Deps, sessionId: SessionId, turnId: TurnId): Promise<void> {
  const session = await deps.store.getSession(sessionId);
  const turn = await deps.store.getTurn(turnId);
  if (session === undefined || turn?.state !== "finalizing" || session.resumePolicy === "never") return;
  const resumed = session.resumePolicy === "auto" && (await continueTurn(deps, session, turn));
  if (!resumed) await deps.store.pauseQueue({ sessionId, actor: RECOVERY_ACTOR });
}

/** A turn's own try is its first; the ones after it are the attempts to continue. False when they are used up or the input is refused. */
async function continueTurn(deps: Deps, session: Session, turn: Turn): Promise<boolean> {
  if (turn.attempts > deps.settings.resumeAttempts) return false;
  try {
    await admitContinuing(deps, session, turn);
    return true;
  } catch (error) {
    if (!(error instanceof HoldfastError) || storageRefusal(error) !== undefined) throw error;
    deps.logger.warn(
      { sessionId: session.id, turnId: turn.id, code: error.code },
      "an interrupted turn cannot be continued",
    );
    return false;
  }
}

async function admitContinuing(deps: Deps, session: Session, turn: Turn): Promise<void> {
  const input = await deps.store.getInput(turn.inputId);
  const now = deps.clock.now();
  const messageId = newId("msg", now);
  const part = { type: "text" as const, text: CONTINUE, synthetic: true };
  const { value } = await deps.store.admitInput({
    actor: RECOVERY_ACTOR,
    idempotency: {
      actorId: RECOVERY_ACTOR.id,
      method: "RESUME",
      route: `/turns/${turn.id}`,
      key: "auto",
      bodyHash: turn.id,
    },
    sessionId: session.id,
    inputId: newId("inp", now),
    turnId: newId("trn", now),
    messageId,
    parts: [{ ...part, id: newId("prt", now), sessionId: session.id, messageId }],
    requestedDelivery: "queue",
    delivery: "queue",
    agent: turn.agent,
    model: turn.model,
    format: input?.format,
    system: input?.system,
    tools: input?.tools,
    permissionTimeoutMs: input?.permissionTimeoutMs,
    resumes: turn.id,
  });
  if (session.queue.length === 0) return;
  try {
    await deps.store.reorderInputs({
      sessionId: session.id,
      inputIds: [value.input.id],
      actor: RECOVERY_ACTOR,
    });
  } catch (error) {
    // It was removed by somebody in between, so there is nothing to move.
    if (!isHoldfastError(error, "CONFLICT")) throw error;
  }
}
