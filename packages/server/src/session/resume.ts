/**
 * Going on after a turn that was interrupted (D-19) or ended at a usage limit: a new turn with a prompt that says what happened; the prompt
 * itself is never sent again. After a limit it waits for the reset, like everything that is asked until then. At most one turn goes on from another: the admission is keyed by that turn itself, so that the store decides every race.
 */
import { createHash } from "node:crypto";
import { HoldfastError, isHoldfastError, newId, notFound, randomHex } from "@holdfast/kernel";
import type { Admitted, InputPart, Turn, TurnId, TurnReason } from "@holdfast/protocol";
import type { AdmitInputCommand, Applied, IdempotencyKey } from "../store/index.ts";
import { identify, requireInput } from "./admit.ts";
import { requireAgent } from "./agent-choice.ts";
import type { Caller, SessionDeps } from "./deps.ts";

/** Turns read per page while looking for one that already goes on. */
const PAGE = 200;
const ROUTE = "resume";

/** What happened, by the reason of the turn that goes on. */
const HAPPENED: Partial<Record<TurnReason, string>> = {
  interrupted: "was interrupted before it ended",
  shutdown: "was interrupted before it ended",
  limited: "ended at your usage limit before it was done",
};

/** Rejects CONFLICT when nothing stopped the turn in its work, or another turn goes on from it already. */
export async function resumeTurn(
  deps: SessionDeps,
  turnId: TurnId,
  caller: Caller,
): Promise<Applied<Admitted>> {
  const turn = await requireTurn(deps, turnId);
  if (turn.reason === undefined || HAPPENED[turn.reason] === undefined)
    throw new HoldfastError(
      "CONFLICT",
      `The turn ${turnId} was neither interrupted nor ended at a usage limit: nothing can go on from it.`,
    );
  if ((await successorOf(deps, turn))?.actor.kind === "system") throw alreadyResumed(turnId);
  const applied = await deps.store
    .admitInput(await resumeCommand(deps, turn, caller))
    .catch((error: unknown) => {
      throw isHoldfastError(error, "IDEMPOTENCY_MISMATCH") ? alreadyResumed(turnId) : error;
    });
  if (applied.value.input.state === "queued") await moveAhead(deps, applied.value, caller);
  deps.turns.wake(turn.sessionId, { byHand: true });
  return applied;
}

/** Rejects NOT_FOUND. */
export async function requireTurn(deps: Pick<SessionDeps, "store">, id: TurnId): Promise<Turn> {
  const turn = await deps.store.getTurn(id);
  if (turn === undefined) throw notFound("turn", id);
  return turn;
}

async function resumeCommand(deps: SessionDeps, turn: Turn, caller: Caller): Promise<AdmitInputCommand> {
  const input = turn.inputId === undefined ? undefined : await requireInput(deps, turn.inputId);
  await requireAgent(deps, turn.agent);
  const text =
    `The previous turn ${turn.reason && HAPPENED[turn.reason]}, and some of its actions may already have happened. ` +
    "Look at what is there, then go on with the task from where it stopped.";
  const part: InputPart = { type: "text", text, synthetic: true };
  const now = deps.clock.now();
  const messageId = newId("msg", now);
  return {
    actor: caller.actor,
    idempotency: onceFor(turn.id, caller.idempotency),
    sessionId: turn.sessionId,
    inputId: newId("inp", now),
    turnId: newId("trn", now),
    messageId,
    parts: identify([part], turn.sessionId, messageId, now),
    requestedDelivery: "queue",
    delivery: "queue",
    agent: turn.agent,
    model: turn.model,
    format: input?.format,
    system: input?.system,
    tools: input?.tools,
    permissionTimeoutMs: input?.permissionTimeoutMs,
    resumes: turn.id,
  };
}

/** One key per interrupted turn. Its body is the caller's own key: a repetition is a replay, anybody else a mismatch. */
function onceFor(turnId: TurnId, asked: IdempotencyKey | undefined): IdempotencyKey {
  const who =
    asked === undefined ? randomHex(16) : JSON.stringify([asked.actorId, asked.key, asked.bodyHash]);
  const bodyHash = createHash("sha256").update(who).digest("hex");
  return { actorId: "system:session", method: "POST", route: ROUTE, key: turnId, bodyHash };
}

/** It runs before what was queued meanwhile, and the queue that the interruption paused goes on (D-6). */
async function moveAhead(deps: SessionDeps, { input }: Admitted, { actor }: Caller): Promise<void> {
  const session = await deps.store.getSession(input.sessionId);
  try {
    if ((session?.queue.length ?? 0) > 1)
      await deps.store.reorderInputs({ sessionId: input.sessionId, inputIds: [input.id], actor });
    if (session?.queue.paused === true) await deps.store.resumeQueue({ sessionId: input.sessionId, actor });
  } catch (error) {
    // It was started or removed in between, so there is nothing to move.
    if (!isHoldfastError(error, "CONFLICT")) throw error;
  }
}

async function successorOf(deps: Pick<SessionDeps, "store">, turn: Turn): Promise<Turn | undefined> {
  let before: number | undefined;
  for (;;) {
    const query = { sessionId: turn.sessionId, limit: PAGE };
    const page = await deps.store.listTurns(before === undefined ? query : { ...query, before });
    const successor = page.items.find((other) => other.resumes === turn.id);
    if (successor !== undefined) return successor;
    if (page.next === undefined || page.items.some((other) => other.id === turn.id)) return undefined;
    before = page.next;
  }
}

function alreadyResumed(turnId: TurnId): HoldfastError {
  return new HoldfastError("CONFLICT", `Another turn already goes on from ${turnId}.`);
}
