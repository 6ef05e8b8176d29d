/**
 * Follows a session for as long as somebody looks: its rows, then its events through the one reducer, across restarts of the server.
 *
 *   read ──► stream ──(reset)──► read ...        ends: deleted, let go (the signal), or the server gone for too long
 *
 * - What a watcher sees is always a state that the reducer made, and each event once (D-22, D-23).
 * - Until a replay has caught up, rows come in another order than they were made in (D-4): the watcher hears of them together, by `refreshed`.
 * - A server that comes back at another address is found there: its file is read again whenever the connection is lost.
 */
import {
  EMPTY_SESSION,
  type HoldfastClient,
  isApiError,
  isPassing,
  meetNeed,
  meetUnread,
  reduce,
  type SessionState,
  skipEvent,
  stateOfSnapshot,
} from "@holdfast/client";
import type { SessionEvent } from "@holdfast/protocol";
import type { Connection } from "./connect.ts";
import { CliError } from "./exit-code.ts";

export type Watcher = {
  /** Anything may have changed: the rows were read, or a replay has caught up. */
  refreshed(state: SessionState): void;
  /** Each event once. While `isLive` is false a `refreshed` follows. */
  event(event: SessionEvent, state: SessionState, isLive: boolean): void;
  /** Events were skipped: the rows are read instead. */
  reset(reason: string): void;
  /** No connection for 3 s (I-16), with the reason; undefined: it is back. */
  trouble(error: Error | undefined): void;
};

/** Rows of each kind in a snapshot, and the largest page. */
const PAGE = 200;
/** How long trouble stays untold, in ms (I-16). */
const TELL_AFTER_MS = 3_000;
/** Between two tries to read the rows again, in ms. */
const READ_RETRY_MS = 1_000;

export class SessionFollower {
  state: SessionState = EMPTY_SESSION;
  readonly #options: {
    connect: () => Connection;
    sessionId: string;
    watcher: Watcher;
    signal: AbortSignal;
    giveUpMs: number;
  };
  #connection: Connection;
  #storeId: string | undefined;
  #goneSince: number | undefined;
  #tellTimer: ReturnType<typeof setTimeout> | undefined;
  #isTold = false;

  constructor(options: {
    connect: () => Connection;
    sessionId: string;
    watcher: Watcher;
    /** Ends `follow`; the session goes on. */
    signal: AbortSignal;
    /** How long the server may be gone, in ms. */
    giveUpMs: number;
  }) {
    this.#options = options;
    this.#connection = options.connect();
  }

  /** A client of the server as it was last found. */
  get client(): HoldfastClient {
    return this.#connection.client;
  }

  /** Resolves when the signal aborts or the session is deleted. Rejects with what makes going on impossible. */
  async follow(): Promise<"left" | "deleted"> {
    const { watcher, signal } = this.#options;
    try {
      this.state = await this.#read();
      watcher.refreshed(this.state);
      for (;;) {
        const end = await this.#stream();
        if (signal.aborted) return "left";
        if (end === "deleted") return end;
        if (end === "reset") await this.#readAgain();
      }
    } catch (error) {
      if (signal.aborted) return "left";
      throw error;
    } finally {
      clearTimeout(this.#tellTimer);
    }
  }

  /** `moved`: the server is at another address now. */
  async #stream(): Promise<"deleted" | "reset" | "moved"> {
    const { sessionId, signal } = this.#options;
    const own = new AbortController();
    const stop = AbortSignal.any([signal, own.signal]);
    const after = this.state.lastSeq;
    const store = this.#storeId === undefined ? {} : { storeId: this.#storeId };
    let isLive = false;
    try {
      for await (const item of this.client.streamSession({ sessionId, after, ...store, signal: stop })) {
        if (item.kind === "disconnected") {
          isLive = false;
          if (this.#lost(item.error)) return "moved";
          continue;
        }
        if (item.kind !== "loss") this.#found();
        if (item.kind === "hello") this.#storeId = item.storeId;
        else if (item.kind === "reset") {
          this.#options.watcher.reset(item.reason);
          return "reset";
        } else if (item.kind === "unknown") this.state = skipEvent(this.state, item.seq);
        else if (item.kind === "caught-up") {
          isLive = true;
          await this.#readMissing();
          this.#options.watcher.refreshed(this.state);
        } else if (item.kind === "event") await this.#take(item.event, isLive);
      }
      return "deleted";
    } catch (error) {
      // It was there when its rows were read.
      if (isApiError(error, "NOT_FOUND")) return "deleted";
      throw error;
    } finally {
      own.abort();
    }
  }

  async #take(event: SessionEvent, isLive: boolean): Promise<void> {
    this.state = reduce(this.state, event);
    if (isLive) await this.#readMissing();
    this.#options.watcher.event(event, this.state, isLive);
  }

  /** All rows; the session's own first, so that nothing is older than its cursor. */
  async #read(): Promise<SessionState> {
    const id = this.#options.sessionId;
    const options = { signal: this.#options.signal };
    const session = await this.client.getSession(id, options);
    const [messages, turns, inputs, permissions, questions, todos, agentSessions] = await Promise.all([
      this.client.listMessages(id, { limit: PAGE }, options),
      this.client.listTurns(id, { limit: PAGE }, options),
      this.client.listInputs(id, { state: "queued" }, options),
      this.client.listPermissions({ state: "pending", sessionId: id }, options),
      this.client.listQuestions({ state: "pending", sessionId: id }, options),
      this.client.listTodos(id, options),
      this.client.listAgentSessions(id, options),
    ]);
    return stateOfSnapshot({
      session,
      messages,
      turns,
      inputs,
      // Newest first in the answer, in the order of asking in a state.
      permissions: permissions.items.toReversed(),
      questions: questions.items.toReversed(),
      todos,
      agentSessions,
    });
  }

  async #readAgain(): Promise<void> {
    const { signal, watcher } = this.#options;
    while (!signal.aborted) {
      try {
        this.state = await this.#read();
        this.#found();
        watcher.refreshed(this.state);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) throw error;
        this.#lost(error as Error);
        await new Promise<void>((resume) => setTimeout(resume, READ_RETRY_MS));
      }
    }
  }

  /** Reads what the reducer could not know. What cannot be had now stays noted in the state, and is read after the next event or connection. */
  async #readMissing(): Promise<void> {
    try {
      for (const need of Object.values(this.state.needs)) {
        const part = await this.client.getPart(need.messageId, need.partId).catch((error: unknown) => {
          if (isApiError(error, "NOT_FOUND")) return undefined;
          throw error;
        });
        this.state = meetNeed(this.state, need, part);
      }
      if (Object.keys(this.state.unread).length === 0) return;
      const page = await this.client.listMessages(this.#options.sessionId, { limit: PAGE });
      this.state = meetUnread(this.state, page);
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }

  /** Answers whether the server is at another address now. Throws when it was gone for too long. */
  #lost(error: Error): boolean {
    this.#goneSince ??= performance.now();
    if (performance.now() - this.#goneSince > this.#options.giveUpMs) throw error;
    this.#tellTimer ??= setTimeout(() => {
      this.#isTold = true;
      this.#options.watcher.trouble(error);
    }, TELL_AFTER_MS);
    const found = this.#look();
    if (found === undefined || found.url === this.#connection.url) return false;
    this.#connection = found;
    return true;
  }

  #found(): void {
    clearTimeout(this.#tellTimer);
    this.#tellTimer = undefined;
    this.#goneSince = undefined;
    if (this.#isTold) this.#options.watcher.trouble(undefined);
    this.#isTold = false;
  }

  /** The server as its file tells now; while it is down there may be none. */
  #look(): Connection | undefined {
    try {
      return this.#options.connect();
    } catch (error) {
      if (error instanceof CliError) return undefined;
      throw error;
    }
  }
}
