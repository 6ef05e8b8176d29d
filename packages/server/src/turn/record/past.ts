/**
 * What an agent changes in what it said before: answers and parts that it no longer has, and outputs that it no longer gives to its model.
 *
 * Rows keep the backend's names: an answer those of itself and of what it answers, a part its own. What a person said is never taken back by an agent.
 */
import { HoldfastError, storageRefusal } from "@holdfast/kernel";
import type { AssistantMessage, Message, Part, SessionId, TurnId } from "@holdfast/protocol";
import type { PastEvent, StateEvent } from "../../agents/index.ts";
import type { ProgressOp, Store } from "../../store/index.ts";
import { agentActor } from "../actor.ts";

/** What an answer keeps in `metadata.backend`: the backend's own names for it and for the message that it answers. */
export type BackendIds = { messageId: string; parentId: string };

/** What a part keeps in `metadata.backend`, and a call in its own. */
export type BackendPart = { partId: string };

/** Messages that are looked through for the one that a backend names: it tells of those that it knows itself. */
const MOST_MESSAGES = 1_000;

type NamedAnswer = { info: AssistantMessage; parts: Part[]; ids: BackendIds };

type PastStore = Pick<Store, "streamMessages" | "removeMessage" | "removePart" | "clearOutput" | "getPart">;

type Origin = { sessionId: SessionId; agent: string; turnId?: TurnId };

export const isPast = (event: StateEvent): event is PastEvent =>
  event.type === "removed" || event.type === "outputCleared" || event.type === "rowCleared";

/** The newest answer whose names fit. */
export async function findAnswer(
  store: Pick<Store, "streamMessages">,
  sessionId: SessionId,
  fits: (ids: BackendIds) => boolean,
): Promise<NamedAnswer | undefined> {
  let seen = 0;
  for await (const { info, parts } of store.streamMessages(sessionId)) {
    if ((seen += 1) > MOST_MESSAGES) return undefined;
    const ids =
      info.role === "assistant" ? (info.metadata?.["backend"] as BackendIds | undefined) : undefined;
    if (info.role === "assistant" && ids !== undefined && fits(ids)) return { info, parts, ids };
  }
  return undefined;
}

/**
 * Changes what stands in turns that have ended, and answers what is to be done in the turn `turnId`, which runs: there parts go, and an answer stays, for it
 * is a step of the turn. What is gone already is left. Rejects what storage refuses, and SESSION_BUSY for a turn that is just ending; may be repeated then.
 */
export async function changePast(store: PastStore, origin: Origin, event: PastEvent): Promise<ProgressOp[]> {
  const { sessionId, turnId, agent } = origin;
  if (event.type === "rowCleared") return clearRow(store, origin, event);
  const answer = await findAnswer(store, sessionId, (ids) => ids.messageId === event.messageId);
  if (answer === undefined) return [];
  const actor = agentActor(agent);
  const named = partsNamed(answer, event.partId);
  if (event.type === "removed" && answer.info.turnId === turnId)
    return named.map(({ id }) => ({ op: "removePart", partId: id }));
  try {
    if (event.type === "removed" && event.partId === undefined)
      await store.removeMessage({ messageId: answer.info.id, actor });
    else if (event.type === "removed")
      for (const { id } of named) await store.removePart({ partId: id, actor });
    else for (const { id } of named) await store.clearOutput({ partId: id, time: event.time, actor });
  } catch (error) {
    if (!(error instanceof HoldfastError) || storageRefusal(error) !== undefined) throw error;
    if (error.code === "SESSION_BUSY" && turnId === undefined) throw error;
  }
  return [];
}

/** What a program names by our ids is of its own session, or it is nothing. */
async function clearRow(
  store: Pick<PastStore, "clearOutput" | "getPart">,
  { sessionId, agent }: Origin,
  { messageId, partId, time }: Extract<PastEvent, { type: "rowCleared" }>,
): Promise<ProgressOp[]> {
  const part = await store.getPart(partId);
  if (part?.sessionId === sessionId && part.messageId === messageId)
    await store.clearOutput({ partId, time, actor: agentActor(agent) });
  return [];
}

/** Parts that the backend names, all of them or the one. */
const partsNamed = ({ parts }: Pick<Message, "parts">, partId: string | undefined): Part[] =>
  parts.filter((part) => {
    const name = nameOf(part);
    return name !== undefined && (partId === undefined || partId === name);
  });

function nameOf(part: Part): string | undefined {
  if (part.type !== "text" && part.type !== "reasoning" && part.type !== "tool") return undefined;
  return (part.metadata?.["backend"] as BackendPart | undefined)?.partId;
}
