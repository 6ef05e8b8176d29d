import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PromptResult } from "../../agents/index.ts";
import { OPENING, type RunEvent, type RunState, transition } from "./state.ts";
import { type Ending, recordOf, type StopCause, stoppedRecord } from "./terminal-record.ts";

type Phase = RunState["phase"];
type Name = "opened" | "ended" | "cancel" | "timeout" | "shutdown" | "finalized" | "claimLost";

const AGENT = "rehearsal";
const answered: Ending = { by: "prompt", result: { outcome: "ended", stopReason: "end_turn" }, alive: true };
const record = recordOf(AGENT, answered);

const STATES: Record<Phase, RunState> = {
  opening: OPENING,
  prompting: { phase: "prompting" },
  stopping: { phase: "stopping", cause: { kind: "shutdown" } },
  finalizing: { phase: "finalizing", record },
  ended: { phase: "ended", record },
  lost: { phase: "lost" },
};

const EVENTS: Record<Name, RunEvent> = {
  opened: { type: "opened" },
  ended: { type: "ended", ending: answered },
  cancel: { type: "stop", cause: { kind: "cancelled" } },
  timeout: { type: "stop", cause: { kind: "timeout", message: "silent" } },
  shutdown: { type: "stop", cause: { kind: "shutdown" } },
  finalized: { type: "finalized", record },
  claimLost: { type: "claimLost" },
};

/** `-`: nothing changes. Every cell is filled, so a new state or event does not compile until its column or row is. */
const TABLE: Record<Phase, Record<Name, Phase | "-">> = {
  opening: row("prompting", "finalizing", "stopping", "stopping", "stopping", "-", "lost"),
  prompting: row("-", "finalizing", "stopping", "stopping", "stopping", "-", "lost"),
  stopping: row("-", "finalizing", "stopping", "-", "-", "-", "lost"),
  finalizing: row("-", "-", "-", "-", "-", "ended", "lost"),
  ended: row("-", "-", "-", "-", "-", "-", "-"),
  lost: row("-", "-", "-", "-", "-", "-", "-"),
};

function row(...cells: [...(Phase | "-")[]]): Record<Name, Phase | "-"> {
  const names = Object.keys(EVENTS) as Name[];
  return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? "-"])) as Record<
    Name,
    Phase | "-"
  >;
}

describe("[D-7] the life of a turn in its process", () => {
  const cells = (Object.keys(TABLE) as Phase[]).flatMap((phase) =>
    (Object.keys(EVENTS) as Name[]).map((name) => ({ phase, name, next: TABLE[phase][name] })),
  );
  test.each(cells)("[D-7] $phase, $name -> $next", ({ phase, name, next }) => {
    const before = STATES[phase];
    const after = transition(AGENT, before, EVENTS[name]);
    expect(after === before).toBe(next === "-");
    expect(after.phase).toBe(next === "-" ? phase : next);
  });

  test("[A-15] a recorded cancel wins over the cause that was there first", () => {
    const stopping = transition(AGENT, STATES.prompting, EVENTS.timeout);
    const cancelled = transition(AGENT, stopping, EVENTS.cancel);
    expect(cancelled).toEqual({ phase: "stopping", cause: { kind: "cancelled" } });
    expect(transition(AGENT, cancelled, EVENTS.timeout)).toBe(cancelled);
  });
});

const causes: fc.Arbitrary<StopCause> = fc.constantFrom<StopCause[]>(
  { kind: "cancelled" },
  { kind: "timeout", message: "silent" },
  { kind: "shutdown" },
);
const results: fc.Arbitrary<PromptResult> = fc.constantFrom<PromptResult[]>(
  { outcome: "ended", stopReason: "end_turn" },
  { outcome: "ended", stopReason: "cancelled" },
  { outcome: "failed", error: { name: "UnknownError", data: { message: "no" } } },
  {
    outcome: "crashed",
    error: { name: "AgentError", data: { agent: AGENT, phase: "prompt", message: "gone" } },
  },
  { outcome: "killed" },
);
const endings: fc.Arbitrary<Ending> = fc.oneof(
  fc.record({ by: fc.constant("prompt" as const), result: results, alive: fc.boolean() }),
  fc.constant<Ending>({ by: "stop" }),
);
const events: fc.Arbitrary<RunEvent[]> = fc.array(
  fc.oneof(
    fc.constantFrom<RunEvent[]>(EVENTS.opened, EVENTS.claimLost, EVENTS.finalized),
    causes.map((cause): RunEvent => ({ type: "stop", cause })),
    endings.map((ending): RunEvent => ({ type: "ended", ending })),
  ),
  { maxLength: 12 },
);

/** The same in one look at the whole list: what the first ending says, under the cause that had won by then. */
function model(list: RunEvent[]): { phase: Phase; record?: object } {
  const end = list.findIndex((event) => event.type === "ended");
  const lost = list.findIndex((event) => event.type === "claimLost");
  const finalized =
    end < 0 ? -1 : list.findIndex((event, index) => index > end && event.type === "finalized");
  if (lost >= 0 && (finalized < 0 || lost < finalized)) return { phase: "lost" };
  const before = (end < 0 ? list : list.slice(0, end)).flatMap((event) =>
    event.type === "stop" ? [event.cause] : [],
  );
  const cause = before.find(({ kind }) => kind === "cancelled") ?? before[0];
  if (end < 0) {
    if (cause !== undefined) return { phase: "stopping" };
    return { phase: list.some(({ type }) => type === "opened") ? "prompting" : "opening" };
  }
  const event = list[end];
  const ending: Ending = event?.type === "ended" ? event.ending : { by: "stop" };
  if (finalized >= 0) return { phase: "ended", record };
  return {
    phase: "finalizing",
    record: cause === undefined ? recordOf(AGENT, ending) : stoppedRecord(AGENT, cause, ending),
  };
}

test("[D-7] any order of events ends as the model says", () => {
  fc.assert(
    fc.property(events, (list) => {
      const state = list.reduce<RunState>((before, event) => transition(AGENT, before, event), OPENING);
      expect(state).toMatchObject(model(list));
    }),
    { numRuns: 2_000 },
  );
});
