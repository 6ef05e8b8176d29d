/** Changes of messages and parts inside a session's state. Each returns the same state when nothing changes. */
import { applyDelta, type Delta, type Message, type MessageInfo, type Part } from "@holdfast/protocol";
import type { Need, SessionState, Unplaced } from "./session-state.ts";

/** Deltas kept while a part is read again; beyond them the oldest go, and the part is read once more. */
export const NEED_DELTAS = 5_000;

const NO_PARTS: Unplaced = { parts: [] };

/** Inserts or replaces a message's info. One without an ordinal waits in `unplaced`; one before the loaded pages is left to its page. */
export function putMessage(state: SessionState, info: MessageInfo, seq: number): SessionState {
  const index = findMessage(state, info.id);
  const known = state.messages[index];
  if (known !== undefined)
    return { ...state, messages: state.messages.with(index, { info, parts: known.parts }) };
  if (info.ordinal === undefined) {
    const waiting = state.unplaced[info.id] ?? NO_PARTS;
    return { ...state, unplaced: { ...state.unplaced, [info.id]: { ...waiting, info } } };
  }
  const { [info.id]: waiting = NO_PARTS, ...unplaced } = state.unplaced;
  if (info.ordinal < state.loadedFrom) return { ...state, unplaced, unloadedSeq: seq };
  const message: Message = { info, parts: [...waiting.parts] };
  // An answer begins empty, what a user asked never does.
  const isUnread = info.role === "user" && waiting.parts.length === 0;
  return {
    ...state,
    unplaced,
    unread: isUnread ? { ...state.unread, [info.id]: seq } : state.unread,
    messages: insertByOrdinal(state.messages, message, (item) => item.info.ordinal),
  };
}

export function removeMessage(state: SessionState, messageId: string, seq: number): SessionState {
  const index = findMessage(state, messageId);
  const { [messageId]: _waiting, ...unplaced } = state.unplaced;
  const needs = Object.fromEntries(
    Object.entries(state.needs).filter(([, need]) => need.messageId !== messageId),
  );
  const { [messageId]: _seq, ...unread } = state.unread;
  if (index >= 0) return { ...state, unplaced, needs, unread, messages: state.messages.toSpliced(index, 1) };
  return { ...state, unplaced, needs, unread, unloadedSeq: seq };
}

/** Inserts or replaces a whole part; a need of it is met. */
export function putPart(state: SessionState, part: Part, seq: number): SessionState {
  return withParts(withoutNeed(state, part.id), part.messageId, seq, (parts) => {
    const index = findPart(parts, part.id);
    return index < 0 ? insertByOrdinal(parts, part, (item) => item.ordinal) : parts.with(index, part);
  });
}

export function removePart(
  state: SessionState,
  messageId: string,
  partId: string,
  seq: number,
): SessionState {
  return withParts(withoutNeed(state, partId), messageId, seq, (parts) =>
    parts.filter((part) => part.id !== partId),
  );
}

/** Applies a delta; what it cannot extend must be read again. */
export function extendPart(state: SessionState, delta: Delta, seq: number): SessionState {
  const need = state.needs[delta.partId];
  if (need !== undefined)
    return withNeed(state, { ...need, deltas: [...need.deltas, delta].slice(-NEED_DELTAS) });
  const parts = partsOf(state, delta.messageId);
  const part = parts?.[findPart(parts, delta.partId)];
  const extended = part === undefined ? undefined : applyDelta(part, delta);
  if (extended === undefined) {
    return withNeed(state, { messageId: delta.messageId, partId: delta.partId, seq, deltas: [delta] });
  }
  if (extended === part) return state;
  return withParts(state, delta.messageId, seq, (parts) =>
    parts.with(findPart(parts, delta.partId), extended),
  );
}

/**
 * Gives the part that was read for a need, or `undefined` when the server has none any more. An answer for a need that was met or replaced
 * meanwhile is ignored. Deltas that came while it was read are applied; if they do not fit, it is needed again.
 */
export function meetNeed(state: SessionState, need: Need, part: Part | undefined): SessionState {
  const current = state.needs[need.partId];
  if (current === undefined || current.seq !== need.seq) return state;
  if (part === undefined) return withoutNeed(state, need.partId);
  let whole: SessionState = putPart(state, part, need.seq);
  for (const delta of current.deltas) whole = extendPart(whole, delta, state.lastSeq);
  return whole;
}

/** Gives unread messages the parts of a page that was read after they were told of; an older page is ignored for them. */
export function meetUnread(
  state: SessionState,
  page: { items: readonly Message[]; seq: number },
): SessionState {
  const unread = { ...state.unread };
  const messages = state.messages.map((message) => {
    const told = unread[message.info.id];
    const found =
      told !== undefined && page.seq >= told && page.items.find((item) => item.info.id === message.info.id);
    if (!found) return message;
    delete unread[message.info.id];
    return { info: message.info, parts: found.parts };
  });
  return { ...state, messages, unread };
}

function withParts(
  state: SessionState,
  messageId: string,
  seq: number,
  change: (parts: readonly Part[]) => readonly Part[],
): SessionState {
  const index = findMessage(state, messageId);
  const message = state.messages[index];
  if (message !== undefined) {
    const messages = state.messages.with(index, { info: message.info, parts: [...change(message.parts)] });
    if (!(messageId in state.unread)) return { ...state, messages };
    return { ...state, messages, unread: { ...state.unread, [messageId]: seq } };
  }
  const waiting = state.unplaced[messageId] ?? NO_PARTS;
  const parts = change(waiting.parts);
  // A message that nothing was told of may be of an older page.
  const unloadedSeq = waiting.info === undefined ? seq : state.unloadedSeq;
  return { ...state, unloadedSeq, unplaced: { ...state.unplaced, [messageId]: { ...waiting, parts } } };
}

function partsOf(state: SessionState, messageId: string): readonly Part[] | undefined {
  return state.messages[findMessage(state, messageId)]?.parts ?? state.unplaced[messageId]?.parts;
}

function withNeed(state: SessionState, need: Need): SessionState {
  return { ...state, needs: { ...state.needs, [need.partId]: need } };
}

function withoutNeed(state: SessionState, partId: string): SessionState {
  if (!(partId in state.needs)) return state;
  const { [partId]: _met, ...needs } = state.needs;
  return { ...state, needs };
}

/** Changes come at the end of a history, so it is searched from there. */
const findMessage = (state: SessionState, id: string): number =>
  state.messages.findLastIndex((item) => item.info.id === id);
const findPart = (parts: readonly Part[], id: string): number =>
  parts.findLastIndex((part) => part.id === id);

/** An item without an ordinal goes last; equal ordinals keep the order in which they came. */
function insertByOrdinal<T>(
  items: readonly T[],
  item: T,
  ordinalOf: (item: T) => number | undefined,
): readonly T[] {
  const ordinal = ordinalOf(item) ?? Number.POSITIVE_INFINITY;
  const before = items.findLastIndex((other) => (ordinalOf(other) ?? Number.NEGATIVE_INFINITY) <= ordinal);
  return items.toSpliced(before + 1, 0, item);
}
