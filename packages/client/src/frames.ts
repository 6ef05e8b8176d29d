/**
 * The frames of an SSE body, each bounded. One that is longer than any event may be is not kept: what it says of itself before its data is, so that its
 * reader goes on behind it.
 */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { HoldfastContractError } from "./error.ts";

/** `isTooLong`: the data was passed over. */
export type Frame = EventSourceMessage & { isTooLong?: true };

/** Longest frame, in characters: an event's data is at most 256 KiB (D-4), JSON may write each byte as six. */
const MAX_FRAME_LENGTH = 2 * 1024 * 1024;
/** Characters of a frame that are passed over before the stream is called broken: twelve times the largest body that a server takes. */
const MAX_PASSED_LENGTH = 192 * 1024 * 1024;
/** Characters at its beginning in which a frame names its id and type. */
const HEAD_LENGTH = 4_096;

const END = /\r?\n\r?\n|\r\r/g;
/** Characters of an end that may be in the piece before. */
const END_LENGTH = 4;

export class FrameReader {
  /** Pieces of the frame that has no end yet, how much of it came, and its last characters. */
  #held: string[] = [];
  #length = 0;
  #tail = "";
  /** The frame that is passed over. */
  #passing: Frame | undefined;
  readonly #ready: Frame[] = [];
  readonly #parser = createParser({ onEvent: (frame) => this.#ready.push(frame) });

  /** The frames that are whole now. Throws HoldfastContractError for a stream that is none of ours. */
  feed(piece: string): Frame[] {
    let rest = piece;
    for (let end = this.#endIn(rest); end !== undefined; end = this.#endIn(rest)) {
      this.#hold(rest.slice(0, end));
      if (this.#passing === undefined) this.#parser.feed(this.#held.join(""));
      else this.#ready.push(this.#passing);
      this.#passing = undefined;
      this.#held = [];
      this.#length = 0;
      this.#tail = "";
      rest = rest.slice(end);
    }
    this.#hold(rest);
    return this.#ready.splice(0);
  }

  #endIn(rest: string): number | undefined {
    END.lastIndex = 0;
    return END.test(this.#tail + rest) ? END.lastIndex - this.#tail.length : undefined;
  }

  #hold(text: string): void {
    this.#held.push(text);
    this.#length += text.length;
    this.#tail = (this.#tail + text).slice(-END_LENGTH);
    if (this.#length <= MAX_FRAME_LENGTH) return;
    if (this.#length > MAX_PASSED_LENGTH)
      throw new HoldfastContractError("A frame of the event stream has no end.");
    this.#passing ??= tooLong(this.#held.join("").slice(0, HEAD_LENGTH));
    this.#held = [];
  }
}

function tooLong(head: string): Frame {
  const field = (name: string) => new RegExp(`^${name}: ?(.*)[\r\n]`, "m").exec(head)?.[1];
  const id = field("id");
  if (id === undefined)
    throw new HoldfastContractError("A frame of the event stream is too long and has no id.");
  return { id, event: field("event"), data: "", isTooLong: true };
}

/** What a frame holds, of this shape. Throws HoldfastContractError. */
export function readFrame<T>(frame: Frame, schema: { parse(value: unknown): T }): T {
  try {
    return schema.parse(JSON.parse(frame.data));
  } catch (error) {
    throw new HoldfastContractError(
      `A frame of the event stream (${frame.event ?? "message"}) cannot be read.`,
      error,
    );
  }
}
