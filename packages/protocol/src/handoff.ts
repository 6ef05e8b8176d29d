import type { Part, TextPart } from "./part.ts";

/** What marks the part of a user message that holds a handoff, or a note of what the user did meanwhile (W-6). */
const HANDOFF = "handoff";
const NOTE = "note";
/** And what the subtasks of an input came to. */
const SUBTASKS = "subtasks";
/** And the one of a message that the server writes itself, when an answer is not what was asked for. */
const CORRECTION = "correction";
/** And the one of a message that stands where the agent began to work by itself, and nobody asked for it. */
const OWN_WORK = "own work";

type PartKey = Pick<TextPart, "id" | "sessionId" | "messageId">;

/** A handoff as it is stored, on the user message that it goes out with: machine-written, sent before the user's own words. */
export const handoffPart = (place: PartKey, text: string, now: number): TextPart =>
  preamble(HANDOFF, place, text, now);

/** The same for a note: what the user decided about the agent's changes since its last turn. */
export const notePart = (place: PartKey, text: string, now: number): TextPart =>
  preamble(NOTE, place, text, now);

/** The same for what subtasks came to, which ran before the message. */
export const subtasksPart = (place: PartKey, text: string, now: number): TextPart =>
  preamble(SUBTASKS, place, text, now);

/** What an agent is told whose answer does not fit: the one text of a user message of its own. */
export const correctionPart = (place: PartKey, text: string, now: number): TextPart =>
  preamble(CORRECTION, place, text, now);

/** What stands for people where an agent began to work by itself: the one text of a message of its own, sent to nobody. */
export const ownWorkPart = (place: PartKey, now: number): TextPart => ({
  ...preamble(OWN_WORK, place, "A background task ended.", now),
  ignored: true,
});

function preamble(mark: string, place: PartKey, text: string, now: number): TextPart {
  return {
    ...place,
    type: "text",
    text,
    synthetic: true,
    time: { start: now, end: now },
    metadata: { holdfast: mark },
  };
}

/**
 * Whether a part is a handoff that the server made. An input's own parts have no `time`, so nobody can pass words of his off as one.
 */
export const isHandoffPart = (part: Part): boolean => isMarked(part, HANDOFF);

/** The same of a note. */
export const isNotePart = (part: Part): boolean => isMarked(part, NOTE);

/** The same of what subtasks came to. */
export const isSubtasksPart = (part: Part): boolean => isMarked(part, SUBTASKS);

/** Whether a part of a user message was made by the server and is none of the user's words. */
export const isPreamblePart = (part: Part): boolean =>
  isHandoffPart(part) || isNotePart(part) || isSubtasksPart(part) || isCorrectionPart(part);

/** Whether a part is what the server told an agent whose answer did not fit. */
export const isCorrectionPart = (part: Part): boolean => isMarked(part, CORRECTION);

/** Whether a part says that its agent began to work by itself. */
export const isOwnWorkPart = (part: Part): boolean => isMarked(part, OWN_WORK);

function isMarked(part: Part, mark: string): boolean {
  return (
    part.type === "text" &&
    part.synthetic === true &&
    part.time !== undefined &&
    part.metadata?.["holdfast"] === mark
  );
}
