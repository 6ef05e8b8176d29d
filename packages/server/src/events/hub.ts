/**
 * Replay from a cursor, then live, for every reader of every log (D-22 to D-25). One listener hears the store's commits; each event is
 * encoded once per log that somebody reads, and every reader gets the frames of one commit group in one write (D-24).
 */
import { type Clock, errorText, HoldfastError, type Logger, type Timer } from "@holdfast/kernel";
import { HEARTBEAT_MS } from "@holdfast/protocol";
import type { CommittedEvent } from "../store/index.ts";
import { Batch } from "./batch.ts";
import { catchUp } from "./catch-up.ts";
import { controlFrame } from "./frame.ts";
import { type EventStore, locate, type Log, logKeys, openLog, type Resume, type Target } from "./log.ts";
import { type EndReason, type Sink, Subscriber } from "./subscriber.ts";

export type EventsDeps = { store: EventStore; clock: Clock; logger: Logger };

/** A running stream. */
export type Subscription = { readonly closed: Promise<EndReason>; close(reason?: EndReason): void };

export type Events = {
  /**
   * Checks the target and the cursor, then calls `open` once and streams into it. Rejects before `open` with CURSOR_INVALID,
   * NOT_FOUND or SHUTTING_DOWN; whatever happens later ends the sink.
   */
  subscribe(target: Target, resume: Resume, open: () => Sink): Promise<Subscription>;
  /** Streams that are open now. */
  count(): number;
  /** Ends every stream and hears no more commits. */
  close(): void;
};

type Channel = { log: Log; subscribers: Set<Subscriber> };

const HEARTBEAT = Buffer.from(controlFrame("heartbeat", {}));

/** Opens the event feed of a store. */
export function createEvents(deps: EventsDeps): Events {
  return new Hub(deps);
}

class Hub implements Events {
  readonly #deps: EventsDeps;
  readonly #channels = new Map<string, Channel>();
  readonly #open = new Set<Subscriber>();
  readonly #stopListening: () => void;
  #beat: Timer | undefined;
  #isClosed = false;

  constructor(deps: EventsDeps) {
    this.#deps = deps;
    this.#stopListening = deps.store.onCommit((events) => this.#publish(events));
  }

  async subscribe(target: Target, resume: Resume, open: () => Sink): Promise<Subscription> {
    const log = openLog(this.#deps.store, target);
    const place = await locate(log, this.#deps.store, resume);
    if (this.#isClosed) throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down.");
    const subscriber = new Subscriber(log, open(), (closed) => this.#remove(log, closed));
    this.#open.add(subscriber);
    this.#scheduleBeat();
    const register = (): void => this.#register(log, subscriber);
    const run = this.#stream(log, subscriber, place, register);
    run.catch((error: unknown) => {
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
    this.#beat?.cancel();
    for (const subscriber of this.#open) subscriber.close("stopped");
  }

  async #stream(
    log: Log,
    subscriber: Subscriber,
    place: Awaited<ReturnType<typeof locate>>,
    register: () => void,
  ): Promise<void> {
    if (place.after !== undefined) {
      subscriber.writeControl(log.hello(place.last));
      await catchUp(log, subscriber, place.after, register, this.#deps.clock);
    } else {
      register();
      const last = await log.last();
      subscriber.writeControl(log.hello(last));
      if (place.reset !== undefined) subscriber.writeControl(log.reset(place.reset, last));
      subscriber.startAt(last);
      subscriber.goLive();
    }
    // A session that was deleted before it was registered says nothing any more: its end must not be waited for.
    if (!subscriber.isClosed) await log.last().catch(() => subscriber.close("over"));
  }

  #publish(events: readonly CommittedEvent[]): void {
    if (this.#channels.size === 0) return;
    const perChannel = new Map<Channel, CommittedEvent[]>();
    for (const event of events) {
      for (const key of logKeys(event)) {
        const channel = this.#channels.get(key);
        if (channel === undefined) continue;
        const list = perChannel.get(channel);
        if (list === undefined) perChannel.set(channel, [event]);
        else list.push(event);
      }
    }
    for (const [channel, list] of perChannel) this.#deliver(channel, new Batch(channel.log, list));
  }

  #deliver(channel: Channel, batch: Batch): void {
    for (const subscriber of channel.subscribers) {
      try {
        subscriber.offer(batch);
      } catch (error) {
        this.#deps.logger.warn({ log: channel.log.key, error: errorText(error) }, "a stream broke");
        subscriber.close("failed");
      }
    }
  }

  #register(log: Log, subscriber: Subscriber): void {
    if (subscriber.isClosed) return;
    subscriber.hold();
    const channel = this.#channels.get(log.key) ?? { log, subscribers: new Set() };
    channel.subscribers.add(subscriber);
    this.#channels.set(log.key, channel);
  }

  #remove(log: Log, subscriber: Subscriber): void {
    this.#open.delete(subscriber);
    const channel = this.#channels.get(log.key);
    channel?.subscribers.delete(subscriber);
    if (channel?.subscribers.size === 0) this.#channels.delete(log.key);
    if (this.#open.size === 0) {
      this.#beat?.cancel();
      this.#beat = undefined;
    }
  }

  #scheduleBeat(): void {
    this.#beat ??= this.#deps.clock.after(HEARTBEAT_MS, () => {
      this.#beat = undefined;
      for (const subscriber of this.#open) if (subscriber.isLive) subscriber.sink.write(HEARTBEAT);
      if (this.#open.size > 0 && !this.#isClosed) this.#scheduleBeat();
    });
  }
}
