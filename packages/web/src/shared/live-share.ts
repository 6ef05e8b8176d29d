/**
 * A shared session as its reader's page has it: a snapshot, then its events through the one reducer, until the ref ends.
 *
 *   loading -> ready -> (reset) ready ...;  any -> gone (the ref does not work any more) | failed
 *
 * The document that was served stays on the screen until the first snapshot is there.
 */
import {
  addOlderShared,
  createShareReader,
  EMPTY_SHARED,
  isApiError,
  isPassing,
  reduceShared,
  type ShareReader,
  type SharedState,
  sharedStateOf,
} from "@holdfast/client";
import type { Comment, SharedEvent } from "@holdfast/protocol";
import { ConnectionMonitor, FrameBatch, pause, retryMs, Store } from "../data/index.ts";

/** An older page that was overtaken by events is read again at most this often in a row. */
const OLDER_TRIES = 3;
/** Between two snapshots that something unforeseen asks for, in ms. */
const REREAD_MS = 2_000;

export type SharedView = {
  phase: "loading" | "ready" | "gone" | "failed";
  error?: string;
  state: SharedState;
  comments: readonly Comment[];
  older: "none" | "some" | "loading";
};

export class LiveShare {
  readonly id: string;
  readonly reader: ShareReader;
  readonly monitor = new ConnectionMonitor();
  readonly view = new Store<SharedView>({
    phase: "loading",
    state: EMPTY_SHARED,
    comments: [],
    older: "none",
  });
  readonly #batch = new FrameBatch(() => this.#take());
  #pending: SharedEvent[] = [];
  #olderCursor: string | undefined;
  #storeId: string | undefined;
  #mustReread = false;
  #rereadAt = 0;

  /** `secret`: of the ref that the link carries. */
  constructor(shareId: string, secret: string) {
    this.id = shareId;
    this.reader = createShareReader({ url: window.location.origin, token: secret, shareId });
  }

  /** Follows the share for as long as its ref works, or until the signal aborts. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    let mustRead = true;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        if (mustRead) await this.#readSnapshot(signal);
        mustRead = false;
        tries = 0;
        await this.#stream(signal);
        mustRead = true;
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) return this.#giveUp(error);
        this.monitor.bad("share");
        await pause(retryMs(tries + 1), signal);
      }
    }
  }

  /** Puts the next older page before what is there. Resolves when it is shown, or nothing more can be had. */
  loadOlder = async (): Promise<void> => {
    if (this.view.get().older !== "some" || this.#olderCursor === undefined) return;
    this.#patch({ older: "loading" });
    try {
      for (let tries = 0; tries < OLDER_TRIES; tries += 1) {
        const page = await this.reader.readMessages({ before: this.#olderCursor });
        this.#take();
        const state = addOlderShared(this.view.get().state, page);
        if (state === undefined) continue;
        this.#olderCursor = page.next;
        this.#patch({ state, older: page.next === undefined ? "none" : "some" });
        return;
      }
    } catch (error) {
      if (!isPassing(error)) return this.#giveUp(error);
    }
    if (this.view.get().older === "loading") this.#patch({ older: "some" });
  };

  /** Says something of a message or a change; it is shown before its event comes. Rejects with the reason. */
  async comment(id: Comment["id"], on: string, text: string): Promise<void> {
    const said = await this.reader.comment({ id, on: on as Comment["on"], text });
    const { comments } = this.view.get();
    if (comments.every((one) => one.id !== said.id)) this.#patch({ comments: [...comments, said] });
  }

  #giveUp(error: unknown): void {
    if (isApiError(error, "REF_NOT_VALID") || isApiError(error, "NOT_FOUND"))
      return this.view.set({
        phase: "gone",
        state: EMPTY_SHARED,
        comments: [],
        older: "none",
      });
    this.#patch({ phase: "failed", error: error instanceof Error ? error.message : String(error) });
  }

  /** The session first, so that nothing is older than its seq. */
  async #readSnapshot(signal: AbortSignal): Promise<void> {
    const options = { signal };
    const shared = await this.reader.readSession(options);
    const [messages, changes, comments] = await Promise.all([
      this.reader.readMessages({}, options),
      this.reader.readChanges(options),
      this.#readComments(options),
    ]);
    this.#pending = [];
    this.#olderCursor = messages.next;
    this.#rereadAt = Date.now();
    this.#mustReread = false;
    this.monitor.good("share");
    this.view.set({
      phase: "ready",
      state: sharedStateOf(shared, messages, changes),
      comments,
      older: messages.next === undefined ? "none" : "some",
    });
  }

  async #readComments(options: { signal: AbortSignal }): Promise<Comment[]> {
    const { items } = await this.reader.readComments({}, options);
    return items.toSorted((one, other) => one.time.created - other.time.created);
  }

  /** Resolves when everything must be read again. */
  async #stream(signal: AbortSignal): Promise<void> {
    const own = new AbortController();
    const leave = () => own.abort();
    signal.addEventListener("abort", leave, { once: true });
    const { lastSeq } = this.view.get().state.transcript;
    try {
      const stream = this.reader.stream({ after: lastSeq, storeId: this.#storeId, signal: own.signal });
      for await (const item of stream) {
        if (signal.aborted) return;
        if (item.kind === "disconnected") {
          this.monitor.bad("share");
          continue;
        }
        this.monitor.good("share");
        if (item.kind === "hello") this.#storeId = item.storeId;
        if (item.kind === "reset") return;
        if (item.kind === "event") {
          if (item.event.type.startsWith("comment.")) void this.#refreshComments(own.signal);
          this.#pending.push(item.event);
          this.#batch.request();
        }
        if (this.#mustReread && Date.now() - this.#rereadAt > REREAD_MS) return;
      }
    } finally {
      signal.removeEventListener("abort", leave);
      own.abort();
      this.#batch.cancel();
    }
  }

  async #refreshComments(signal: AbortSignal): Promise<void> {
    try {
      this.#patch({ comments: await this.#readComments({ signal }) });
    } catch {
      // They come with the next snapshot.
    }
  }

  /** Reduces what came since the last frame. */
  #take(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    let { state } = this.view.get();
    for (const event of pending) state = reduceShared(state, event);
    this.#mustReread ||= Object.keys(state.transcript.needs).length > 0;
    this.#patch({ state });
  }

  #patch(change: Partial<SharedView>): void {
    this.view.set({ ...this.view.get(), ...change });
  }
}
