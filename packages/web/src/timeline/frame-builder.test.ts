import { EMPTY_SESSION, reduce, type SessionState } from "@holdfast/client";
import { isTerminal, type SessionEvent } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { RECORDINGS } from "../../test/gallery/recordings/index.ts";
import { FrameBuilder } from "./frame-builder.ts";
import { advance } from "./past-state.ts";
import { inTwoSteps, thinReplay } from "./scripted-log.ts";
import type { Frame } from "./turn-frames.ts";

const recorded = (name: string): readonly SessionEvent[] => {
  const events = RECORDINGS.get(name);
  if (events === undefined) throw new Error(`There is no recording ${name}.`);
  return events;
};

function framesOf(events: readonly SessionEvent[]): Frame[] {
  const builder = new FrameBuilder();
  return [...events.flatMap((event) => builder.take(event)), ...builder.tail()];
}

const stepsOf = (frames: readonly Frame[]) => frames.flatMap(({ step }) => step ?? []);
const told = (events: readonly SessionEvent[]) =>
  stepsOf(framesOf(events)).map(({ kind, label }) => `${kind} ${label}`);

/** The state at the step of this index. */
function stateAt(frames: readonly Frame[], index: number): SessionState {
  const end = frames.findIndex(({ step }) => step === stepsOf(frames)[index]);
  return advance(EMPTY_SESSION, frames.slice(0, end + 1));
}

const partsOf = (state: SessionState) => state.messages.flatMap(({ parts }) => parts);
const callsOf = (state: SessionState) =>
  partsOf(state).flatMap((part) =>
    part.type === "tool" ? `${part.state.title ?? part.tool}: ${part.state.status}` : [],
  );

describe("the frames of a session", () => {
  test("[I-15] steps are what was asked, calls, requests with their answers, and ends", () => {
    expect(told(thinReplay(recorded("permission-answered")))).toEqual([
      "asked You: BASH echo allowed…",
      "request Asked: echo allowed",
      "reply Allowed once: echo allowed",
      "tool echo allowed",
      "request Asked: Write notes.md",
      "reply Rejected: Write notes.md",
      "tool Write notes.md (failed)",
      "completed The turn ended",
    ]);
    expect(told(thinReplay(recorded("failed"))).at(-1)).toBe("failed Failed");
    expect(told(thinReplay(recorded("interrupted"))).at(-1)).toBe("aborted Interrupted");
    expect(told(thinReplay(recorded("stopped"))).at(-1)).toBe("aborted Stopped");
    expect(told(thinReplay(recorded("queued")))).toEqual(["asked You: SLOW 4000 20"]);
  });

  test.each([...RECORDINGS.keys()])(
    "[D-4, I-14] a thin replay of %s makes the same frames as the live events",
    (name) => {
      const live = recorded(name);
      const plain = (frames: readonly Frame[]) =>
        frames.map(({ step, events }) => ({
          step,
          events: events.map(({ type, data }) => ({ type, data })),
        }));
      expect(plain(framesOf(thinReplay(live)))).toEqual(plain(framesOf(live)));
    },
  );

  test.each([...RECORDINGS.keys()])("[I-14, I-15] at its ends %s shows what was shown live", (name) => {
    const live = recorded(name);
    const frames = framesOf(thinReplay(live));
    for (const [index, step] of stepsOf(frames).entries()) {
      if (!isTerminal(step.kind as "completed")) continue;
      const shown = live.filter(({ seq }) => seq <= step.seq).reduce(reduce, EMPTY_SESSION);
      const past = stateAt(frames, index);
      expect(past.messages).toEqual(shown.messages);
      expect(past.turns[step.turnId]).toEqual(shown.turns[step.turnId]);
      expect(past.permissions).toEqual({});
      expect(past.needs).toEqual({});
    }
  });

  test("[I-15] at a request its call waits, what came before is there, and nothing of the answer", () => {
    const frames = framesOf(thinReplay(recorded("permission-answered")));
    const [first, asked, replied, settled] = [0, 1, 2, 3].map((index) => stateAt(frames, index));
    expect(callsOf(first ?? EMPTY_SESSION)).toEqual([]);
    expect(callsOf(asked ?? EMPTY_SESSION)).toEqual(["echo allowed: pending"]);
    const [request] = Object.values(asked?.permissions ?? {});
    expect(request).toMatchObject({ state: "pending", title: "echo allowed" });
    expect(request).not.toHaveProperty("reply");
    expect(request?.time).not.toHaveProperty("ended");
    expect(Object.values(replied?.permissions ?? {})).toEqual([]);
    expect(callsOf(replied ?? EMPTY_SESSION)).toEqual(["echo allowed: running"]);
    expect(callsOf(settled ?? EMPTY_SESSION)).toEqual(["echo allowed: completed"]);
    expect(Object.values(asked?.turns ?? {})[0]).toMatchObject({ state: "running", usage: {} });
    expect(Object.values(asked?.turns ?? {})[0]?.time).not.toHaveProperty("ended");
  });

  test("[I-15, D-3] a call that settled later is shown running, whatever its place", () => {
    const replay = thinReplay(recorded("kinds"));
    const calls = replay.filter(
      ({ type, data }) => type === "message.part.updated" && "part" in data && data.part.type === "tool",
    );
    const [early, next, last] = [calls[0], calls[1], calls.at(-1)];
    // The first call takes longer than all others.
    const slow = replay
      .map((event) => (event === early ? { ...event, seq: (last?.seq ?? 0) + 0.5 } : event))
      .toSorted((a, b) => a.seq - b.seq);
    const frames = framesOf(slow);
    const at = stepsOf(frames).findIndex(({ key }) => key === String(next?.seq));
    expect(callsOf(stateAt(frames, at))).toEqual(["src/parser.ts: running", "Search for parse(: completed"]);
  });

  test("[I-15, R-1.6] of a turn with two answers the first one is whole as soon as the second one is there", () => {
    const live = inTwoSteps(recorded("permission-answered"));
    const frames = framesOf(thinReplay(live));
    const heads = stepsOf(frames).map((_, index) =>
      stateAt(frames, index).messages.flatMap(({ info }) =>
        info.role === "assistant" ? [info.time.completed === undefined ? "open" : info.finish] : [],
      ),
    );
    expect(heads.slice(0, 4)).toEqual([[], ["open"], ["open"], ["open"]]);
    expect(heads[4]).toEqual(["tool-calls", "open"]);
    expect(heads.at(-1)).toEqual(["tool-calls", "end_turn"]);
    const shown = live.reduce(reduce, EMPTY_SESSION);
    const past = stateAt(frames, heads.length - 1);
    expect(past.messages).toEqual(shown.messages);
    expect(past.turns).toEqual(shown.turns);
  });

  test("[I-15] an open turn shows what has settled, and keeps its steps when it ends", () => {
    const replay = thinReplay(recorded("permission-answered"));
    const builder = new FrameBuilder();
    let before: string[] = [];
    for (const event of replay) {
      const closed = builder.take(event);
      const keys = stepsOf([...closed, ...builder.tail()]).map(({ key }) => key);
      expect(keys.slice(0, before.length)).toEqual(before);
      before = keys;
    }
    expect(before).toHaveLength(8);
  });

  test("[I-15] a queued input that was taken back leaves no step", () => {
    const [message, ...rest] = thinReplay(recorded("queued")).filter(
      ({ type, data }) =>
        type === "message.updated" && data.message.role === "user" && data.message.ordinal === undefined,
    );
    const turnId = message?.turnId;
    expect(rest).toHaveLength(1);
    const replay = thinReplay(recorded("queued")).filter((event) => event.turnId === turnId);
    const end = replay.findLast(({ type }) => type.startsWith("turn."));
    const data = {
      turn: { ...(end as { data: { turn: object } }).data.turn, state: "aborted", reason: "cancelled" },
    };
    expect(framesOf([...replay, { ...end, seq: 999, type: "turn.aborted", data } as SessionEvent])).toEqual(
      [],
    );
  });
});
