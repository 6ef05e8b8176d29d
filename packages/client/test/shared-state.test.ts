import { addOlderShared, reduceShared, type SharedState, sharedStateOf } from "@holdfast/client";
import type { PublishedChange, PublishedPart, SharedMessage, SharedSession } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";

const id = (prefix: string, count: number) => `${prefix}_${String(count).padStart(26, "0")}` as never;

const session = (status: "idle" | "busy", seq: number): SharedSession => ({
  shareId: id("shr", 1),
  session: { title: "Mend it", agent: "scribe", status, time: { created: 1, updated: 2 } },
  models: [],
  omitted: [],
  seq,
});

const asked = (count: number): SharedMessage => ({
  info: { id: id("msg", count), ordinal: count, role: "user", agent: "scribe", time: { created: count } },
  parts: [text(count, count, `question ${count}`)],
  omitted: [],
});

const answer = (count: number, parent: number, more: Record<string, unknown> = {}): SharedMessage => ({
  info: {
    id: id("msg", count),
    ordinal: count,
    role: "assistant",
    parentId: id("msg", parent),
    agent: "scribe",
    time: { created: count, completed: count + 5 },
    tokens: { input: 10, output: 3 },
    ...more,
  },
  parts: [text(count, count, `answer ${count}`)],
  omitted: [],
});

function text(part: number, message: number, said: string): PublishedPart {
  return { id: id("prt", part), messageId: id("msg", message), ordinal: part, type: "text", text: said };
}

const event = (seq: number, type: string, data: unknown) => ({ seq, type, time: seq, data });
const page = (items: SharedMessage[], more: { next?: string; seq?: number } = {}) => ({
  seq: 1,
  items,
  ...more,
});
const saidIn = ({ transcript }: SharedState) =>
  transcript.messages.map(({ parts }) => parts.map((part) => (part.type === "text" ? part.text : part.type)));
const turnsOf = ({ transcript }: SharedState) =>
  Object.values(transcript.turns).map(({ state, reason, usage }) => ({
    state,
    reason,
    tokens: usage.tokens,
  }));

describe("a shared session at its reader's", () => {
  test("[S-11] events are taken by the one reducer, and taken again change nothing", () => {
    let state = sharedStateOf(session("busy", 5), page([asked(1)]), []);
    const events = [
      event(6, "message.updated", { message: answer(2, 1, { time: { created: 2 } }).info }),
      event(7, "message.part.updated", { part: text(2, 2, "an ") }),
      event(8, "message.part.delta", {
        messageId: id("msg", 2),
        partId: id("prt", 2),
        field: "text",
        offset: 3,
        text: "answer",
      }),
      event(9, "something.new", { of: "a newer service" }),
    ];
    for (const one of events) state = reduceShared(state, one);
    expect(saidIn(state)).toEqual([["question 1"], ["an answer"]]);
    expect(state.transcript.lastSeq).toBe(9);
    for (const one of events) expect(reduceShared(state, one)).toBe(state);
  });

  test("[S-11] a question that comes live has its words, and nothing of it waits to be read", () => {
    let state = sharedStateOf(session("busy", 5), page([]), []);
    state = reduceShared(state, event(6, "message.updated", { message: asked(1).info }));
    state = reduceShared(state, event(7, "message.part.updated", { part: text(1, 1, "why?") }));
    expect(saidIn(state)).toEqual([["why?"]]);
    expect(state.transcript.unread).toEqual({});
  });

  test("[S-17] what was asked and answered is one turn, which runs while its session does", () => {
    let state = sharedStateOf(session("busy", 1), page([asked(1), answer(2, 1), answer(3, 1)]), []);
    expect(turnsOf(state)).toEqual([
      { state: "running", reason: undefined, tokens: { input: 20, output: 6 } },
    ]);
    state = reduceShared(state, event(2, "session.updated", { session: session("idle", 0).session }));
    expect(turnsOf(state)).toEqual([
      { state: "completed", reason: undefined, tokens: { input: 20, output: 6 } },
    ]);
  });

  test.each([
    [
      { name: "MessageAbortedError", message: "stopped" },
      { state: "aborted", reason: "cancelled" },
    ],
    [
      { name: "APIError", message: "too much" },
      { state: "failed", reason: "error" },
    ],
  ])("[S-17] an answer that ended with %j ends its turn so", (error, end) => {
    const state = sharedStateOf(session("idle", 1), page([asked(1), answer(2, 1, { error })]), []);
    expect(turnsOf(state)).toMatchObject([end]);
  });

  test("[S-7] an omitted row goes, is said to be left out, and comes back when it is sent after all", () => {
    const key = `part:${String(id("prt", 2))}`;
    let state = sharedStateOf(session("idle", 1), page([asked(1), answer(2, 1)]), []);
    state = reduceShared(state, event(2, "omitted", { key, messageId: id("msg", 2), reason: "refused" }));
    expect(saidIn(state)).toEqual([["question 1"], []]);
    expect(state.omitted.get(key)).toEqual({ reason: "refused", messageId: id("msg", 2) });
    state = reduceShared(state, event(3, "message.part.updated", { part: text(2, 2, "after all") }));
    expect(saidIn(state)).toEqual([["question 1"], ["after all"]]);
    expect(state.omitted.size).toBe(0);
  });

  test.each([
    ["session", session("idle", 1).session],
    ["models", [{ modelId: "small" }]],
    ["usage", { cost: 2 }],
  ] as const)("[S-7] %s is gone when it is left out, and back when it is sent", (key, shown) => {
    const before = { ...sharedStateOf(session("idle", 1), page([]), []), [key]: shown };
    const gone = reduceShared(before, event(2, "omitted", { key, reason: "withheld" }));
    expect(gone[key] ?? []).toEqual([]);
    expect(gone.omitted.get(key)).toEqual({ reason: "withheld" });
    const back = reduceShared(gone, event(3, `${key}.updated`, { [key]: shown }));
    expect(back[key]).toEqual(shown);
    expect(back.omitted.size).toBe(0);
  });

  test("[S-20] removing a message removes its parts, and what was said to be left out of it", () => {
    let state = sharedStateOf(session("idle", 1), page([asked(1), answer(2, 1)]), []);
    state = reduceShared(
      state,
      event(2, "omitted", {
        key: `part:${String(id("prt", 9))}`,
        messageId: id("msg", 2),
        reason: "expired",
      }),
    );
    state = reduceShared(state, event(3, "message.removed", { messageId: id("msg", 2) }));
    expect(saidIn(state)).toEqual([["question 1"]]);
    expect(state.omitted.size).toBe(0);
  });

  test("[S-34] changes come and go by their own events, in the order of their paths", () => {
    const change = (count: number, path: string): PublishedChange => ({
      id: id("chg", count),
      path,
      kind: "modified",
      state: "pending",
      agent: "scribe",
      hunks: [],
      binary: false,
      additions: 1,
      deletions: 0,
      time: { created: 1, updated: 1 },
    });
    let state = sharedStateOf(session("idle", 1), page([]), [change(1, "m.ts")]);
    state = reduceShared(state, event(2, "change.updated", { change: change(2, "a.ts") }));
    expect([...state.changes.values()].map(({ path }) => path)).toEqual(["a.ts", "m.ts"]);
    state = reduceShared(state, event(3, "change.removed", { changeId: id("chg", 1) }));
    expect([...state.changes.values()].map(({ path }) => path)).toEqual(["a.ts"]);
  });

  test("[S-11] an older page stands before the others, unless events overtook it", () => {
    const state = sharedStateOf(session("idle", 5), page([asked(3), answer(4, 3)], { next: "older" }), []);
    const whole = addOlderShared(state, page([asked(1), answer(2, 1)], { seq: 5 }));
    expect(whole === undefined ? [] : saidIn(whole)).toEqual([
      ["question 1"],
      ["answer 2"],
      ["question 3"],
      ["answer 4"],
    ]);
    const changed = reduceShared(state, event(6, "message.removed", { messageId: id("msg", 1) }));
    expect(addOlderShared(changed, page([asked(1), answer(2, 1)], { seq: 5 }))).toBeUndefined();
  });
});
