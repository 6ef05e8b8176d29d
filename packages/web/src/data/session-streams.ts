/**
 * Streams of single sessions, within what a browser allows (I-16). The first windows have a connection each. The others share one stream of everything:
 *
 *   wait for a leader -> catch up by a stream of one's own, which then ends -> go on by what the leader passes on -(gap, other leader)-> catch up ...
 *
 * Live events of a session have consecutive numbers, so a gap shows itself; whatever was passed on since before the catching up waits, and what is known
 * already is skipped. A row that is too large for an event comes by a stream of one's own as well. Nothing is lost or doubled that way, whoever leads (D-3).
 */
import { type FeedItem, type HoldfastClient, readFeedEvent, type SessionStreamItem } from "@holdfast/client";
import { type Heard, type Tabs, SharedStream, takeStreamSlot } from "../windows/index.ts";

export type FollowSession = {
  sessionId: string;
  after: number;
  storeId?: string | undefined;
  signal: AbortSignal;
  /** Whether this window leads what is shared, whoever did before. */
  isLeading?: boolean;
};

/** `epoch` counts the leader's connections: with another one there may be a gap before the next event. */
type Passed = { epoch: number; item: FeedItem };

export class SessionStreams {
  readonly #client: HoldfastClient;
  readonly #tabs: Tabs;

  constructor(client: HoldfastClient, tabs: Tabs) {
    this.#client = client;
    this.#tabs = tabs;
  }

  /** As the client's `streamSession`, by whichever way there is room for. */
  async *follow(options: FollowSession): AsyncGenerator<SessionStreamItem> {
    const giveBack = await takeStreamSlot(this.#tabs.locks);
    try {
      yield* giveBack === undefined ? this.#shared(options) : this.#own(options);
    } finally {
      giveBack?.();
    }
  }

  #own({ sessionId, after, storeId, signal }: FollowSession): AsyncGenerator<SessionStreamItem> {
    return this.#client.streamSession({
      sessionId,
      after,
      ...(storeId === undefined ? {} : { storeId }),
      signal,
    });
  }

  async *#shared(options: FollowSession): AsyncGenerator<SessionStreamItem> {
    const { signal, isLeading } = options;
    const everything = this.#everything().follow(signal, isLeading);
    const place = { ...options };
    try {
      let heard = await next(everything);
      while (heard !== undefined) {
        const { item } = heard.item;
        if (item.kind === "disconnected") {
          yield item;
          heard = await next(everything);
          continue;
        }
        if (yield* this.#catchUp(place)) return;
        heard = yield* goOn(place, heard, everything);
      }
    } finally {
      await everything.return(undefined);
    }
  }

  /** The stream of everything. A window that follows it may have to lead it. */
  #everything(): SharedStream<Passed> {
    let epoch = 0;
    let isLive = false;
    const client = this.#client;
    async function* open(signal: AbortSignal): AsyncGenerator<Passed> {
      for await (const item of client.streamFeed({ signal, reads: () => false })) {
        if (item.kind === "hello") epoch += 1;
        if (item.kind === "hello" || item.kind === "disconnected") isLive = item.kind === "hello";
        yield {
          epoch,
          item: item.kind === "disconnected" ? { ...item, error: new Error(item.error.message) } : item,
        };
      }
    }
    const greeting = (): Passed | undefined => (isLive ? { epoch, item: { kind: "heartbeat" } } : undefined);
    return new SharedStream<Passed>("transcripts", { open, greeting }, this.#tabs);
  }

  /** By a stream of one's own up to now; answers true when there is nothing more to follow. */
  async *#catchUp(place: FollowSession): AsyncGenerator<SessionStreamItem, boolean> {
    const own = new AbortController();
    const signal = AbortSignal.any([place.signal, own.signal]);
    let storeId: string | undefined;
    try {
      for await (const item of this.#own({ ...place, signal })) {
        if (item.kind === "hello") ({ storeId } = item);
        if (item.kind === "event") place.after = item.event.seq;
        if (item.kind === "unknown") place.after = item.seq;
        yield item;
        if (item.kind === "reset") return true;
        if (item.kind !== "caught-up") continue;
        place.storeId = storeId;
        return false;
      }
      return true;
    } finally {
      own.abort();
    }
  }
}

/** Live events by the leader, from behind `heard`; answers what ended that: a gap, another connection, the end. */
async function* goOn(
  place: FollowSession,
  heard: Heard<Passed>,
  everything: AsyncGenerator<Heard<Passed>>,
): AsyncGenerator<SessionStreamItem, Heard<Passed> | undefined> {
  for (;;) {
    const now = await next(everything);
    if (now === undefined || now.leader !== heard.leader || now.item.epoch !== heard.item.epoch) return now;
    const { item } = now.item;
    if (item.kind === "disconnected" || item.kind === "reset") return now;
    if (item.kind === "heartbeat") yield item;
    if (item.kind !== "event" || item.event.sessionId !== place.sessionId) continue;
    const seq = item.event.seq ?? 0;
    if (seq <= place.after) continue;
    if (seq > place.after + 1) return now;
    const read = readFeedEvent(item.event, place.after);
    if (read === undefined) return now;
    place.after = seq;
    yield read;
    if (item.event.type === "session.deleted") return undefined;
  }
}

async function next<T>(from: AsyncGenerator<T>): Promise<T | undefined> {
  const result = await from.next();
  return result.done === true ? undefined : result.value;
}
