import type { Part, TextPart } from "./part.ts";

/** What marks the part of a user message that holds a handoff. */
const MARK = "handoff";

/** A handoff as it is stored, on the user message that it goes out with: machine-written, sent before the user's own words. */
export function handoffPart(
  place: Pick<TextPart, "id" | "sessionId" | "messageId">,
  text: string,
  now: number,
): TextPart {
  return {
    ...place,
    type: "text",
    text,
    synthetic: true,
    time: { start: now, end: now },
    metadata: { holdfast: MARK },
  };
}

/**
 * Whether a part is a handoff that the server made. An input's own parts have no `time`, so nobody can pass words of his off as one.
 */
export function isHandoffPart(part: Part): boolean {
  return (
    part.type === "text" &&
    part.synthetic === true &&
    part.time !== undefined &&
    part.metadata?.["holdfast"] === MARK
  );
}
