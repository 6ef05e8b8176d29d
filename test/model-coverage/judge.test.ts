import { describe, expect, test } from "vitest";
import { isIn, judge, judgeFiles, type Made, type Table } from "./judge.ts";
import { allPlaces, placesOfEvent, placesOfRow } from "./places.ts";
import { Tally } from "./tally.ts";

const asked = (line: string, ...places: string[]) => ({ line, places, tests: [], waits: "" });
const PLACES = ["Part<retry>", "Part<retry>.number", "Turn.state=queued"];
const TABLE: Table = {
  sources: {
    "Part<retry>": { code: ["retries.ts"], told: true },
    Turn: { code: ["turn.ts"], told: false },
  },
  cannot: [
    {
      places: ["Part<retry>"],
      on: ["ACP agents"],
      why: "No word for it.",
      waits: false,
      cites: [{ file: "a.jsonl", lacks: "retry" }],
    },
  ],
  asked: [asked("Retries.", "Part<retry>.number")],
};
const BOTH = { rehearsal: ["r.ts"], opencode: ["o.ts"], native: ["n.ts"] };
const MADE: Made = {
  "Part<retry>": BOTH,
  "Part<retry>.number": BOTH,
  "Turn.state=queued": { opencode: ["o.ts"] },
};
const faultsOf = (made: Made, table: Partial<Table> = {}) =>
  judge(PLACES, made, { ...TABLE, ...table }).faults;

describe("the judgement of model coverage", () => {
  test("[R-1.9] finds nothing where all is as it is said, and shows who made what in which test", () => {
    const { lines, faults } = judge(PLACES, MADE, TABLE);
    expect(faults).toEqual([]);
    expect(lines[0]?.cells).toEqual({
      rehearsal: { tests: ["r.ts"] },
      "ACP agents": { cannot: 1 },
      opencode: { tests: ["o.ts"] },
      native: { tests: ["n.ts"] },
    });
    expect(lines[2]?.cells).toEqual({ Holdfast: { tests: ["o.ts"] } });
  });

  test.each<[string, Made, Partial<Table>]>([
    ["ACP agents made it in x.ts", { ...MADE, "Part<retry>": { ...BOTH, "ACP agents": ["x.ts"] } }, {}],
    ["opencode was not seen to make it", { ...MADE, "Part<retry>.number": { rehearsal: ["r.ts"] } }, {}],
    ["Holdfast was not seen to make it", { ...MADE, "Turn.state=queued": {} }, {}],
    ["nobody is named", MADE, { sources: { Turn: { code: [], told: false } }, cannot: [] }],
    [
      "Session: there is no such place",
      MADE,
      { sources: { ...TABLE.sources, Session: { code: [], told: false } } },
    ],
    [
      "2: nobody asks ACP agents for Turn.reason",
      MADE,
      { cannot: [...TABLE.cannot, { ...TABLE.cannot[0], places: ["Turn.reason"] } as never] },
    ],
    ["nobody makes it, which is asked: Retries.", { ...MADE, "Part<retry>.number": {} }, {}],
    ["there is no place Part<snapshot>", MADE, { asked: [asked("S", "Part<snapshot>")] }],
    ["nothing shows it: Nothing.", MADE, { asked: [asked("Nothing.")] }],
  ])("[R-1.9] says: %s", (fault, made, table) => {
    expect(faultsOf(made, table).join("\n")).toContain(fault);
  });

  test("[R-1.9] holds the files that are named against what they are named for", () => {
    const files: Record<string, string> = { "retries.ts": "type: 'retry'", "turn.ts": "", "a.jsonl": "{}" };
    const read = (file: string) => files[file];
    expect(judgeFiles(TABLE, read)).toEqual([]);
    files["a.jsonl"] = '{"retry": 1}';
    files["retries.ts"] = "";
    delete files["turn.ts"];
    expect(judgeFiles(TABLE, read)).toEqual([
      "Part<retry>: retries.ts does not name retry",
      "Turn: there is no turn.ts",
      "what cannot be, 1: a.jsonl has retry by now",
    ]);
    const cites = [{ file: "s.json", type: "A", lacks: "retry" }];
    files["s.json"] = '{"$defs": {"A": {}, "B": {"retry": 1}}}';
    expect(
      judgeFiles({ ...TABLE, sources: {}, cannot: [{ ...TABLE.cannot[0], cites } as never] }, read),
    ).toEqual([]);
  });
});

describe("places of the session model", () => {
  test("[R-1.9] a row fills places that there are, and no others", () => {
    const all = allPlaces();
    expect(new Set(all).size).toBe(all.length);
    const call = {
      id: "prt_1",
      type: "tool",
      state: { status: "completed", output: "x", attachments: [{ mime: "m" }] },
    };
    const filled = [...placesOfRow("Part", call)];
    expect(filled).toEqual(
      expect.arrayContaining(["Part<tool>", "Part<tool>.state<completed>.attachments[].mime"]),
    );
    expect(filled.filter((place) => !all.includes(place))).toEqual([]);
    expect(filled.some((place) => place.includes("<error>"))).toBe(false);
    const started = [...placesOfEvent("turn.started", { turn: { id: "trn_1", state: "running" } })];
    expect(started).toEqual(["Event<turn.started>", "Turn.id", "Turn.state", "Turn.state=running"]);
    expect([isIn("Turn.state=running", "Turn.state"), isIn("Turn.stateless", "Turn.state")]).toEqual([
      true,
      false,
    ]);
  });

  test("[R-1.9] what comes of a turn counts for its agent, if that is what its name says", () => {
    for (const [isReal, agent, backend] of [
      [true, "opencode", "opencode"],
      [false, "opencode", "rehearsal"],
      [false, "native:plan", "native"],
    ] as const) {
      const tally = new Tally(isReal);
      tally.event("step.started", { turnId: "t", sessionId: "s", data: { turnId: "t", step: 1 } });
      expect(tally.counts).toEqual({});
      tally.event("turn.started", { turnId: "t", data: { turn: { id: "t", agent } } });
      tally.event("step.started", { turnId: "t", data: { turnId: "t", step: 1 } });
      expect(tally.counts["Event<step.started>.step"]).toEqual({ [backend]: 1 });
    }
  });
});
