import { cleanText, redact } from "@holdfast/kernel";
import type { AgentEvent, ContentEvent, NoteEvent } from "../../agents/index.ts";
import type { ProgressOp } from "../../store/index.ts";

/** Most units of a note's tail; the rest of what came is only counted. */
const TAIL_UNITS = 4_096;

/** A diagnostic as a row of the log. */
export function noteOp(agent: string, event: NoteEvent): ProgressOp {
  const data = {
    agent,
    kind: cleanText(event.kind),
    bytes: event.bytes,
    tail: cleanText(event.tail.slice(-TAIL_UNITS)),
  };
  return { op: "note", type: `agent.${event.type}`, data };
}

/** Content that came after its turn was fenced: kept for diagnostics, never in a message. */
export function lateNote(mask: (text: string) => string, event: ContentEvent): NoteEvent {
  const text = event.type === "text" || event.type === "reasoning" ? event.text : JSON.stringify(event);
  const tail = redact(mask(text.slice(-TAIL_UNITS)));
  return { type: "late", kind: event.type, bytes: Buffer.byteLength(text), tail };
}

const CONTENT: ReadonlySet<AgentEvent["type"]> = new Set<ContentEvent["type"]>([
  "text",
  "reasoning",
  "tool",
  "plan",
  "retry",
  "compaction",
  "model",
  "file",
  "step",
  "ownWork",
]);

export function isContent(event: AgentEvent): event is ContentEvent {
  return CONTENT.has(event.type);
}

export function isNote(event: AgentEvent): event is NoteEvent {
  return event.type === "notice" || event.type === "raw" || event.type === "late";
}
