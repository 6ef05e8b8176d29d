import {
  addOlderMessages,
  EMPTY_SESSION,
  meetNeed,
  meetUnread,
  queueOf,
  reduce,
  type SessionState,
  skipEvent,
  stateOfSnapshot,
} from "@holdfast/client";
import { type Delta, type Message, type Part, type SessionEvent } from "@holdfast/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SessionRehearsal, type Step } from "./session-rehearsal.ts";

/** FAST_CHECK_RUNS raises it for a long search; fast-check prints the seed of a failure. */
const RUNS = Number(process.env["FAST_CHECK_RUNS"] ?? 300);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.nat({ max: 18 }),
    pick: fc.nat({ max: 40 }),
    size: fc.nat({ max: 60 }),
  }),
  { maxLength: 90, size: "max" },
);

const play = (events: readonly SessionEvent[], from: SessionState = EMPTY_SESSION) =>
  events.reduce(reduce, from);

/** What must be equal: all but the notes about what lies outside of what is loaded. */
function visible(state: SessionState) {
  const { unloadedSeq: _seq, unread: _unread, unplaced, ...rest } = state;
  const waiting = Object.entries(unplaced).filter(([, message]) => message.info !== undefined);
  return { ...rest, unplaced: Object.fromEntries(waiting), queue: queueOf(state).map((input) => input.id) };
}

function rehearse(plan: readonly Step[]): SessionRehearsal {
  const server = new SessionRehearsal();
  for (const step of plan) server.step(step);
  return server;
}

describe("[I-14] one reducer for replay and live", () => {
  test("[D-4, D-22] any prefix, a thin replay and the rest give the state of a reader who was never cut off", () => {
    fc.assert(
      fc.property(steps, steps, fc.nat(), fc.nat(), (before, later, cut, salt) => {
        const server = rehearse(before);
        const after = cut % (server.lastSeq + 1);
        const prefix = play(server.log.history().slice(0, after));
        const replay = server.log.replay(after, (seq) => (seq * 31 + salt) % 3 === 0);
        const seam = server.lastSeq;
        for (const step of later) server.step(step);
        const resumed = readUnread(server, play(server.log.history(seam), play(replay, prefix)));
        expect(visible(resumed)).toEqual(visible(readUnread(server, play(server.log.history()))));
        expect(resumed.messages).toEqual(server.historyMessages());
        expect(resumed.needs).toEqual({});
      }),
      { numRuns: RUNS },
    );
  });

  test("[D-2, R-17.23] duplicates and old events change nothing, not even the object", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (plan, pick) => {
        const events = rehearse(plan).log.history();
        const state = play(events);
        const again = events[pick % events.length];
        expect(again === undefined ? state : reduce(state, again)).toBe(state);
        expect(play(events.flatMap((event) => [event, event]))).toEqual(state);
      }),
    );
  });

  test("[I-4] a snapshot and what follows its seq is the same as all events", () => {
    fc.assert(
      fc.property(steps, steps, steps, (first, between, later) => {
        const server = rehearse(first);
        const session = structuredClone(server.session);
        for (const step of between) server.step(step);
        const loaded = stateOfSnapshot(snapshotOf(server, session));
        for (const step of later) server.step(step);
        const state = readUnread(server, play(server.log.history(session.lastSeq), loaded));
        const whole = play(server.log.history());
        expect(state.messages).toEqual(whole.messages);
        expect({ ...visible(state), unplaced: {} }).toEqual({ ...visible(whole), unplaced: {} });
      }),
      { numRuns: RUNS },
    );
  });

  test("[I-16] pages of older messages can be added at any time", () => {
    fc.assert(
      fc.property(steps, steps, fc.integer({ min: 1, max: 4 }), (first, later, limit) => {
        const server = rehearse(first);
        const session = structuredClone(server.session);
        const snapshot = snapshotOf(server, session);
        const all = snapshot.messages.items;
        let state = stateOfSnapshot({
          ...snapshot,
          messages: pageOf(all, all.length, limit, server.lastSeq),
        });
        for (const step of later) server.step(step);
        state = readUnread(server, play(server.log.history(session.lastSeq), state));
        for (let guard = 0; state.loadedFrom > 0 && guard < 1_000; guard += 1) {
          const now = server.historyMessages();
          const end = now.findIndex((message) => (message.info.ordinal ?? 0) >= state.loadedFrom);
          const next = addOlderMessages(
            state,
            pageOf(now, end < 0 ? now.length : end, limit, server.lastSeq),
          );
          state = next ?? state;
        }
        expect(state.messages).toEqual(server.historyMessages());
      }),
      { numRuns: RUNS },
    );
  });
});

function readUnread(server: SessionRehearsal, state: SessionState): SessionState {
  if (Object.keys(state.unread).length === 0) return state;
  const stale = meetUnread(state, { items: [], seq: 0 });
  return meetUnread(stale, structuredClone({ items: server.historyMessages(), seq: server.lastSeq }));
}

function snapshotOf(server: SessionRehearsal, session: SessionRehearsal["session"]) {
  const seq = server.lastSeq;
  const rows = [...server.turns.values()];
  return structuredClone({
    session,
    messages: { items: server.historyMessages(), seq },
    turns: { items: rows.map((item) => item.turn), seq },
    inputs: { items: rows.map((item) => item.input), seq },
    permissions: [...server.permissions.values()],
    questions: [],
    todos: { items: server.todos, seq },
    agentSessions: { items: [], seq },
  });
}

function pageOf(all: readonly Message[], end: number, limit: number, seq: number) {
  const start = Math.max(0, end - limit);
  return { items: structuredClone(all.slice(start, end)), ...(start > 0 ? { next: "older" } : {}), seq };
}

describe("deltas and needs (interfaces.md section 0)", () => {
  const ids = { sessionId: "ses_1", messageId: "msg_1" } as never as { sessionId: never; messageId: never };
  const text: Part = { ...ids, id: "prt_1" as never, type: "text", text: "abc" };
  const tool: Part = {
    ...ids,
    id: "prt_2" as never,
    type: "tool",
    callId: "c",
    tool: "bash",
    state: { status: "running", input: {}, raw: "{}", output: "o", time: { start: 1 } },
  };
  let seq = 0;
  const event = (type: string, data: unknown) =>
    ({ seq: ++seq, prev: seq - 1, type, version: 1, sessionId: "ses_1", time: seq, data }) as SessionEvent;
  const start = () => {
    seq = 0;
    const message = {
      ...ids,
      id: ids.messageId,
      ordinal: 0,
      turnId: "trn_1",
      agent: "a",
      role: "user",
      time: { created: 1 },
    };
    return play([
      event("message.updated", { message }),
      event("message.part.updated", { part: text }),
      event("message.part.updated", { part: tool }),
    ]);
  };
  const delta = (partId: string, field: Delta["field"], offset: number, text: string) =>
    event("message.part.delta", { messageId: "msg_1", partId, field, offset, text });
  const parts = (state: SessionState) => state.messages[0]?.parts;

  test.each<[string, Delta["field"], number, string, object]>([
    ["prt_1", "text", 3, "def", { text: "abcdef" }],
    ["prt_1", "text", 1, "bc", { text: "abc" }],
    ["prt_1", "text", 0, "", { text: "abc" }],
    ["prt_2", "raw", 2, " ", { state: { raw: "{} " } }],
    ["prt_2", "output", 1, "k", { state: { output: "ok" } }],
  ])("%s.%s at %i takes %j", (partId, field, offset, added, result) => {
    const before = start();
    const state = reduce(before, delta(partId, field, offset, added));
    expect(parts(state)?.find((part) => part.id === partId)).toMatchObject(result);
    expect(state.needs).toEqual({});
  });

  test.each<[string, Delta["field"], number, string]>([
    ["prt_1", "text", 4, "x"],
    ["prt_1", "text", 2, "xy"],
    ["prt_1", "raw", 0, "x"],
    ["prt_1", "output", 0, "x"],
    ["prt_2", "text", 0, "x"],
    ["prt_9", "text", 0, "x"],
  ])("%s.%s at %i with %j must be read again", (partId, field, offset, added) => {
    const state = reduce(start(), delta(partId, field, offset, added));
    expect(state.needs[partId]).toMatchObject({ messageId: "msg_1", partId, seq: 4 });
    expect(parts(state)).toEqual([text, tool]);
  });

  test("deltas that come while a part is read are applied to the answer", () => {
    let state = reduce(start(), delta("prt_1", "text", 5, "fg"));
    const need = state.needs["prt_1"];
    state = reduce(state, delta("prt_1", "text", 7, "hi"));
    if (need === undefined) throw new Error("The part is not needed.");
    state = meetNeed(state, need, { ...text, text: "abcdef" });
    expect(Object.keys(state.needs)).toEqual(["prt_1"]);
    const again = state.needs["prt_1"];
    if (again === undefined) throw new Error("The part is not needed.");
    state = meetNeed(state, again, { ...text, text: "abcdefg" });
    expect(parts(state)?.[0]).toMatchObject({ text: "abcdefghi" });
    expect(state.needs).toEqual({});
  });

  test("an answer for a need that was met meanwhile is ignored, and a part that is gone is let go", () => {
    const needed = reduce(start(), delta("prt_1", "text", 9, "x"));
    const need = needed.needs["prt_1"];
    if (need === undefined) throw new Error("The part is not needed.");
    const met = reduce(needed, event("message.part.updated", { part: { ...text, text: "new" } }));
    expect(meetNeed(met, need, { ...text, text: "old" })).toBe(met);
    expect(meetNeed(needed, need, undefined).needs).toEqual({});
    expect(reduce(needed, event("message.removed", { messageId: "msg_1" })).needs).toEqual({});
  });

  test("[D-25] an event of an unknown type moves the seq and nothing else", () => {
    const state = start();
    const odd = reduce(state, event("weather.changed", { rain: true }));
    expect({ ...odd, lastSeq: 3 }).toEqual(state);
    expect(skipEvent(state, 9).lastSeq).toBe(9);
    expect(skipEvent(state, 2)).toBe(state);
  });

  test("what did not change keeps its object", () => {
    const before = start();
    const after = reduce(before, delta("prt_1", "text", 3, "d"));
    expect(parts(after)?.[1]).toBe(parts(before)?.[1]);
    expect(after.turns).toBe(before.turns);
    expect(after.session).toBe(before.session);
  });
});
