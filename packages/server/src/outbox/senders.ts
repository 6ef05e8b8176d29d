import { type Clock, errorText, type Logger, type Timer } from "@holdfast/kernel";
import type { SessionId, Share, ShareId } from "@holdfast/protocol";
import type { CommittedEvent, Store } from "../store/index.ts";
import { type SenderDeps, ShareSender } from "./share-sender.ts";

type Senders = {
  /** Goes on with every share that is not at its end. */
  start(): Promise<void>;
  /** Ends what is under way; nothing is lost by it. */
  stop(): Promise<void>;
};

type SendersDeps = Omit<SenderDeps, "clock" | "store"> & {
  store: SenderDeps["store"] & Pick<Store, "onCommit" | "listShares">;
  clock: Clock;
  logger: Logger;
  /** Closes the ways to the services, so that what waits for an answer ends. */
  closeTransports: () => void;
};

/** Ms until a sender is tried again that met something broken. */
const BROKEN_MS = 5_000;
/** At most ms until a sender that has nothing to say says hello: a service that was restored meanwhile hides what nobody confirms (S-24). */
const GREET_MS = 3_600_000;
/** Shares that are looked at when a server starts; one beyond them is sent when something of it changes. */
const MOST_SHARES = 10_000;

/** One sender per share of this server, each in a loop of its own, woken by what is committed. */
export function createSenders(deps: SendersDeps): Senders {
  const loops = new Map<ShareId, Loop>();
  const bySession = new Map<SessionId, Set<ShareId>>();
  let unsubscribe: (() => void) | undefined;
  let isStopped = false;

  const know = (share: Pick<Share, "id" | "sessionId">): Loop => {
    if (share.sessionId !== undefined) {
      const known = bySession.get(share.sessionId) ?? new Set();
      bySession.set(share.sessionId, known.add(share.id));
    }
    const loop = loops.get(share.id) ?? new Loop(new ShareSender(share.id, deps), deps);
    loops.set(share.id, loop);
    return loop;
  };
  const hear = (events: readonly CommittedEvent[]): void => {
    for (const { type, data, sessionId } of events) {
      if (type === "share.updated") know((JSON.parse(data) as { share: Share }).share).wake("share");
      else if (type === "change.updated") for (const loop of loops.values()) loop.wake("content");
      else if (sessionId !== undefined)
        for (const id of bySession.get(sessionId as SessionId) ?? []) loops.get(id)?.wake("content");
    }
  };
  return {
    async start() {
      unsubscribe = deps.store.onCommit(hear);
      const open = new Set(await deps.store.openShares());
      for (const share of await deps.store.listShares({ limit: MOST_SHARES }))
        if (open.has(share.id) && !isStopped) know(share).wake("share");
    },
    async stop() {
      isStopped = true;
      unsubscribe?.();
      const ends = [...loops.values()].map((loop) => loop.stop());
      deps.closeTransports();
      await Promise.all(ends);
    },
  };
}

type LoopDeps = Pick<SendersDeps, "clock" | "logger" | "random">;

/** Calls one sender's steps, one at a time: as it says, and when something new may be there. */
class Loop {
  readonly #sender: ShareSender;
  readonly #deps: LoopDeps;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #greeting: Timer | undefined;
  #isAgain = false;
  #isStopped = false;

  constructor(sender: ShareSender, deps: LoopDeps) {
    this.#sender = sender;
    this.#deps = deps;
  }

  /** New content does not shorten a wait that has its time; a share that was changed does. */
  wake(by: "share" | "content"): void {
    if (this.#isStopped || (by === "content" && this.#timer !== undefined)) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#greeting?.cancel();
    this.#isAgain = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Woken between the last look and here.
      if (this.#isAgain) this.wake("share");
    });
  }

  async #run(): Promise<void> {
    while (this.#isAgain && !this.#isStopped) {
      this.#isAgain = false;
      const again = await this.#sender.step().catch((error: unknown) => {
        this.#deps.logger.error(
          { shareId: this.#sender.shareId, error: errorText(error) },
          "a share cannot be sent",
        );
        return { when: "at" as const, time: this.#deps.clock.now() + BROKEN_MS };
      });
      if (again.when === "now") this.#isAgain = true;
      if (again.when === "at" && !this.#isAgain) this.#wait(again.time - this.#deps.clock.now());
      if (again.when === "changed" && !this.#isAgain) this.#greetLater();
    }
  }

  #wait(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#deps.clock.after(Math.max(ms, 1), () => {
      this.#timer = undefined;
      this.wake("share");
    });
  }

  /** Spread, so that not all shares of a service do it at once. */
  #greetLater(): void {
    if (this.#isStopped) return;
    const { clock, random } = this.#deps;
    this.#greeting?.cancel();
    this.#greeting = clock.after(GREET_MS * (0.5 + random() / 2), () => {
      this.#sender.doubt();
      this.wake("share");
    });
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#greeting?.cancel();
    return this.#running ?? Promise.resolve();
  }
}
