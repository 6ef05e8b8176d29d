/**
 * Readers of shares, live (S-11, S-19, S-31).
 *
 *   catching up ── all read ──► live ── events that go on from its place ──► live
 *        ▲                        │ a jump, a gap, or a backlog that was read from elsewhere
 *        └────────────────────────┘
 *
 * What a command told is one array for all readers of its share, so that one encoding serves them all. A reader that is behind reads what it missed as
 * it is now. Each is looked at again when refs of its share change, and when its own ref is due: none outlives its ref, also when nothing happens.
 */
import {
  type Clock,
  errorText,
  HoldfastError,
  isHoldfastError,
  type Logger,
  MAX_TIMER_MS,
  parseCount,
  type Timer,
  within,
} from "@holdfast/kernel";
import {
  type NotedEvent,
  replayAfter,
  type ReplayPage,
  type ShareNote,
  type ShareRow,
  type ShareStore,
} from "../store/index.ts";
import type { ShareEnd, ShareEvent, ShareSink, ShareSubscription, SubscribeRequest } from "./contract.ts";

/** Bytes that may wait for one reader before it is cut; it goes on by its cursor. */
const BACKLOG_BYTES = 4 * 1024 * 1024;

/** How long a reader that takes nothing is waited for while it catches up, in ms. */
const STALL_MS = 60_000;

/** What came of looking at a ref: the ms until it ends by itself, undefined for never; or the refusal, where it has ended. */
export type Standing = { endsIn: number | undefined } | { refusal: unknown };
/** Looks at a reader's ref again. `seen` holds what came of others in the same pass, so that a ref of many readers is looked at once. */
export type Recheck = (seen: Map<string, Standing>) => Standing;

export class LiveReaders {
  readonly #store: ShareStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #byShare = new Map<string, Set<Reader>>();
  readonly #stopListening: () => void;

  constructor(store: ShareStore, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#stopListening = store.onNotes((notes) => this.#hear(notes));
  }

  countOf(shareId: string): number {
    return [...(this.#byShare.get(shareId) ?? [])].filter(({ isStream }) => isStream).length;
  }

  /** Begins a stream at a place: says where it is, and then what comes behind it. */
  open(shareId: string, place: Place, recheck: Recheck, sink: ShareSink): ShareSubscription {
    const { after, lastSeq, storeId, reset } = place;
    const reader = this.#keep(shareId, { after, recheck, sink });
    sink.control({ type: "hello", data: { storeId, lastSeq } });
    if (reset !== undefined)
      sink.control({ type: "reset", data: { reason: reset, lastSeq, state: statePaths(shareId) } });
    reader.start();
    return reader;
  }

  /** Watches a ref without a stream. */
  watch(shareId: string, recheck: Recheck, onEnd: () => void): () => void {
    const reader = this.#keep(shareId, { after: 0, recheck, sink: undefined });
    void this.#tellEnd(reader, onEnd);
    return () => reader.close("left");
  }

  close(): void {
    this.#stopListening();
    for (const readers of this.#byShare.values()) for (const reader of readers) reader.close("stopped");
  }

  #keep(shareId: string, what: Pick<ReaderOptions, "after" | "recheck" | "sink">): Reader {
    const [store, clock, logger] = [this.#store, this.#clock, this.#logger];
    const reader = new Reader({ shareId, store, clock, logger, ...what });
    const readers = this.#byShare.get(shareId) ?? new Set();
    this.#byShare.set(shareId, readers.add(reader));
    void this.#forget(shareId, reader, readers);
    reader.check();
    return reader;
  }

  async #tellEnd(reader: Reader, onEnd: () => void): Promise<void> {
    if ((await reader.closed) !== "left") onEnd();
  }

  async #forget(shareId: string, reader: Reader, readers: Set<Reader>): Promise<void> {
    await reader.closed;
    readers.delete(reader);
    if (readers.size === 0) this.#byShare.delete(shareId);
  }

  #hear(notes: readonly ShareNote[]): void {
    for (const note of notes) {
      const readers = this.#byShare.get(note.shareId);
      if (readers === undefined || note.kind === "blobsGone") continue;
      const batch = note.kind === "events" ? chained(note.events) : undefined;
      const seen = new Map<string, Standing>();
      for (const reader of readers) {
        if (note.kind === "access") reader.check(seen);
        else reader.offer(batch);
      }
    }
  }
}

/** Where a stream begins. */
export type Place = {
  after: number;
  lastSeq: number;
  storeId: string;
  /** Why it does not begin at the cursor that was given. */
  reset: "retention" | "ahead" | "store" | undefined;
};

/** At the cursor, from now without one, and with a reset where the cursor leads nowhere (interfaces.md section 0). Throws CURSOR_INVALID. */
export function placeOf(share: ShareRow, storeId: string, { after, store }: SubscribeRequest): Place {
  const lastSeq = share.last_seq;
  if (after === undefined) return { after: lastSeq, lastSeq, storeId, reset: undefined };
  const seq = parseCount(after);
  if (seq === undefined)
    throw new HoldfastError("CURSOR_INVALID", "The cursor is not one that this service gave out.");
  const reset =
    store !== undefined && store !== storeId
      ? "store"
      : seq > lastSeq
        ? "ahead"
        : seq > 0 && seq < share.trimmed_seq
          ? "retention"
          : undefined;
  return { after: reset === undefined ? seq : lastSeq, lastSeq, storeId, reset };
}

/** What to read instead of events that cannot be told one by one. */
function statePaths(shareId: string): string[] {
  const path = `/api/shares/${shareId}`;
  return [path, `${path}/messages`, `${path}/changes`, `${path}/comments`];
}

/** Events of one commit as readers get them who had the one before. */
const chained = (events: readonly NotedEvent[]): ShareEvent[] =>
  events.map(({ seq, type, time, data }) => ({ seq, prev: seq - 1, type, time, data }));

type ReaderOptions = {
  shareId: string;
  after: number;
  store: ShareStore;
  clock: Clock;
  logger: Logger;
  recheck: Recheck;
  sink: ShareSink | undefined;
};

class Reader implements ShareSubscription {
  readonly closed: Promise<ShareEnd>;
  readonly #options: ReaderOptions;
  #resolve: (reason: ShareEnd) => void = () => undefined;
  #isClosed = false;
  #isLive = false;
  #isReading = false;
  /** How far the reader is current, and the seq of the last event that it got. */
  #through: number;
  #prev: number | undefined;
  #expiry: Timer | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#through = options.after;
    this.#prev = options.after;
    this.closed = new Promise((resolve) => (this.#resolve = resolve));
    options.sink?.onLeave(() => this.close("left"));
  }

  get isStream(): boolean {
    return this.#options.sink !== undefined;
  }

  /** Reads on from its place until it has all, then goes live. */
  start(): void {
    this.#catchUp().catch((error: unknown) => this.#fail(error));
  }

  /** What was committed for its share; undefined where that is to be read. */
  offer(batch: readonly ShareEvent[] | undefined): void {
    const { sink } = this.#options;
    if (sink === undefined || !this.#isLive || this.#isClosed) return;
    const [first] = batch ?? [];
    if (batch === undefined || first === undefined || first.seq !== this.#through + 1) {
      if (first !== undefined && (batch?.at(-1)?.seq ?? 0) <= this.#through) return;
      this.start();
      return;
    }
    try {
      this.#send(batch, first);
      if (sink.backlog() > BACKLOG_BYTES) this.close("overflow");
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends when its ref has ended, and sees to it that it is looked at again when that is due. */
  check(seen = new Map<string, Standing>()): void {
    if (this.#isClosed) return;
    this.#expiry?.cancel();
    const standing = this.#options.recheck(seen);
    if ("refusal" in standing) {
      if (isHoldfastError(standing.refusal)) this.close("revoked");
      else this.#fail(standing.refusal);
    } else if (standing.endsIn !== undefined) {
      const ms = Math.min(Math.max(standing.endsIn, 1), MAX_TIMER_MS);
      this.#expiry = this.#options.clock.after(ms, () => this.check());
    }
  }

  close(reason: ShareEnd = "left"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#expiry?.cancel();
    if (reason !== "left") this.#options.sink?.end(reason);
    this.#resolve(reason);
  }

  async #catchUp(): Promise<void> {
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    const wasLive = this.#isLive;
    this.#isLive = false;
    const { sink, store, shareId, clock } = this.#options;
    for (;;) {
      const page: ReplayPage = store.read((sql) => replayAfter(sql, shareId, this.#through, clock.now()));
      this.#sendPage(page);
      if (this.#through >= page.last || this.#hasEnded()) break;
      await this.#drain();
      if (this.#hasEnded()) break;
    }
    this.#isReading = false;
    if (this.#hasEnded()) return;
    // Nothing was awaited since the last page, so nothing was committed that is not in it.
    this.#isLive = true;
    if (!wasLive) sink?.control({ type: "caught-up", data: {} });
  }

  /** Lets others have their turn, and waits for a reader that has not taken what it was sent. */
  async #drain(): Promise<void> {
    const { sink, clock } = this.#options;
    await new Promise((resolve) => setImmediate(resolve));
    if (sink === undefined || this.#hasEnded() || sink.backlog() === 0) return;
    const taken = await within(
      clock,
      STALL_MS,
      sink.drained().then(() => true),
    );
    if (taken === undefined) this.close("overflow");
  }

  #hasEnded(): boolean {
    return this.#isClosed;
  }

  #sendPage({ events, through }: ReplayPage): void {
    let prev = this.#prev;
    const batch = events.map((event): ShareEvent => {
      const chainedEvent = { ...event, prev };
      prev = event.seq;
      return chainedEvent;
    });
    this.#prev = prev;
    this.#through = through;
    if (batch.length > 0) this.#options.sink?.deliver(batch);
  }

  /** The batch itself, unless the reader's last event is not the one before it: then its first one says so. */
  #send(batch: readonly ShareEvent[], first: ShareEvent): void {
    const isShared = first.prev === this.#prev;
    const events = isShared ? batch : [{ ...first, prev: this.#prev }, ...batch.slice(1)];
    this.#through = batch.at(-1)?.seq ?? this.#through;
    this.#prev = this.#through;
    this.#options.sink?.deliver(events);
  }

  #fail(error: unknown): void {
    this.#options.logger.warn({ shareId: this.#options.shareId, error: errorText(error) }, "a stream broke");
    this.close("failed");
  }
}
