import { type Clock, isHoldfastError, newId } from "@holdfast/kernel";
import type { Actor, Permission } from "@holdfast/protocol";
import type { Store } from "../store/index.ts";

/**
 * Admits the text of a rejection as the session's next input, for the same agent and model. Repeating it makes one input: its key is
 * the request's id. It is put first in the queue unless it runs already.
 */
export async function admitFollowUp(
  deps: { store: Store; clock: Clock },
  asked: Permission,
  message: string,
  actor: Actor,
): Promise<void> {
  const turn = await deps.store.getTurn(asked.turnId);
  if (turn === undefined) return;
  const input = turn.inputId === undefined ? undefined : await deps.store.getInput(turn.inputId);
  const now = deps.clock.now();
  const ids = { inputId: newId("inp", now), turnId: newId("trn", now), messageId: newId("msg", now) };
  const part = { type: "text" as const, text: message };
  const { value } = await deps.store.admitInput({
    ...ids,
    actor,
    idempotency: {
      actorId: actor.id,
      method: "REJECT",
      route: `/permissions/${asked.id}`,
      key: "follow-up",
      bodyHash: asked.id,
    },
    sessionId: asked.sessionId,
    parts: [{ ...part, id: newId("prt", now), sessionId: asked.sessionId, messageId: ids.messageId }],
    requestedDelivery: "queue",
    delivery: "queue",
    agent: turn.agent,
    model: turn.model,
    format: input?.format,
    system: input?.system,
    tools: input?.tools,
    permissionTimeoutMs: input?.permissionTimeoutMs,
  });
  try {
    await deps.store.reorderInputs({ sessionId: asked.sessionId, inputIds: [value.input.id], actor });
  } catch (error) {
    if (!isHoldfastError(error, "CONFLICT")) throw error;
  }
}
