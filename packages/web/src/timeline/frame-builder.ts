/**
 * The events of a session, in the order of its log, as frames: each turn is gathered until it ended, then laid out (`framesOfTurn`). Turns of a
 * session run one at a time, so their order is that of their ends. What a builder holds is the open turns' rows, and where turns ended.
 */
import { isTerminal, type SessionEvent } from "@holdfast/protocol";
import { isRequestEvent, isTurnEvent, requestOf } from "./event-kinds.ts";
import { type Frame, framesOfTurn } from "./turn-frames.ts";

type Rows = Map<string, SessionEvent>;

export class FrameBuilder {
  readonly #open: Map<string, Rows>;
  /** Turn id -> seq of its end. Shared by all copies: one that begins in the middle also knows which turns ended before. */
  readonly #ended: Map<string, number>;

  constructor(ended = new Map<string, number>(), open = new Map<string, Rows>()) {
    this.#ended = ended;
    this.#open = open;
  }

  /** Takes the next event of the log; answers the frames that it completes. */
  take(event: SessionEvent): Frame[] {
    const row = rowOf(event);
    const { turnId } = event;
    if (row === undefined || turnId === undefined) return [];
    const isOpen = this.#open.has(turnId);
    const end = this.#ended.get(turnId);
    // A row of an ended turn that was written once more, such as a part that was removed.
    if (end !== undefined && !isOpen && event.seq > end) return [{ events: [event] }];
    const rows: Rows = this.#open.get(turnId) ?? new Map<string, SessionEvent>();
    this.#open.set(turnId, rows);
    rows.delete(row);
    if (!event.type.endsWith(".removed")) rows.set(row, event);
    if (!isTurnEvent(event) || !isTerminal(event.data.turn.state)) return [];
    this.#open.delete(turnId);
    if (end === undefined) this.#ended.set(turnId, event.seq);
    return framesOfTurn([...rows.values()]);
  }

  /** What has settled of the turn that goes on. The same frames come again, perhaps with more after them, when it ended. */
  tail(): Frame[] {
    return [...this.#open.values()].flatMap((rows) => framesOfTurn([...rows.values()]));
  }

  copy(): FrameBuilder {
    return new FrameBuilder(this.#ended, new Map([...this.#open].map(([id, rows]) => [id, new Map(rows)])));
  }
}

/** The row that an event tells of, or undefined when a timeline has no use for it: deltas, whose parts come whole, and what stands outside of turns. */
function rowOf(event: SessionEvent): string | undefined {
  if (isTurnEvent(event)) return "turn";
  if (isRequestEvent(event)) return requestOf(event).id;
  switch (event.type) {
    case "message.updated":
      return event.data.message.id;
    case "message.removed":
      return event.data.messageId;
    case "message.part.updated":
      return event.data.part.id;
    case "message.part.removed":
      return event.data.partId;
    default:
      return undefined;
  }
}
