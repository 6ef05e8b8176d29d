/**
 * Runs capnweb in a thread of its own (S-29). A thread that dies, or is silent for a second of work, is replaced: its sessions end, and the next one starts another.
 *
 *   idle ── open() ──► starting ── ready ──► running ── dies, is silent ──► idle
 *                          └── not ready in time ──────────────────────────┘
 *
 * A second is one of the thread's own processor time, as long as the clock has not run for `HUNG_MS`: a busy machine is no reason.
 */
import { type Clock, HoldfastError, type Logger, type Timer, within } from "@holdfast/kernel";
import type { FromThread, ToThread } from "../wire.ts";
import type { CallScope, Capability } from "./capability.ts";
import { HostedSession, type Peer } from "./hosted-session.ts";
import type { StartThread, Thread } from "./thread.ts";

/** ms between two questions, without an answer before it counts, by the clock whatever it worked, and until a thread must be up. */
const ASK_MS = 250;
const SILENT_MS = 1_000;
const HUNG_MS = 10_000;
const START_MS = 30_000;

export type RpcHostDeps = {
  start: StartThread;
  /** What any stub of the door may be asked. */
  methods: readonly string[];
  clock: Clock;
  logger: Logger;
};

type Question = { ping: number; at: number; work: Promise<number> };

export class RpcHost {
  readonly #deps: RpcHostDeps;
  readonly #sessions = new Map<number, HostedSession>();
  #thread: Thread | undefined;
  #isReady = false;
  #startedAt = 0;
  #question: Question | undefined;
  #lastPing = 0;
  #lastSession = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(deps: RpcHostDeps) {
    this.#deps = deps;
  }

  /** A session for a peer whose main stub stands for `main`. Throws SHUTTING_DOWN. */
  open(main: Capability, peer: Peer, scope: CallScope): HostedSession {
    const { clock, logger, methods } = this.#deps;
    if (this.#isStopped) throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down.");
    const id = (this.#lastSession += 1);
    this.#thread ??= this.#start();
    const session = new HostedSession(id, main, peer, scope, {
      post: (words) => this.#post(words),
      forget: () => void this.#sessions.delete(id),
      clock,
      logger,
      methods,
    });
    this.#sessions.set(id, session);
    this.#watch();
    return session;
  }

  /** Ends every session and the thread. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const session of this.#sessions.values()) session.end("stopped", "The server is shutting down.");
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  #start(): Thread {
    this.#isReady = false;
    this.#question = undefined;
    this.#startedAt = this.#deps.clock.monotonic();
    const thread = this.#deps.start({
      onWords: (words) => void (this.#thread === thread && this.#hear(words)),
      onEnd: (reason) => this.#replace(thread, reason),
    });
    return thread;
  }

  #post(words: ToThread): void {
    this.#thread?.post(words);
  }

  #hear(words: FromThread): void {
    if (words.type === "ready") this.#isReady = true;
    else if (words.type !== "pong") this.#sessions.get(words.session)?.hear(words);
    else if (words.ping === this.#question?.ping) this.#question = undefined;
  }

  /** Asks again and again as long as there is a session. */
  #watch(): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = this.#deps.clock.after(ASK_MS, () => {
      void this.#ask().finally(() => {
        this.#timer = undefined;
        if (this.#sessions.size > 0) this.#watch();
      });
    });
  }

  async #ask(): Promise<void> {
    const { clock } = this.#deps;
    const thread = this.#thread;
    if (thread === undefined) return;
    const now = clock.monotonic();
    if (!this.#isReady) {
      if (now - this.#startedAt >= START_MS) this.#replace(thread, "it did not start in time");
      return;
    }
    const question = this.#question;
    if (question === undefined) {
      this.#question = { ping: (this.#lastPing += 1), at: now, work: thread.workMs() };
      this.#question.work.catch(() => undefined);
      return this.#post({ type: "ping", ping: this.#lastPing });
    }
    const silentMs = now - question.at;
    if (silentMs < SILENT_MS) return;
    const works = await within(clock, ASK_MS, Promise.all([question.work, thread.workMs()])).catch(
      () => undefined,
    );
    if (this.#question !== question || this.#thread !== thread) return;
    const workedMs = works === undefined ? 0 : works[1] - works[0];
    if (workedMs >= SILENT_MS || silentMs >= HUNG_MS)
      this.#replace(thread, `it was silent for ${Math.round(silentMs)} ms`);
  }

  #replace(thread: Thread, reason: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    thread.terminate();
    this.#deps.logger.warn({ reason, sessions: this.#sessions.size }, "the thread of capnweb is replaced");
    for (const session of this.#sessions.values())
      session.end("replaced", "What answers calls was started anew; repeat them.");
  }
}
