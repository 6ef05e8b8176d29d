import {
  agentSchema,
  isHandoffPart,
  liveAgentListSchema,
  permissionRuleSchema,
  sessionEventSchema,
} from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { casesAt, mismatches } from "./cases.ts";
import { PANELS, RECORDINGS } from "./recordings/index.ts";

describe("recordings of the gallery", () => {
  test("[I-14] every recording is shown, and every case was recorded", () => {
    expect(mismatches()).toEqual([]);
  });

  test.each([...RECORDINGS])("[I-14, D-25] every event of %s is one that the protocol knows", (_, events) => {
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(sessionEventSchema.safeParse(event).error).toBeUndefined();
    const seqs = events.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  test("[I-14, I-15] the states of turns and calls, and what a person is asked, are all among them", () => {
    const views = casesAt(1_900_000_000_000).map(({ view }) => view);
    const turns = views.flatMap(({ state }) => Object.values(state.turns));
    const parts = views.flatMap(({ state }) => state.messages.flatMap((message) => message.parts));
    const calls = parts.filter((part) => part.type === "tool");
    expect(new Set(turns.map(({ state }) => state))).toEqual(
      new Set(["queued", "running", "completed", "failed", "aborted"]),
    );
    expect(new Set(turns.map(({ reason }) => reason))).toEqual(
      new Set([undefined, "cancelled", "interrupted", "error", "crashed", "limited"]),
    );
    for (const sign of ["stalled", "stopping", "waitingFor"] as const)
      expect(
        turns.some((turn) => turn[sign] !== undefined),
        sign,
      ).toBe(true);
    expect(new Set(calls.map(({ state }) => state.status))).toEqual(
      new Set(["pending", "running", "completed", "error"]),
    );
    expect(new Set(calls.map(({ kind }) => kind))).toEqual(
      new Set([
        "read",
        "search",
        "edit",
        "delete",
        "move",
        "execute",
        "think",
        "fetch",
        "switch_mode",
        "other",
      ]),
    );
    expect(parts.some(({ type }) => type === "reasoning")).toBe(true);
    expect(views.some(({ state }) => Object.keys(state.permissions).length > 0)).toBe(true);
    expect(new Set(views.map(({ phase }) => phase))).toEqual(
      new Set(["ready", "loading", "missing", "failed"]),
    );
  });

  test("[A-4, A-14, I-15] every way in which a turn finds its agent is among them, what holds turns up, and every account that was given", () => {
    const views = casesAt(1_900_000_000_000).map(({ view }) => view);
    const turns = views.flatMap(({ state }) => Object.values(state.turns));
    expect(new Set(turns.map(({ opened }) => opened))).toEqual(
      new Set([undefined, "new", "resumed", "replayed", "lost"]),
    );
    const held = turns.flatMap(({ waitingFor }) => waitingFor?.kind ?? []);
    expect(new Set(held)).toEqual(new Set(["circuit", "workspace", "pool", "limit"]));
    const told = views.flatMap(({ state }) =>
      state.messages.filter(({ parts }) => parts.some(isHandoffPart)),
    );
    expect(new Set(told.map(({ info }) => info.agent))).toEqual(new Set(["rehearsal", "scribe"]));
  });

  test("[A-3, A-19, A-20, I-15] the lists hold agents of every kind, live ones in their states, and rules", () => {
    const { agents, rules, live } = PANELS;
    for (const agent of agents) expect(agentSchema.safeParse(agent).error).toBeUndefined();
    for (const rule of rules) expect(permissionRuleSchema.safeParse(rule).error).toBeUndefined();
    expect(agents.some(({ available, features }) => available && features.load === "yes")).toBe(true);
    expect(agents.some(({ approvalModes }) => !approvalModes.includes("ask"))).toBe(true);
    expect(agents.some(({ available, install }) => !available && install !== undefined)).toBe(true);
    expect(liveAgentListSchema.safeParse(live).error).toBeUndefined();
    expect(new Set(live.items.map(({ state }) => state))).toEqual(new Set(["waiting", "busy", "idle"]));
    expect(new Set(rules.map(({ sessionId }) => sessionId)).size).toBeGreaterThan(1);
  });

  test("[I-15] a case looks as if it had just happened", () => {
    const now = 1_900_000_000_000;
    const running = casesAt(now).find(({ name }) => name === "running");
    const [turn] = Object.values(running?.view.state.turns ?? {});
    expect(now - (turn?.time.started ?? 0)).toBeLessThan(10_000);
    expect(now - (turn?.time.started ?? 0)).toBeGreaterThan(0);
  });
});
