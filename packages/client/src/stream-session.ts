/**
 * A session's own event stream, resumed by `seq` (D-22, D-23). Invariants: an event is yielded at most once and in order; one with
 * `prev` above the last seq is never yielded (that is loss: the stream goes back to its cursor); the store's id is adopted only once its
 * `reset` was seen, so that a connection lost in between cannot hide that the store is another. An event that only names its row (D-4) is yielded with
 * the row, which is read before its place is taken.
 */
import {
  EVENT_DATA,
  EVENT_VERSION,
  type EventOutline,
  eventOutlineSchema,
  type FeedEvent,
  type EventType,
  helloSchema,
  isNamed,
  resetSchema,
  type SessionEvent,
} from "@holdfast/protocol";
import { HoldfastContractError } from "./error.ts";
import { type Frame, readFrame } from "./frames.ts";
import { readRow } from "./read-row.ts";
import {
  type Disconnected,
  followStream,
  type Reader,
  STREAM_LIMITS,
  StreamLoss,
  type StreamLimits,
  type Taken,
} from "./stream.ts";
import type { Transport } from "./transport.ts";

export type SessionStreamOptions = {
  sessionId: string;
  /** The last seq the caller has; absent: from now; 0: from the oldest kept. */
  after?: number;
  /** The store that `after` is from, as `hello` told it. */
  storeId?: string;
  /** Ends the stream; the generator then returns without an error. */
  signal: AbortSignal;
  limits?: Partial<StreamLimits>;
};

export type SessionStreamItem =
  | { kind: "event"; event: SessionEvent }
  | { kind: "hello"; storeId: string; lastSeq: number }
  /** The replay is over; what follows is live. */
  | { kind: "caught-up" }
  /**
   * The cursor could not be honoured, or an event was too long to be taken: read the state again (`state` names the paths); what follows comes after
   * `lastSeq`.
   */
  | { kind: "reset"; reason: "retention" | "ahead" | "store" | "tooLong"; lastSeq: number; state: string[] }
  | { kind: "heartbeat" }
  /** An event that this client does not understand (D-25); its seq counts as seen. */
  | { kind: "unknown"; type: string; seq: number }
  /** The server jumped over events; the stream connects again from `seq`. */
  | { kind: "loss"; seq: number; prev: number }
  | Disconnected;

type Item = Exclude<SessionStreamItem, Disconnected>;

export async function* streamSession(
  transport: Transport,
  options: SessionStreamOptions,
): AsyncGenerator<SessionStreamItem> {
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const path = `/api/sessions/${encodeURIComponent(options.sessionId)}/events`;
  const reader = new SessionReader(transport, options, limits.losses);
  for await (const item of followStream<Item>(transport, path, reader, options.signal, limits)) {
    if (item.kind === "disconnected" && item.error instanceof SessionLoss) yield item.error.item;
    yield item;
  }
}

class SessionLoss extends StreamLoss {
  readonly item: Extract<Item, { kind: "loss" }>;

  constructor(item: Extract<Item, { kind: "loss" }>) {
    super(`The stream went from event ${item.seq} to one that follows ${item.prev}.`);
    this.item = item;
  }
}

class SessionReader implements Reader<Item> {
  #seq: number | undefined;
  #storeId: string | undefined;
  #offered: string | undefined;
  #losses = 0;
  readonly #lossLimit: number;
  readonly #transport: Transport;

  constructor(
    transport: Transport,
    from: Pick<SessionStreamOptions, "after" | "storeId">,
    lossLimit: number,
  ) {
    this.#transport = transport;
    this.#seq = from.after;
    this.#storeId = from.storeId;
    this.#lossLimit = lossLimit;
  }

  resume() {
    const after = this.#seq;
    return {
      query: { after, store: this.#storeId },
      lastEventId: after === undefined ? undefined : String(after),
    };
  }

  async take(frame: Frame, signal: AbortSignal): Promise<Taken<Item>> {
    switch (frame.event) {
      case "hello":
        return quiet(this.#greet(frame));
      case "caught-up":
        this.#storeId = this.#offered ?? this.#storeId;
        return quiet({ kind: "caught-up" });
      case "reset":
        return quiet(this.#reset(frame));
      case "heartbeat":
        return quiet({ kind: "heartbeat" });
      default:
        return this.#takeEvent(frame, signal);
    }
  }

  #greet(frame: Frame): Item {
    const hello = readFrame(frame, helloSchema.required({ lastSeq: true }));
    this.#offered = hello.storeId;
    this.#seq ??= hello.lastSeq;
    return { kind: "hello", storeId: hello.storeId, lastSeq: hello.lastSeq };
  }

  #reset(frame: Frame): Item {
    const { reason, lastSeq, state } = readFrame(frame, resetSchema.required({ lastSeq: true }));
    this.#seq = lastSeq;
    this.#storeId = this.#offered ?? this.#storeId;
    return { kind: "reset", reason, lastSeq, state };
  }

  async #takeEvent(frame: Frame, signal: AbortSignal): Promise<Taken<Item>> {
    // A frame without an id is a control frame that this client does not know.
    if (frame.id === undefined) return { items: [], progress: false };
    if (frame.isTooLong === true) return this.#passOver(Number(frame.id));
    const outline = readFrame(frame, eventOutlineSchema);
    const last = this.#seq ?? outline.prev;
    if (outline.seq <= last) return { items: [], progress: false };
    if (outline.prev > last) return this.#lose({ kind: "loss", seq: last, prev: outline.prev });
    const event = await readEvent(this.#transport, outline, signal);
    this.#seq = outline.seq;
    this.#losses = 0;
    if (event === undefined) {
      return { items: [{ kind: "unknown", type: outline.type, seq: outline.seq }], progress: true };
    }
    return { items: [{ kind: "event", event }], progress: true, over: event.type === "session.deleted" };
  }

  /** What it told of stands in the rows. */
  #passOver(seq: number): Taken<Item> {
    const last = this.#seq;
    if (last !== undefined && seq <= last) return { items: [], progress: false };
    this.#seq = seq;
    return { items: [{ kind: "reset", reason: "tooLong", lastSeq: seq, state: [] }], progress: true };
  }

  #lose(item: Extract<Item, { kind: "loss" }>): never {
    this.#losses += 1;
    if (this.#losses >= this.#lossLimit) {
      throw new HoldfastContractError(
        `The event stream lost what lies between ${item.seq} and ${item.prev}, ${this.#losses} times in a row. Read the session again.`,
      );
    }
    throw new SessionLoss(item);
  }
}

const quiet = (item: Item) => ({ items: [item], progress: false });

/** The event, if this client knows its type and version and its data is what they say; with the row that it names. Rejects as `readRow` does. */
async function readEvent(
  transport: Transport,
  outline: EventOutline,
  signal: AbortSignal,
): Promise<SessionEvent | undefined> {
  const event = knownEvent(outline);
  if (event === undefined || !isNamed(event.data)) return event;
  const data = await readRow(transport, event, signal);
  return data && ({ ...event, data } as SessionEvent);
}

function knownEvent(outline: EventOutline): SessionEvent | undefined {
  if (!(outline.type in EVENT_DATA) || outline.version > EVENT_VERSION) return undefined;
  const data = EVENT_DATA[outline.type as EventType].safeParse(outline.data);
  return data.success ? ({ ...outline, data: data.data } as SessionEvent) : undefined;
}

/**
 * An event that came by a feed, as the session's own stream gives it; `prev` is the seq that the caller has. Undefined when it only names its row: the
 * session's stream has that.
 */
export function readFeedEvent(
  feedEvent: FeedEvent,
  prev: number,
): Extract<SessionStreamItem, { kind: "event" | "unknown" }> | undefined {
  if (isNamed(feedEvent.data)) return undefined;
  const outline = eventOutlineSchema.safeParse({ ...feedEvent, prev }).data;
  const event = outline === undefined ? undefined : knownEvent(outline);
  if (event !== undefined) return { kind: "event", event };
  return { kind: "unknown", type: feedEvent.type, seq: feedEvent.seq ?? prev };
}
