import type { AgentSession, Turn } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { isWorthSaying, memoryOf } from "./memory.ts";
import { openedMeaning } from "./words.ts";

let at = 0;
const turn = (agent: string, over: Partial<Turn> = {}): Turn => {
  at += 1;
  return {
    id: `trn_${at}`,
    agent,
    state: "completed",
    opened: "resumed",
    openedBy: "live",
    time: { queued: at, started: at },
    ...over,
  } as Turn;
};
const state = (turns: Turn[], statuses: Record<string, AgentSession["status"]> = {}) => ({
  turns: Object.fromEntries(turns.map((one) => [one.id, one])),
  agentSessions: Object.fromEntries(
    Object.entries(statuses).map(([agent, status]) => [agent, { agent, status } as AgentSession]),
  ),
});

describe("what the agent of the next message remembers", () => {
  test("[A-4, I-15] before its first turn it is new, and nothing is said of a last turn", () => {
    const memory = memoryOf(state([]), "a");
    expect(memory).toMatchObject({ label: "new", tone: "neutral", last: undefined });
    expect(memory.next).toContain("first turn here");
    expect(memory.next).not.toContain("told");
  });

  test.each([
    ["new", "create", "new", "neutral"],
    ["resumed", "live", "resumed", "neutral"],
    ["resumed", "load", "resumed", "neutral"],
    ["replayed", "create", "replayed", "neutral"],
    ["lost", "create", "memory lost", "attention"],
  ] as const)("[A-4] a last turn that was %s by %s is called %s", (opened, openedBy, label, tone) => {
    const memory = memoryOf(state([turn("a", { opened, openedBy })], { a: "idle" }), "a");
    expect(memory).toMatchObject({ label, tone, last: openedMeaning(opened, openedBy) });
  });

  test("[A-4] it is the agent's own last turn that counts, not a queued one and not another agent's", () => {
    const queued = turn("a", { state: "queued", time: { queued: 1_000 } });
    delete queued.opened;
    const turns = [turn("a", { opened: "replayed", openedBy: "create" }), queued, turn("b")];
    expect(memoryOf(state(turns), "a").label).toBe("replayed");
  });

  test("[A-6] it says which agents' turns the next one is told of, each once, and those before its own last turn not", () => {
    const turns = [turn("c"), turn("a"), turn("b"), turn("b"), turn("d")];
    expect(memoryOf(state(turns), "a").next).toContain("told what happened without it, with b and d.");
    expect(memoryOf(state(turns), "new-one").next).toContain("with c and a and b and d.");
    expect(memoryOf(state([...turns, turn("a")]), "a").next).not.toContain("told what happened without");
  });

  test("[A-17] a crash stands above how it was opened", () => {
    const memory = memoryOf(state([turn("a")], { a: "crashed" }), "a");
    expect(memory).toMatchObject({ label: "crashed", tone: "attention" });
    expect(memory.next).toContain("ended unexpectedly");
  });

  test("[A-5] a stopped program is told apart from a running one", () => {
    const next = (status: AgentSession["status"]) => memoryOf(state([turn("a")], { a: status }), "a").next;
    expect(next("live")).toContain("is running");
    expect(next("resumable")).toContain("is not running");
    expect(next("closed")).toContain("begins another one");
  });

  test("[I-15] a turn's chip speaks unless its program simply went on", () => {
    expect(isWorthSaying({ opened: "resumed", openedBy: "live" })).toBe(false);
    expect(isWorthSaying({ opened: "resumed", openedBy: "load" })).toBe(true);
    expect(isWorthSaying({ opened: "lost", openedBy: "create" })).toBe(true);
    expect(isWorthSaying({})).toBe(false);
  });
});
