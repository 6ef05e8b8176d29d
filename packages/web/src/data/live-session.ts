/**
 * One session as the page has it: a snapshot, then its events through the one reducer, for as long as somebody looks (I-14).
 *
 *   loading -> ready -> (reset) loading ...;  loading | ready -> missing (deleted, unknown) | failed
 *
 * - Events are reduced once per frame. What is shown is always a state that the reducer made; nothing is drawn ahead of the server.
 * - After `reset` everything is read again (D-23); the old state stays on the screen until the new one is there.
 * - A page that was hidden long, or asleep, lets its stream go and resumes it by cursor: nothing is lost and nothing doubled (I-16).
 */
import {
  addOlderMessages,
  EMPTY_SESSION,
  type HoldfastClient,
  isApiError,
  isPassing,
  meetNeed,
  meetUnread,
  type Need,
  reduce,
  type SessionState,
  skipEvent,
  stateOfSnapshot,
} from "@holdfast/client";
import type { SessionEvent } from "@holdfast/protocol";
import type { ConnectionMonitor } from "./connection.ts";
import { FrameBatch } from "./frame-batch.ts";
import { retryMs } from "./reconnect.ts";
import { pause } from "./retry.ts";
import type { SessionStreams } from "./session-streams.ts";
import { Store } from "./store.ts";

/** Messages of the first page and of each older one. */
const PAGE = 50;
/** An older page that was overtaken by events is read again at most this often in a row. */
const OLDER_TRIES = 3;

export type LiveView = {
  phase: "loading" | "ready" | "missing" | "failed";
  error?: string;
  state: SessionState;
  /** True once the stream has said everything it had. */
  isCurrent: boolean;
  older: "none" | "some" | "loading";
};

/** How its events are had: of whichever windows share them, or of this one alone. */
type Streams = Pick<SessionStreams, "follow">;

type Pending = { seq: number; event?: SessionEvent };

export class LiveSession {
  readonly id: string;
  readonly view = new Store<LiveView>({
    phase: "loading",
    state: EMPTY_SESSION,
    isCurrent: false,
    older: "none",
  });
  readonly #client: HoldfastClient;
  readonly #streams: Streams;
  readonly #monitor: ConnectionMonitor;
  readonly #batch = new FrameBatch(() => this.#take());
  readonly #reading = new Set<string>();
  #pending: Pending[] = [];
  #olderCursor: string | undefined;
  #storeId: string | undefined;
  #stop: AbortController | undefined;
  #users = 0;

  constructor(id: string, client: HoldfastClient, streams: Streams, monitor: ConnectionMonitor) {
    this.id = id;
    this.#client = client;
    this.#streams = streams;
    this.#monitor = monitor;
  }

  /** Follows the session until the answer is called; several users share one stream. */
  follow(): () => void {
    this.#users += 1;
    this.#start();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#users -= 1;
      if (this.#users === 0) this.#end();
    };
  }

  /** Lets the stream go while nobody sees the page. */
  rest(): void {
    this.#end();
  }

  /** Makes the stream anew from its cursor, at once instead of after the next backoff; `isLeading`: for all windows that share it. */
  wake(isLeading: boolean): void {
    if (this.#users === 0) return;
    this.#end();
    this.#start(isLeading);
  }

  /** Puts the next older page before what is there. Resolves when it is shown, or nothing more can be had. */
  async loadOlder(): Promise<void> {
    if (this.view.get().older !== "some" || this.#olderCursor === undefined) return;
    this.#patch({ older: "loading" });
    try {
      for (let tries = 0; tries < OLDER_TRIES; tries += 1) {
        const page = await this.#client.listMessages(this.id, { limit: PAGE, before: this.#olderCursor });
        this.#take();
        const state = addOlderMessages(this.view.get().state, page);
        if (state === undefined) continue;
        this.#olderCursor = page.next;
        this.#patch({ state, older: page.next === undefined ? "none" : "some" });
        return;
      }
    } catch (error) {
      if (isApiError(error, "UNAUTHENTICATED")) this.#monitor.refuse();
    }
    if (this.view.get().older === "loading") this.#patch({ older: "some" });
  }

  #start(isLeading = false): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    void this.#run(stop.signal, isLeading).catch((error: unknown) => {
      if (stop.signal.aborted) return;
      if (isApiError(error, "UNAUTHENTICATED") || isApiError(error, "REF_NOT_VALID"))
        return this.#monitor.refuse();
      if (isApiError(error, "NOT_FOUND")) return this.#patch({ phase: "missing" });
      this.#patch({ phase: "failed", error: error instanceof Error ? error.message : String(error) });
    });
  }

  #end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#take();
    this.#batch.cancel();
    this.#monitor.gone(this.id);
    this.#patch({ isCurrent: false });
  }

  async #run(signal: AbortSignal, isLeading: boolean): Promise<void> {
    let mustRead = this.view.get().phase !== "ready";
    while (!signal.aborted) {
      if (mustRead) await this.#readSnapshot(signal);
      if (signal.aborted) return;
      mustRead = await this.#stream(signal, isLeading);
      if (!mustRead) return;
    }
  }

  async #readSnapshot(signal: AbortSignal): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        const snapshot = await this.#snapshot(signal);
        this.#pending = [];
        this.#olderCursor = snapshot.messages.next;
        const older = snapshot.messages.next === undefined ? "none" : "some";
        this.view.set({ phase: "ready", state: stateOfSnapshot(snapshot), isCurrent: false, older });
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) throw error;
        this.#monitor.bad(this.id);
        await pause(retryMs(tries + 1), signal);
      }
    }
  }

  /** Everything about the session; its row first, so that nothing is older than its cursor. */
  async #snapshot(signal: AbortSignal) {
    const { id } = this;
    const client = this.#client;
    const options = { signal };
    const session = await client.getSession(id, options);
    const [messages, turns, inputs, permissions, questions, todos, agentSessions] = await Promise.all([
      client.listMessages(id, { limit: PAGE }, options),
      client.listTurns(id, { limit: PAGE }, options),
      client.listInputs(id, { state: "queued" }, options),
      client.listPermissions({ state: "pending", sessionId: id }, options),
      client.listQuestions({ state: "pending", sessionId: id }, options),
      client.listTodos(id, options),
      client.listAgentSessions(id, options),
    ]);
    return {
      session,
      messages,
      turns,
      inputs,
      permissions: permissions.items,
      questions: questions.items.toReversed(),
      todos,
      agentSessions,
    };
  }

  /** Follows the events. Resolves true when everything must be read again, false when there is nothing more to follow. */
  async #stream(signal: AbortSignal, isLeading: boolean): Promise<boolean> {
    const own = new AbortController();
    const leave = () => own.abort();
    signal.addEventListener("abort", leave, { once: true });
    const stream = this.#streams.follow({
      sessionId: this.id,
      after: this.view.get().state.lastSeq,
      storeId: this.#storeId,
      signal: own.signal,
      isLeading,
    });
    try {
      for await (const item of stream) {
        if (signal.aborted) return false;
        if (item.kind === "disconnected") {
          this.#monitor.bad(this.id);
          continue;
        }
        if (item.kind !== "loss") this.#monitor.good(this.id);
        if (item.kind === "hello") this.#storeId = item.storeId;
        if (item.kind === "reset") return true;
        if (item.kind === "event") this.#queue({ seq: item.event.seq, event: item.event });
        if (item.kind === "unknown") this.#queue({ seq: item.seq });
        if (item.kind === "caught-up") {
          this.#take();
          this.#patch({ isCurrent: true });
          this.#readMissing();
        }
      }
    } finally {
      signal.removeEventListener("abort", leave);
      own.abort();
    }
    this.#take();
    if (this.view.get().state.deleted) this.#patch({ phase: "missing" });
    return false;
  }

  #queue(pending: Pending): void {
    this.#pending.push(pending);
    this.#batch.request();
  }

  /** Reduces what came since the last frame. */
  #take(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    let { state } = this.view.get();
    for (const { seq, event } of pending)
      state = event === undefined ? skipEvent(state, seq) : reduce(state, event);
    this.#patch({ state });
    if (this.view.get().isCurrent) this.#readMissing();
  }

  /** Reads what the reducer could not know: parts that deltas do not fit, and parts of messages that were told before. */
  #readMissing(): void {
    const { state } = this.view.get();
    for (const need of Object.values(state.needs)) void this.#meet(need);
    if (Object.keys(state.unread).length > 0) void this.#meetUnread();
  }

  async #meet(need: Need): Promise<void> {
    const key = `${need.partId} ${need.seq}`;
    if (this.#reading.has(key)) return;
    this.#reading.add(key);
    try {
      const part = await this.#client.getPart(need.messageId, need.partId).catch((error: unknown) => {
        if (isApiError(error, "NOT_FOUND")) return undefined;
        throw error;
      });
      this.#take();
      this.#patch({ state: meetNeed(this.view.get().state, need, part) });
    } catch {
      // The need stays in the state, and is met after the next event or the next connection.
    } finally {
      this.#reading.delete(key);
    }
  }

  async #meetUnread(): Promise<void> {
    if (this.#reading.has("unread")) return;
    this.#reading.add("unread");
    try {
      const page = await this.#client.listMessages(this.id, { limit: PAGE });
      this.#take();
      this.#patch({ state: meetUnread(this.view.get().state, page) });
    } catch {
      // As above.
    } finally {
      this.#reading.delete("unread");
    }
  }

  #patch(change: Partial<LiveView>): void {
    const view = this.view.get();
    const isSame = Object.entries(change).every(([key, value]) => view[key as keyof LiveView] === value);
    if (!isSame) this.view.set({ ...view, ...change });
  }
}
