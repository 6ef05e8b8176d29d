import { silentLogger, systemClock } from "@holdfast/kernel";
import { isMessageEvent } from "@holdfast/protocol";
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { createEvents, type Events, type Target } from "../../src/events/index.ts";
import { Client, truthOf } from "./client.ts";
import { FakeLog, SESSION, WORKSPACE } from "./fake-log.ts";
import { RecordingSink } from "./recording-sink.ts";

type Step =
  | { do: "commit"; rows: (string | undefined)[] }
  | { do: "announce" }
  | { do: "turn"; times: number }
  | { do: "connect" }
  | { do: "cut"; keep: number };

const rows = array(oneof(constantFrom("a", "b", "list a", "list b"), constant(undefined)), {
  minLength: 1,
  maxLength: 12,
});
const step: Arbitrary<Step> = oneof(
  { weight: 4, arbitrary: rows.map((list) => ({ do: "commit" as const, rows: list })) },
  { weight: 6, arbitrary: constant({ do: "announce" as const }) },
  { weight: 6, arbitrary: integer({ min: 1, max: 3 }).map((times) => ({ do: "turn" as const, times })) },
  { weight: 2, arbitrary: constant({ do: "connect" as const }) },
  { weight: 2, arbitrary: nat(1000).map((keep) => ({ do: "cut" as const, keep })) },
);

const turnLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const wantsMessages = (target: Target): boolean => target.kind === "session" || target.messages !== false;

/** A log, its readers' hub, and one client that may be cut and come back. */
class Schedule {
  readonly log = new FakeLog();
  readonly client: Client;
  readonly #target: Target;
  readonly #events: Events;
  #sink: RecordingSink | undefined;

  constructor(target: Target) {
    this.#target = target;
    this.client = new Client(target.kind === "session");
    this.log.pause = turnLoop;
    this.log.pageRows = 4;
    this.#events = createEvents({ store: this.log, clock: systemClock, logger: silentLogger });
    this.log.publish(["a"]);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const next of steps) {
      if (next.do === "commit") this.log.commit(next.rows);
      else if (next.do === "announce") this.log.announceNext();
      else if (next.do === "turn") for (let left = next.times; left > 0; left -= 1) await turnLoop();
      else if (next.do === "cut") this.#cut(next.keep);
      else await this.#connect();
    }
    await this.#settle(steps.length);
    this.#events.close();
  }

  async #connect(): Promise<void> {
    if (this.#sink !== undefined) return;
    const opened = new RecordingSink();
    const resume = { cursor: this.client.cursor, storeId: this.log.storeId };
    await this.#events.subscribe(this.#target, resume, () => opened);
    this.#sink = opened;
  }

  /** The reader gets some of what was sent, and goes. */
  #cut(keep: number): void {
    const frames = this.#sink?.frames ?? [];
    for (const frame of frames.slice(0, keep % (frames.length + 1))) this.client.apply(frame);
    this.#sink?.leave();
    this.#sink = undefined;
  }

  async #settle(commits: number): Promise<void> {
    await this.#connect();
    for (let left = commits; left > 0; left -= 1) this.log.announceNext();
    const lastOf = (): unknown => this.#sink?.events.at(-1)?.data["seq"] ?? this.client.last;
    const isWanted = (type: string) => wantsMessages(this.#target) || !isMessageEvent(type);
    const end = this.log.entries.findLast(({ event }) => isWanted(event.type))?.event.seq;
    for (let left = 500; left > 0 && lastOf() !== end; left -= 1) await turnLoop();
    for (const frame of this.#sink?.frames ?? []) this.client.apply(frame);
  }
}

describe("the seam between replay and live", () => {
  const targets: [string, Target][] = [
    ["a session", { kind: "session", sessionId: SESSION }],
    ["a workspace", { kind: "workspace", workspaceId: WORKSPACE }],
    ["everything", { kind: "all" }],
    ["a workspace without messages", { kind: "workspace", workspaceId: WORKSPACE, messages: false }],
    ["everything without messages", { kind: "all", messages: false }],
  ];

  test.each(targets)(
    "[D-22] a reader of %s that is cut anywhere loses and doubles nothing",
    async (_name, target) => {
      const schedules = array(step, { minLength: 5, maxLength: 60 });
      await assert(
        asyncProperty(schedules, async (steps) => {
          const schedule = new Schedule(target);
          await schedule.run(steps);
          expect(schedule.client.faults).toEqual([]);
          expect(schedule.client.knows()).toEqual(truthOf(schedule.log, wantsMessages(target)));
        }),
        { numRuns: 300 },
      );
    },
  );
});
