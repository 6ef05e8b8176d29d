/** Going on by itself after a turn that its end left unfinished (D-19, A-29): durable before the turn ends. */
import {
  type Clock,
  HoldfastError,
  isHoldfastError,
  type Logger,
  newId,
  storageRefusal,
} from "@holdfast/kernel";
import type { Session, Turn } from "@holdfast/protocol";
import type { Store } from "../../store/index.ts";
import { RECOVERY_ACTOR } from "../actor.ts";

/** How many turns ended at a limit, or otherwise, since a person last asked for something, this one not counted: as often a turn went on by itself after that. */
export async function endedBefore(
  store: Pick<Store, "getTurn">,
  turn: Turn,
  how: "limited" | "otherwise",
): Promise<number> {
  let count = 0;
  let at: Turn | undefined = turn;
  while (at?.resumes !== undefined && at.actor.kind === "system") {
    at = await store.getTurn(at.resumes);
    if (at !== undefined && (at.reason === "limited") === (how === "limited")) count += 1;
  }
  return count;
}

export type ContinueDeps = { store: Store; clock: Clock; logger: Logger };

/** Lets a new turn with that prompt go on from one that ends, ahead of the queue. False when its input is refused. May be repeated: it is admitted once. */
export async function continueTurn(
  deps: ContinueDeps,
  session: Session,
  turn: Turn,
  prompt: string,
): Promise<boolean> {
  try {
    await admitContinuing(deps, session, turn, prompt);
    return true;
  } catch (error) {
    if (!(error instanceof HoldfastError) || storageRefusal(error) !== undefined) throw error;
    deps.logger.warn(
      { sessionId: session.id, turnId: turn.id, code: error.code },
      "a turn cannot be continued",
    );
    return false;
  }
}

async function admitContinuing(
  deps: ContinueDeps,
  session: Session,
  turn: Turn,
  prompt: string,
): Promise<void> {
  const input = turn.inputId === undefined ? undefined : await deps.store.getInput(turn.inputId);
  const now = deps.clock.now();
  const messageId = newId("msg", now);
  const part = { type: "text" as const, text: prompt, synthetic: true };
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
