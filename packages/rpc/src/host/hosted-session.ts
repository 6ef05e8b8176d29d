/**
 * A session as the thread of everything else sees it: what its stubs stand for, the calls that run, the streams that are open. It ends once: when the peer goes, says what
 * it may not, or the thread of capnweb is replaced; then everything that it held is dropped.
 */
import { problemReply } from "@holdfast/edge";
import {
  type Clock,
  errorText,
  HoldfastError,
  isHoldfastError,
  type Logger,
  randomHex,
} from "@holdfast/kernel";
import type { Problem } from "@holdfast/protocol";
import { asSent } from "../as-sent.ts";
import { RPC_LIMITS } from "../limits.ts";
import type { FromThread, Outcome, StubWords, ToThread } from "../wire.ts";
import type { CallReply, CallScope, Capability } from "./capability.ts";
import type { LiveStream } from "./live-stream.ts";

/** Why a session is over, for its peer. `replaced`: the thread was. `idle`: nothing that it held stands for anything any more. */
export type SessionEnd = "refused" | "ended" | "replaced" | "stopped" | "idle";

/** The other end of a session. */
export type Peer = {
  text(text: string): void;
  /** So many characters of it were dealt with. */
  took(length: number): void;
  /** The answer to a batch. */
  batch(texts: readonly string[]): void;
  /** It holds something that stands for something, for the first time. */
  redeemed(): void;
  /** Called once, unless it was closed from here. `detail` may be told. */
  over(end: SessionEnd, detail: string): void;
};

type Deps = { post: (words: ToThread) => void; clock: Clock; logger: Logger; forget: () => void };

/** So long a session whose stubs have all ended goes on, in ms: for the answer to what ended them. */
const LINGER_MS = 100;

const NOT_ALIVE = new Set(["UNAUTHENTICATED", "REF_NOT_VALID", "RATE_LIMITED"]);

export class HostedSession {
  readonly #id: number;
  readonly #peer: Peer;
  readonly #scope: CallScope;
  readonly #deps: Deps;
  readonly #held = new Map<number, Capability>();
  /** Stubs that have an end and have not come to it. */
  readonly #alive = new Set<number>();
  /** Stubs that came to their end. */
  readonly #ended = new Set<number>();
  readonly #streams = new Map<number, LiveStream>();
  #lastHandle = 0;
  #lastStream = 0;
  #running = 0;
  #isRedeemed = false;
  #isOver = false;

  constructor(
    id: number,
    main: Capability,
    peer: Peer,
    scope: CallScope,
    deps: Deps & { methods: readonly string[] },
  ) {
    this.#id = id;
    this.#peer = peer;
    this.#scope = scope;
    this.#deps = deps;
    deps.post({ type: "open", session: id, methods: deps.methods, main: this.#hold(main) });
  }

  /** A message of the peer. */
  receive(text: string): void {
    if (!this.#isOver) this.#deps.post({ type: "text", session: this.#id, text });
  }

  /** All messages of the peer; `Peer.batch` or `Peer.over` follows. */
  receiveBatch(text: string): void {
    if (!this.#isOver) this.#deps.post({ type: "batch", session: this.#id, text });
  }

  /** The peer is gone. Idempotent. */
  close(): void {
    if (this.#isOver) return;
    this.#deps.post({ type: "close", session: this.#id });
    this.#drop();
  }

  /** Ends it, and says so to the peer. Idempotent. */
  end(end: SessionEnd, detail: string): void {
    if (this.#isOver) return;
    if (end !== "replaced") this.#deps.post({ type: "close", session: this.#id });
    this.#drop();
    this.#peer.over(end, detail);
  }

  /** What the thread says of this session. */
  hear(words: Exclude<FromThread, { type: "ready" | "pong" }>): void {
    if (this.#isOver) return;
    switch (words.type) {
      case "text":
        return this.#peer.text(words.text);
      case "took":
        return this.#peer.took(words.length);
      case "call":
        return void this.#call(words);
      case "drop":
        return this.#release(words.handle);
      case "streamTook":
        return this.#streams.get(words.stream)?.took(words.length);
      case "streamLeft":
        this.#streams.get(words.stream)?.leave();
        this.#streams.delete(words.stream);
        return;
      case "batch":
        this.#drop();
        return this.#peer.batch(words.texts);
      case "refused":
        return this.end("refused", words.reason);
      case "ended":
        return this.end("ended", "The session is over.");
    }
  }

  async #call({ call, handle, method, args }: Extract<FromThread, { type: "call" }>): Promise<void> {
    if (this.#running >= RPC_LIMITS.runningCalls)
      return this.end("refused", `At most ${RPC_LIMITS.runningCalls} calls run at once.`);
    this.#running += 1;
    const outcome = await this.#outcome(handle, method, args);
    this.#running -= 1;
    if (!this.#isOver) this.#deps.post({ type: "outcome", session: this.#id, call, outcome: outcome.words });
    outcome.after?.();
    this.#endIfIdle();
  }

  async #outcome(
    handle: number,
    method: string,
    args: readonly unknown[] | undefined,
  ): Promise<{ words: Outcome; after?: () => void }> {
    const capability = this.#held.get(handle);
    const { clock } = this.#deps;
    let isLate = false;
    try {
      if (capability === undefined || !capability.methods.includes(method))
        throw new HoldfastError("FORBIDDEN", "This stub does not do that.");
      if (args === undefined)
        throw new HoldfastError("INVALID_REQUEST", "The arguments of a call are plain JSON.");
      const called = capability.call(method, args, this.#scope);
      const late = Promise.withResolvers<never>();
      const timer = clock.after(RPC_LIMITS.callMs, () => {
        isLate = true;
        late.reject(
          new HoldfastError(
            "INTERNAL",
            `The call took longer than ${RPC_LIMITS.callMs} ms; nobody knows whether it was done.`,
          ),
        );
      });
      void called.then(
        (reply) => isLate && discard(reply),
        () => undefined,
      );
      const reply = await Promise.race([called, late.promise]).finally(() => timer.cancel());
      if (this.#isOver) discard(reply);
      else if (handle !== 1) this.#redeem();
      return this.#words(reply);
    } catch (error) {
      const problem = this.#problem(error);
      if (handle !== 1 && !NOT_ALIVE.has(problem.code)) this.#redeem();
      return { words: { error: problem } };
    }
  }

  #words(reply: CallReply): { words: Outcome; after?: () => void } {
    if (this.#isOver) return { words: { value: null } };
    if ("value" in reply) return { words: { value: asSent(reply.value) } };
    if ("capability" in reply) {
      if (reply.capability.onEnd !== undefined) this.#redeem();
      return { words: { stub: this.#hold(reply.capability) } };
    }
    const { live } = reply;
    const stream = (this.#lastStream += 1);
    this.#streams.set(stream, live);
    const session = this.#id;
    const { post } = this.#deps;
    const attach = () =>
      live.attach({
        chunks: (chunks) => post({ type: "chunks", session, stream, chunks }),
        end: (error) => {
          this.#streams.delete(stream);
          post({ type: "streamEnd", session, stream, error: error && this.#problem(error) });
        },
      });
    return { words: { stream }, after: attach };
  }

  #hold(capability: Capability): StubWords {
    const handle = (this.#lastHandle += 1);
    this.#held.set(handle, capability);
    if (capability.onEnd !== undefined) {
      this.#alive.add(handle);
      capability.onEnd(() => {
        if (!this.#alive.delete(handle)) return;
        this.#ended.add(handle);
        this.#endIfIdle();
      });
    }
    return { handle, methods: capability.methods, facts: capability.facts };
  }

  #redeem(): void {
    if (this.#isRedeemed || this.#isOver) return;
    this.#isRedeemed = true;
    this.#peer.redeemed();
  }

  /**
   * Once nothing is left that could be called, and nothing runs, the peer is told so and not at its next call. What is held without an end, as by a publisher, keeps the
   * session.
   */
  #endIfIdle(): void {
    if (!this.#isIdle()) return;
    this.#deps.clock.after(LINGER_MS, () => {
      if (this.#isIdle()) this.end("idle", "What this connection held does not work any more.");
    });
  }

  #isIdle(): boolean {
    const isOver = this.#ended.size > 0 && this.#held.size === this.#ended.size + 1;
    return isOver && this.#running === 0 && !this.#isOver && !this.#scope.isBatch;
  }

  #release(handle: number): void {
    const capability = this.#held.get(handle);
    this.#held.delete(handle);
    this.#alive.delete(handle);
    this.#ended.delete(handle);
    capability?.drop?.();
  }

  #drop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.forget();
    for (const live of this.#streams.values()) live.leave();
    this.#streams.clear();
    for (const capability of this.#held.values()) capability.drop?.();
    this.#held.clear();
    this.#alive.clear();
  }

  #problem(error: unknown): Problem {
    const requestId = randomHex(8);
    if (!isHoldfastError(error) || error.status >= 500)
      this.#deps.logger.error(
        { requestId, error: error instanceof Error ? error.stack : errorText(error) },
        "a call failed",
      );
    return problemReply(error, requestId).body as Problem;
  }
}

function discard(reply: CallReply): void {
  if ("capability" in reply) reply.capability.drop?.();
  else if ("live" in reply) reply.live.leave();
}
