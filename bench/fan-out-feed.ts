/**
 * When the events of T-10 are published, alike on both sides: never more than `WINDOW` events ahead of what every subscriber has, so that the slowest
 * reader sets the pace and nobody is cut; with a rate, not before their time either. What is released together arrives together.
 */

/** Events on their way at most. */
export const WINDOW = 64;
/** The client tells of every so many events that everybody has. */
export const REPORT_EVERY = 16;
const TICK_MS = 1;

export type FeedPlan = { events: number; perSecond?: number | undefined };

/** What a server under load is told. */
export type ToServer =
  | ({ type: "feed" } & FeedPlan)
  | { type: "reached"; events: number }
  | { type: "report" };
/** What it tells. CPU is of the process with all its threads, and of its main thread alone, since the feed began. */
export type FromServer =
  | { type: "ready"; url: string; token: string }
  | { type: "cpu"; processMs: number; mainMs: number };

export class Feed {
  readonly #publish: (events: number) => void;
  #plan: FeedPlan = { events: 0 };
  #released = 0;
  #reached = 0;
  #start = 0;

  /** `publish` gets how many events arrive now. */
  constructor(publish: (events: number) => void) {
    this.#publish = publish;
  }

  begin(plan: FeedPlan): void {
    this.#plan = plan;
    this.#released = 0;
    this.#reached = 0;
    this.#start = performance.now();
    if (plan.perSecond === undefined) this.#release();
    else this.#tick();
  }

  /** Every subscriber has this many of them. */
  reached(events: number): void {
    this.#reached = events;
    if (this.#plan.perSecond === undefined) this.#release();
  }

  #tick(): void {
    this.#release();
    if (this.#released < this.#plan.events) setTimeout(() => this.#tick(), TICK_MS);
  }

  #release(): void {
    const { events, perSecond } = this.#plan;
    const due =
      perSecond === undefined
        ? events
        : Math.floor(((performance.now() - this.#start) / 1_000) * perSecond) + 1;
    const until = Math.min(events, due, this.#reached + WINDOW);
    if (until <= this.#released) return;
    const count = until - this.#released;
    this.#released = until;
    this.#publish(count);
  }
}

/** Answers the orchestrator's messages for a server that publishes by `publish`. */
export function serveFeed(publish: (events: number) => void): void {
  const feed = new Feed(publish);
  let cpu = process.cpuUsage();
  let main = process.threadCpuUsage();
  const total = ({ user, system }: { user: number; system: number }) => (user + system) / 1_000;
  process.on("message", (message: ToServer) => {
    switch (message.type) {
      case "feed":
        cpu = process.cpuUsage();
        main = process.threadCpuUsage();
        feed.begin(message);
        break;
      case "reached":
        feed.reached(message.events);
        break;
      case "report":
        tell({
          type: "cpu",
          processMs: total(process.cpuUsage(cpu)),
          mainMs: total(process.threadCpuUsage(main)),
        });
        break;
      default:
        message satisfies never;
    }
  });
}

export function tell(message: FromServer): void {
  process.send?.(message);
}
