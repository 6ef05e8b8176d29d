/**
 * Replay from a cursor, then live, for every reader of every log (D-22 to D-25). One listener hears the store's commits; what one
 * commit group put into a log is one array for all its readers (D-24). How it is told is the business of their sinks.
 */
import { type Clock, errorText, HoldfastError, type Logger } from "@holdfast/kernel";
import type { CommittedEvent } from "../store/index.ts";
import { catchUp } from "./catch-up.ts";
import {
  type EventStore,
  feedLog,
  locate,
  type Log,
  type LogEvent,
  logKeys,
  type Resume,
  sessionLog,
  type Target,
} from "./log.ts";
import { type EndReason, type Reader, type Sink, Subscriber } from "./subscriber.ts";

export type EventsDeps = { store: EventStore; clock: Clock; logger: Logger };

/** A running stream. */
type Subscription = { readonly closed: Promise<EndReason>; close(reason?: EndReason): void };

export type Events = {
  /**
   * Checks the target and the cursor, then calls `open` once and streams into it. Rejects before `open` with CURSOR_INVALID,
   * NOT_FOUND or SHUTTING_DOWN; whatever happens later ends the sink. Without a cursor it begins where the log ends when it is read, which may be behind
   * what the caller did meanwhile: whoever wants all of that passes the `lastSeq` from before.
   */
  subscribe(target: Target, resume: Resume, open: () => Sink): Promise<Subscription>;
  /** Streams that are open now. */
  count(): number;
  /** Ends every stream and hears no more commits. */
  close(): void;
};

/** A log that somebody reads now. */
type Channel = { entry(event: CommittedEvent): LogEvent; readers: Set<Reader> };

/** Opens the event feed of a store. */
export function createEvents(deps: EventsDeps): Events {
  return new Hub(deps);
}

class Hub implements Events {
  readonly #deps: EventsDeps;
  readonly #channels = new Map<string, Channel>();
  readonly #open = new Set<Reader>();
  readonly #stopListening: () => void;
  #isClosed = false;

  constructor(deps: EventsDeps) {
    this.#deps = deps;
    this.#stopListening = deps.store.onCommit((events) => this.#publish(events));
  }

  subscribe(target: Target, resume: Resume, open: () => Sink): Promise<Subscription> {
    const { store } = this.#deps;
    return target.kind === "session"
      ? this.#subscribe(sessionLog(store, target.sessionId), resume, open)
      : this.#subscribe(feedLog(store, target), resume, open);
  }

  async #subscribe<P>(log: Log<P>, resume: Resume, open: () => Sink): Promise<Subscription> {
    const start = await locate(log, this.#deps.store, resume);
    if (this.#isClosed) throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down.");
    const subscriber = new Subscriber(log, open(), (closed) => this.#remove(log, closed));
    this.#open.add(subscriber);
    this.#stream(log, subscriber, start).catch((error: unknown) => {
      this.#deps.logger.warn({ log: log.key, error: errorText(error) }, "a stream could not be read on");
      subscriber.close("failed");
    });
    return { closed: subscriber.closed, close: (reason = "left") => subscriber.close(reason) };
  }

  count(): number {
    return this.#open.size;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    for (const subscriber of this.#open) subscriber.close("stopped");
  }

  async #stream<P>(
    log: Log<P>,
    subscriber: Subscriber<P>,
    start: Awaited<ReturnType<typeof locate<P>>>,
  ): Promise<void> {
    const register = (): void => this.#register(log, subscriber);
    if (start.after !== undefined) {
      subscriber.say(log.hello(start.last));
      await catchUp(log, subscriber, start.after, register, this.#deps.clock);
    } else {
      register();
      const last = await log.last();
      subscriber.say(log.hello(last));
      if (start.reset !== undefined) subscriber.say(log.reset(start.reset, last));
      subscriber.startAt(last);
      subscriber.goLive();
    }
    // A session that was deleted before it was registered says nothing any more: its end must not be waited for.
    if (!subscriber.isClosed) await log.last().catch(() => subscriber.close("over"));
  }

  #publish(events: readonly CommittedEvent[]): void {
    if (this.#channels.size === 0) return;
    const perChannel = new Map<Channel, LogEvent[]>();
    for (const event of events) {
      for (const key of logKeys(event)) {
        const channel = this.#channels.get(key);
        if (channel === undefined) continue;
        const list = perChannel.get(channel);
        if (list === undefined) perChannel.set(channel, [channel.entry(event)]);
        else list.push(channel.entry(event));
      }
    }
    for (const [channel, batch] of perChannel) this.#deliver(channel, batch);
  }

  #deliver(channel: Channel, batch: readonly LogEvent[]): void {
    for (const reader of channel.readers) {
      try {
        reader.offer(batch);
      } catch (error) {
        this.#deps.logger.warn({ error: errorText(error) }, "a stream broke");
        reader.close("failed");
      }
    }
  }

  #register<P>(log: Log<P>, reader: Reader): void {
    if (reader.isClosed) return;
    reader.hold();
    const channel = this.#channels.get(log.key) ?? { entry: (event) => log.entry(event), readers: new Set() };
    channel.readers.add(reader);
    this.#channels.set(log.key, channel);
  }

  #remove<P>(log: Log<P>, reader: Reader): void {
    this.#open.delete(reader);
    const channel = this.#channels.get(log.key);
    channel?.readers.delete(reader);
    if (channel?.readers.size === 0) this.#channels.delete(log.key);
  }
}
