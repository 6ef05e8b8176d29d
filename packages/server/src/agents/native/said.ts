/** What the program says, as events of the port. */
import type { Content, Said } from "@holdfast/native";
import type { MessageId, PartId } from "@holdfast/protocol";
import type { NoteThrottle } from "../note-throttle.ts";
import type { AgentEvent, ChildEvent, ContentEvent, NoteEvent, StateEvent } from "../port.ts";

/** What belongs to a prompt, and what may come at any time. */
export type Told =
  | { is: "turn"; event: ContentEvent | ChildEvent }
  | { is: "any"; event: StateEvent | NoteEvent };

/** `undefined`: a note that is only counted. */
export function toldBy(said: Said, notes: NoteThrottle): Told | undefined {
  switch (said.type) {
    case "usage":
    case "info":
      return { is: "any", event: said as StateEvent };
    case "outputCleared": {
      const [messageId, partId] = [said.messageId as MessageId, said.partId as PartId];
      return { is: "any", event: { type: "rowCleared", messageId, partId, time: said.time } };
    }
    case "notice": {
      const event = notes.note("notice", said.kind, said.tail.length, said.tail);
      return event && { is: "any", event };
    }
    case "child": {
      const { childId, told } = said;
      const named = told.type === "said" ? { ...told, event: contentOf(told.event) } : told;
      return { is: "turn", event: { type: "child", childId, told: named } as ChildEvent };
    }
    default:
      return { is: "turn", event: contentOf(said) };
  }
}

/** What a turn does not take any more. */
export const lateNote = (said: Said, notes: NoteThrottle): AgentEvent | undefined => {
  const text = JSON.stringify(said);
  return notes.note("late", said.type, text.length, text);
};

/** JSON knows no `undefined`: what is absent stays so. */
function contentOf(content: Content): ContentEvent {
  if (content.type !== "compaction") return content as ContentEvent;
  const { tailStartId, ...rest } = content;
  const tail = tailStartId === undefined ? {} : { tailMessageId: tailStartId as MessageId };
  return { ...rest, ...tail } as ContentEvent;
}
