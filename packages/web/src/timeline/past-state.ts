/** The state at a step: the one reducer over the frames of its log (I-14), with a window of the newest messages, so that memory stays bounded. */
import { reduce, type SessionState } from "@holdfast/client";
import type { Message, Part, SessionEvent } from "@holdfast/protocol";
import type { Frame } from "./turn-frames.ts";

/** Messages that a past state shows, newest last; what is before them is at earlier steps. */
export const WINDOW_MESSAGES = 60;
/** Characters of text that they may have together; the newest turn is shown whatever it weighs. */
const WINDOW_CHARS = 512 * 1024;
/** A message without text counts as this many characters. */
const MESSAGE_CHARS = 256;

/** The state after some more frames. Their events get numbers of their own, as the rows they are of were written in another order. */
export function advance(state: SessionState, frames: readonly Frame[]): SessionState {
  let next = state;
  for (const { events } of frames)
    for (const event of events) next = reduce(next, { ...event, seq: next.lastSeq + 1 });
  return next;
}

/** Leaves the newest messages, their turns, and what waits. */
export function trim(state: SessionState): SessionState {
  const from = firstKept(state.messages);
  const messages = from === 0 ? state.messages : state.messages.slice(from);
  const kept = new Set(messages.map(({ info }) => info.turnId as string));
  const turns = Object.fromEntries(Object.entries(state.turns).filter(([id]) => kept.has(id)));
  const ids = new Set(messages.map(({ info }) => info.id as string));
  const needs = Object.fromEntries(
    Object.entries(state.needs).filter(([, { messageId }]) => ids.has(messageId)),
  );
  const loadedFrom = from === 0 ? state.loadedFrom : (messages[0]?.info.ordinal ?? state.loadedFrom);
  return { ...state, messages, turns, needs, unplaced: {}, unread: {}, loadedFrom };
}

function firstKept(messages: readonly Message[]): number {
  const last = messages.at(-1)?.info.turnId;
  let chars = 0;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message === undefined) break;
    chars += message.parts.reduce((sum, part) => sum + weightOf(part), MESSAGE_CHARS);
    const isFull = messages.length - index > WINDOW_MESSAGES || chars > WINDOW_CHARS;
    if (isFull && message.info.turnId !== last) return index + 1;
  }
  return 0;
}

/** About how many characters a frame holds. */
export const weightOfFrame = ({ events }: Frame): number =>
  events.reduce((sum, event) => sum + weightOfEvent(event), 0);

function weightOfEvent({ data }: SessionEvent): number {
  return MESSAGE_CHARS + ("part" in data ? weightOf(data.part) : 0);
}

function weightOf(part: Part): number {
  if (part.type === "text" || part.type === "reasoning") return part.text.length;
  if (part.type !== "tool") return MESSAGE_CHARS;
  const { state, diffs = [] } = part;
  const output = "output" in state ? (state.output?.length ?? 0) : 0;
  return diffs.reduce(
    (sum, diff) => sum + diff.newText.length + (diff.oldText?.length ?? 0),
    output + state.raw.length,
  );
}
