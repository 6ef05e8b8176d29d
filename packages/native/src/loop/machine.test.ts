import type { SessionError } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { firstState, type Limits, type LoopEvent, type State, transition } from "./machine.ts";

const limits: Limits = { steps: 5, tries: 3, retries: 4, compactions: 3, compacts: true };
const counts = { steps: 1, retries: 0, compactions: 0 };
const passing: SessionError = { name: "APIError", data: { message: "busy", isRetryable: true } };
const overflow: SessionError = { name: "ContextOverflowError", data: { message: "too long" } };

const states: Record<State["at"], State> = {
  looking: { at: "looking", counts },
  asking: { at: "asking", counts, attempt: 1, isLast: false },
  waiting: {
    at: "waiting",
    counts,
    before: { at: "asking", counts, attempt: 1, isLast: false },
    delay: 5,
    error: { name: "APIError", data: { message: "busy", isRetryable: true } },
  },
  running: { at: "running", counts, isLast: false },
  compacting: { at: "compacting", counts, attempt: 1, overflow: false },
  ended: { at: "ended", answer: { outcome: "ended", stopReason: "end_turn" } },
};

const events: Record<LoopEvent["type"], LoopEvent> = {
  looked: { type: "looked", isFull: false },
  answered: { type: "answered", finish: "tool-calls", calls: 1, isFull: false, isSteered: false },
  failed: { type: "failed", error: passing, delay: 5 },
  waited: { type: "waited" },
  ran: { type: "ran", outcome: "on" },
  compacted: { type: "compacted", goesOn: true },
  cancelled: { type: "cancelled" },
};

/** `=`: nothing changes. */
const table: Record<State["at"], Record<LoopEvent["type"], State["at"] | "=">> = {
  looking: {
    looked: "asking",
    answered: "=",
    failed: "=",
    waited: "=",
    ran: "=",
    compacted: "=",
    cancelled: "ended",
  },
  asking: {
    looked: "=",
    answered: "running",
    failed: "waiting",
    waited: "=",
    ran: "=",
    compacted: "=",
    cancelled: "ended",
  },
  waiting: {
    looked: "=",
    answered: "=",
    failed: "=",
    waited: "asking",
    ran: "=",
    compacted: "=",
    cancelled: "ended",
  },
  running: {
    looked: "=",
    answered: "=",
    failed: "=",
    waited: "=",
    ran: "looking",
    compacted: "=",
    cancelled: "ended",
  },
  compacting: {
    looked: "=",
    answered: "=",
    failed: "waiting",
    waited: "=",
    ran: "=",
    compacted: "looking",
    cancelled: "ended",
  },
  ended: { looked: "=", answered: "=", failed: "=", waited: "=", ran: "=", compacted: "=", cancelled: "=" },
};

describe("the machine of a prompt", () => {
  const cells = Object.entries(table).flatMap(([at, row]) =>
    Object.entries(row).map(([event, next]) => ({ at, event, next })),
  );
  test.each(cells)("[R-14.1] $at, $event: $next", ({ at, event, next }) => {
    const state = states[at as State["at"]];
    const after = transition(state, events[event as LoopEvent["type"]], limits);
    if (next === "=") expect(after).toBe(state);
    else expect(after.at).toBe(next);
  });

  const answer = (told: Partial<Extract<LoopEvent, { type: "answered" }>>): LoopEvent => ({
    type: "answered",
    finish: "stop",
    calls: 0,
    isFull: false,
    isSteered: false,
    ...told,
  });
  const end = (stopReason: string) => ({ at: "ended", answer: { outcome: "ended", stopReason } });

  test.each([
    ["stop", answer({}), end("end_turn")],
    ["other", answer({ finish: "other" }), end("end_turn")],
    ["stop, but somebody said more", answer({ isSteered: true }), { at: "looking" }],
    ["stop with calls", answer({ calls: 2 }), { at: "running" }],
    ["length", answer({ finish: "length" }), failure("MessageOutputLengthError")],
    ["length with a call", answer({ finish: "length", calls: 1 }), { at: "running" }],
  ])("[R-3.1] an answer that ends with %s", (_name, event, expected) => {
    expect(transition(states.asking, event, limits)).toMatchObject(expected);
  });

  function failure(name: string) {
    return { at: "ended", answer: { outcome: "failed", error: { name } } };
  }

  test("[D-8] the last step is told so, and ends the prompt with or without calls", () => {
    const last = transition({ at: "looking", counts: { ...counts, steps: 4 } }, events.looked, limits);
    expect(last).toMatchObject({ at: "asking", isLast: true });
    expect(transition(last, answer({}), limits)).toMatchObject(end("max_turn_requests"));
    const running = transition(last, answer({ calls: 1 }), limits);
    expect(running).toMatchObject({ at: "running", isLast: true });
    expect(transition(running, events.ran, limits)).toMatchObject(end("max_turn_requests"));
  });

  test("[R-13.1] tries of a step and retries of a turn are both bounded", () => {
    const third: State = { at: "asking", counts, attempt: 3, isLast: false };
    expect(transition(third, events.failed, limits)).toMatchObject(failure("APIError"));
    const spent: State = { at: "asking", counts: { ...counts, retries: 4 }, attempt: 1, isLast: false };
    expect(transition(spent, events.failed, limits)).toMatchObject(failure("APIError"));
    expect(transition(transition(states.asking, events.failed, limits), events.waited, limits)).toMatchObject(
      {
        at: "asking",
        attempt: 2,
        counts: { retries: 1 },
      },
    );
  });

  test("[R-13.1] an error that may not be repeated ends it at once", () => {
    const error: SessionError = { name: "UnknownError", data: { message: "what?" } };
    expect(transition(states.asking, { type: "failed", error }, limits)).toMatchObject(
      failure("UnknownError"),
    );
  });

  test("[R-14.1] an overflow is compacted, never tried again, and never when nothing may be compacted", () => {
    const event: LoopEvent = { type: "failed", error: overflow, delay: 1 };
    expect(transition(states.asking, event, limits)).toMatchObject({ at: "compacting", overflow: true });
    const off = { ...limits, compacts: false };
    expect(transition(states.asking, event, off)).toMatchObject(failure("ContextOverflowError"));
    expect(transition(states.compacting, event, limits)).toMatchObject(failure("ContextOverflowError"));
  });

  test("[R-14.1] a provider that always overflows ends the prompt after three compactions", () => {
    let state = firstState(0);
    let compactions = 0;
    for (let turns = 0; state.at !== "ended" && turns < 100; turns += 1) {
      if (state.at === "compacting") compactions += 1;
      const event: LoopEvent =
        state.at === "looking"
          ? { type: "looked", isFull: false }
          : state.at === "asking"
            ? { type: "failed", error: overflow }
            : { type: "compacted", goesOn: true };
      state = transition(state, event, { ...limits, steps: 100 });
    }
    expect(compactions).toBe(3);
    expect(state).toMatchObject(failure("ContextOverflowError"));
  });

  test("[R-14.1] a model whose every step leaves no room is compacted three times, then asked as it is", () => {
    let state = firstState(0);
    let compactions = 0;
    for (let turns = 0; state.at !== "ended" && turns < 200; turns += 1) {
      if (state.at === "compacting") compactions += 1;
      const event: LoopEvent =
        state.at === "looking"
          ? { type: "looked", isFull: true }
          : state.at === "asking"
            ? answer({ calls: 1, isFull: true })
            : state.at === "running"
              ? { type: "ran", outcome: "on" }
              : { type: "compacted", goesOn: true };
      state = transition(state, event, { ...limits, steps: 20 });
    }
    expect(compactions).toBe(3);
    expect(state).toMatchObject(end("max_turn_requests"));
  });

  test("[R-14.1] a step that leaves room makes compactions possible again", () => {
    const spent: State = { at: "asking", counts: { ...counts, compactions: 3 }, attempt: 1, isLast: false };
    expect(transition(spent, answer({ calls: 1 }), limits)).toMatchObject({ counts: { compactions: 0 } });
  });

  test("[D-8] what ended a run of calls ends the prompt", () => {
    const ran = (outcome: "answered" | "denied") =>
      transition(states.running, { type: "ran", outcome }, limits);
    expect(ran("answered")).toMatchObject(end("end_turn"));
    expect(ran("denied")).toMatchObject(end("denied"));
    expect(transition(states.compacting, { type: "compacted", goesOn: false }, limits)).toMatchObject(
      end("end_turn"),
    );
  });
});
