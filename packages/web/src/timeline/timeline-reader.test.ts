import { EMPTY_SESSION, type SessionState } from "@holdfast/client";
import type { SessionEvent } from "@holdfast/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { RECORDINGS } from "../../test/gallery/recordings/index.ts";
import { FrameBuilder } from "./frame-builder.ts";
import { advance, WINDOW_MESSAGES } from "./past-state.ts";
import { LogServer, repeatTurn, thinReplay } from "./scripted-log.ts";
import { MAX_SNAPSHOTS } from "./snapshots.ts";
import { TimelineReader, type TimelineView } from "./timeline-reader.ts";

const ENOUGH_MS = 20_000;
const TURN = thinReplay(RECORDINGS.get("permission-answered") ?? []);
const STEPS_OF_TURN = 8;

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A reader that follows, and how to wait for what it shows. */
function play(server: LogServer, maxSteps?: number) {
  const waiting = new Set<() => void>();
  const show = () => {
    for (const look of waiting) look();
  };
  const reader = new TimelineReader("ses_1", server, show, maxSteps);
  stops.push(reader.follow());
  const until = (holds: (view: TimelineView) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new Error(`It stays ${JSON.stringify({ ...reader.view, steps: reader.view.steps.length })}`),
          ),
        ENOUGH_MS,
      );
      const look = () => {
        if (!holds(reader.view)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const at = (index: number) => reader.stateAt(index, new AbortController().signal);
  return { reader, until, at, ready: () => until(({ phase }) => phase === "ready") };
}

/** What is seen of a state, apart from how far back it goes. */
const seen = ({ messages, turns, permissions }: SessionState) => {
  const newest = messages.slice(-6);
  return { newest, permissions, turns: newest.map(({ info }) => turns[info.turnId]) };
};

/** The same, by going through everything from the beginning. */
function straight(events: readonly SessionEvent[], index: number) {
  const builder = new FrameBuilder();
  const frames = events.flatMap((event) => builder.take(event));
  const end = frames.findIndex(({ step }) => step === frames.flatMap((frame) => frame.step ?? [])[index]);
  return seen(advance(EMPTY_SESSION, frames.slice(0, end + 1)));
}

/** As it is when everything was asked at once: each turn was admitted while the one before it ran. */
function queuedUp(log: readonly SessionEvent[]): SessionEvent[] {
  const seen = new Set<string>();
  return log
    .map((event, index) => {
      const isFirst = event.turnId !== undefined && !seen.has(event.turnId);
      if (event.turnId !== undefined) seen.add(event.turnId);
      const end = log[index - 1];
      return isFirst && end !== undefined ? { ...event, seq: end.seq - 0.5 } : event;
    })
    .toSorted((a, b) => a.seq - b.seq);
}

describe("the timeline of a long session", () => {
  const turns = 400;
  const log = queuedUp(repeatTurn(TURN, turns));

  test("[I-15, I-16] any step is what it is from the beginning, forth and back", async () => {
    const { reader, at, ready } = play(new LogServer(log));
    await ready();
    expect(reader.view.steps).toHaveLength(turns * STEPS_OF_TURN);
    for (const index of [3_199, 0, 1, 2, 1_600, 1_601, 1_599, 7, 2_500, 801, 3_198, 3_199])
      expect(seen(await at(index)), `step ${index}`).toEqual(straight(log, index));
  });

  test("[I-16] going back reads and reduces from the nearest snapshot, not from the beginning", async () => {
    const server = new LogServer(log);
    const { at, ready } = play(server);
    await ready();
    expect(server.reads).toEqual([{ after: 0, events: log.length }]);
    await at(1_600);
    const again = server.reads[1];
    expect(again?.after).toBeGreaterThan(0);
    expect(again?.events).toBeLessThan(log.length / 4);
    // Neighbours come from what was read.
    await at(1_601);
    await at(1_598);
    expect(server.reads).toHaveLength(2);
  });

  test("[I-16] a state has a window of messages, and snapshots do not grow in number", async () => {
    const { at, reader, ready } = play(new LogServer(repeatTurn(TURN, 2_000)));
    await ready();
    expect(reader.kept.snapshots).toBeLessThanOrEqual(MAX_SNAPSHOTS);
    expect(reader.kept.runs).toBeLessThanOrEqual(2);
    for (const index of [15_999, 8_000, 20]) {
      const state = await at(index);
      expect(state.messages.length).toBeLessThanOrEqual(WINDOW_MESSAGES + 2);
      if (index > 1_000) expect(state.loadedFrom).toBe(state.messages[0]?.info.ordinal);
    }
  });

  test("[I-16] the oldest steps go when there are too many, and the rest stays right", async () => {
    const { reader, at, ready } = play(new LogServer(log), 1_000);
    await ready();
    const { steps, dropped } = reader.view;
    expect(steps.length).toBeLessThan(1_500);
    expect(steps.length + dropped).toBe(turns * STEPS_OF_TURN);
    for (const index of [steps.length - 1, 0, 500])
      expect(seen(await at(index)).newest.at(-1)).toEqual(straight(log, index + dropped).newest.at(-1));
  });
});

describe("a timeline that goes on", () => {
  test("[I-15] steps come while the turn runs, and what was chosen stays", async () => {
    const log = repeatTurn(TURN, 3);
    const start = log.length - 8;
    const server = new LogServer(log.slice(0, start));
    const { reader, until, at, ready } = play(server);
    await ready();
    const before = reader.view.steps.map(({ key }) => key);
    const picture = seen(await at(before.length - 1));
    server.append(...log.slice(start));
    await until(({ steps }) => steps.length === 3 * STEPS_OF_TURN);
    expect(reader.view.steps.slice(0, before.length).map(({ key }) => key)).toEqual(before);
    expect(seen(await at(before.length - 1))).toEqual(picture);
  });

  test("[D-23] after a reset everything is read again", async () => {
    const server = new LogServer(repeatTurn(TURN, 3));
    const { until, ready } = play(server);
    await ready();
    server.replace(repeatTurn(TURN, 2));
    await until(({ phase, steps }) => phase === "ready" && steps.length === 2 * STEPS_OF_TURN);
    expect(server.reads.map(({ after }) => after)).toEqual([0, 0]);
  });

  test("[D-23] a log that is reset again and again is given up", async () => {
    const server = new LogServer(TURN);
    const { until, ready } = play(server);
    for (let resets = 0; resets < 3; resets += 1) {
      await ready();
      server.replace(TURN);
      await until(({ phase }) => phase !== "ready");
    }
    await until(({ phase }) => phase === "failed");
    expect(server.reads).toHaveLength(3);
  });

  test("[I-15] a session that is deleted is gone", async () => {
    const server = new LogServer(TURN);
    const { reader, until, ready } = play(server);
    await ready();
    const seq = (TURN.at(-1)?.seq ?? 0) + 1;
    const deleted: unknown = { seq, prev: seq - 1, type: "session.deleted", data: { sessionId: "ses_1" } };
    server.append(deleted as SessionEvent);
    await until(({ phase }) => phase === "missing");
    expect(reader.view.phase).toBe("missing");
  });
});
