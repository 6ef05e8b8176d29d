import { newId } from "@holdfast/kernel";
import type { SessionId, WaitingFor, WorkspaceId } from "@holdfast/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reservation } from "../../agents/index.ts";
import { type Permit, StartGate } from "./start-gate.ts";
import {
  afterEnd,
  leaseFor,
  mustWaitForPlace,
  type Running,
  type Start,
  type Waiting,
} from "./start-order.ts";

const [W, V] = [newId("wsp"), newId("wsp")];
const [A, B, C] = [newId("ses"), newId("ses"), newId("ses")];

const wants = (sessionId: SessionId, more: Partial<Start> = {}): Start => ({
  sessionId,
  agent: "a",
  workspaceId: W,
  writes: true,
  ancestors: [],
  ...more,
});
const runs = (sessionId: SessionId, lease: Running["lease"], more: Partial<Running> = {}): Running => ({
  sessionId,
  workspaceId: W,
  ancestors: [],
  lease,
  ...more,
});
const waits = (sessionId: SessionId, waitsFor: Waiting["waitsFor"], more: Partial<Start> = {}): Waiting => ({
  start: wants(sessionId, more),
  waitsFor,
});

describe("start order", () => {
  test.each<[string, Start, Waiting[], Running[], ReturnType<typeof leaseFor>]>([
    ["nobody is there", wants(A), [], [], "own"],
    ["somebody works there", wants(A), [], [runs(B, "own")], { kind: "workspace", holder: B }],
    ["somebody works elsewhere", wants(A), [], [runs(B, "own", { workspaceId: V })], "own"],
    ["somebody reads there", wants(A), [], [runs(B, "none")], "own"],
    ["it cannot write", wants(A, { writes: false }), [waits(C, "workspace")], [runs(B, "own")], "none"],
    [
      "its parent works there",
      wants(A, { ancestors: [B] }),
      [waits(C, "workspace")],
      [runs(B, "own")],
      "borrowed",
    ],
    [
      "its child works there",
      wants(A),
      [],
      [runs(B, "own", { ancestors: [A] })],
      { kind: "workspace", holder: B },
    ],
    [
      "somebody waits there for longer",
      wants(A),
      [waits(B, "workspace")],
      [],
      { kind: "workspace", holder: B },
    ],
    ["somebody waits there for the pool", wants(A), [waits(B, "pool")], [], { kind: "workspace", holder: B }],
    ["somebody waits elsewhere", wants(A), [waits(B, "workspace", { workspaceId: V })], [], "own"],
    ["a reader waits there", wants(A), [waits(B, "pool", { writes: false })], [], "own"],
  ])("[A-14] the lease when %s", (_name, start, earlier, running, expected) => {
    expect(leaseFor(start, earlier, running)).toEqual(expected);
  });

  test.each<[string, Start, Waiting[], Running[], boolean]>([
    ["nobody waits", wants(A), [], [], false],
    ["somebody waits for a workspace", wants(A), [waits(B, "workspace")], [], false],
    ["somebody waits for a place", wants(A), [waits(B, "pool")], [], true],
    ["its parent runs", wants(A, { ancestors: [C] }), [waits(B, "pool")], [runs(C, "own")], false],
    ["its parent does not run", wants(A, { ancestors: [C] }), [waits(B, "pool")], [], true],
  ])("[A-8] who waits for a place first when %s", (_name, start, earlier, running, expected) => {
    expect(mustWaitForPlace(start, earlier, running)).toBe(expected);
  });

  test.each<[string, Running[], Running, Running[]]>([
    ["it was alone", [runs(A, "own")], runs(A, "own"), []],
    [
      "a child borrowed from it",
      [runs(A, "own"), runs(B, "borrowed", { ancestors: [A] }), runs(C, "borrowed", { ancestors: [A] })],
      runs(A, "own"),
      [runs(B, "own", { ancestors: [A] }), runs(C, "borrowed", { ancestors: [A] })],
    ],
    [
      "another one borrowed elsewhere",
      [runs(A, "own"), runs(B, "borrowed", { workspaceId: V })],
      runs(A, "own"),
      [runs(B, "borrowed", { workspaceId: V })],
    ],
    [
      "it had inherited it, and another child of the lender still works",
      [runs(B, "own", { ancestors: [A] }), runs(C, "borrowed", { ancestors: [A] })],
      runs(B, "own", { ancestors: [A] }),
      [runs(C, "own", { ancestors: [A] })],
    ],
    ["it only borrowed", [runs(A, "own"), runs(B, "borrowed")], runs(B, "borrowed"), [runs(A, "own")]],
  ])("[A-14] who has the lease after an end when %s", (_name, running, ended, expected) => {
    const same = running.find((each) => each.sessionId === ended.sessionId);
    expect(same && afterEnd(running, same)).toEqual(expected);
  });
});

/** A session with turns to run, as a lane would run them. */
class Visitor {
  permit: Permit | undefined;
  waitingFor: WaitingFor | undefined;
  left: number;
  readonly start: Start;

  constructor(start: Start, turns: number) {
    this.start = start;
    this.left = turns;
  }
}

/** The gate over a pool of `cap` places and visitors that ask only when they are woken. */
class Model {
  readonly visitors: Visitor[];
  readonly started: SessionId[] = [];
  readonly woken: Visitor[] = [];
  readonly gate: StartGate;
  readonly #cap: number;
  #listener: () => void = () => undefined;
  #kept = 0;

  constructor(starts: { start: Start; turns: number }[], cap: number) {
    this.#cap = cap;
    this.visitors = starts.map(({ start, turns }) => new Visitor(start, turns));
    this.gate = new StartGate({
      pool: {
        reserve: ({ beyondCap }) => this.#reserve(beyondCap === true),
        onRoom: (listener) => {
          this.#listener = listener;
          return () => undefined;
        },
      },
      wake: (sessionId) => {
        const visitor = this.visitors.find((each) => each.start.sessionId === sessionId);
        if (visitor !== undefined) this.woken.push(visitor);
      },
    });
  }

  #reserve(beyondCap: boolean): Reservation | undefined {
    if (!beyondCap && this.#kept >= this.#cap) return undefined;
    const counts = beyondCap ? 0 : 1;
    this.#kept += counts;
    return {
      waiting: () => undefined,
      release: () => {
        this.#kept -= counts;
        if (counts > 0) this.#listener();
      },
    };
  }

  ask(visitor: Visitor): void {
    if (visitor.left === 0 || visitor.permit !== undefined) return;
    const answer = this.gate.request(visitor.start);
    if (!("permit" in answer)) {
      visitor.waitingFor = answer.waitingFor;
      return;
    }
    visitor.permit = answer.permit;
    this.started.push(visitor.start.sessionId);
    this.check(visitor);
  }

  end(visitor: Visitor): void {
    visitor.left -= 1;
    const { permit } = visitor;
    visitor.permit = undefined;
    permit?.release();
    // A lane looks for its next turn at once.
    this.ask(visitor);
  }

  get running(): Visitor[] {
    return this.visitors.filter(({ permit }) => permit !== undefined);
  }

  /** No two strangers write in one workspace, and no more strangers run than the cap. */
  check(newest: Visitor): void {
    const { start } = newest;
    const strangers = this.running.filter(
      (each) =>
        each !== newest &&
        each.start.writes &&
        each.start.workspaceId === start.workspaceId &&
        !start.ancestors.includes(each.start.sessionId) &&
        !this.running.some((lender) => related(lender, each) && related(lender, newest)),
    );
    if (start.writes && strangers.length > 0) throw new Error("two strangers write in one workspace");
    if (this.#kept > this.#cap) throw new Error("more than the cap live");
  }
}

const related = (lender: Visitor, other: Visitor): boolean =>
  other.start.ancestors.includes(lender.start.sessionId);

describe("the start gate", () => {
  const workspaces: WorkspaceId[] = [newId("wsp"), newId("wsp"), newId("wsp")];
  const wish = fc.record({
    workspace: fc.nat(2),
    writes: fc.boolean(),
    turns: fc.integer({ min: 1, max: 3 }),
    parent: fc.option(fc.nat(8), { nil: undefined }),
  });

  test("[A-14, A-8] in whatever order turns come and end, everybody's turns run, and nobody holds one thing while waiting for the other", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(wish, { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(fc.nat(1_000)),
        async (wishes, cap, choices) => {
          const ids = wishes.map(() => newId("ses"));
          const model = new Model(
            wishes.map(({ workspace, writes, turns, parent }, index) => {
              // A parent stands before its children, in the same workspace.
              const at = parent !== undefined && parent < index ? parent : undefined;
              const of = at === undefined ? workspace : (wishes[at]?.workspace ?? workspace);
              const ancestors = at === undefined ? [] : [ids[at] as SessionId];
              const workspaceId = workspaces[of] as WorkspaceId;
              return {
                start: { sessionId: ids[index] as SessionId, agent: "a", workspaceId, writes, ancestors },
                turns,
              };
            }),
            cap,
          );
          let arriving = [...model.visitors];
          const total = wishes.reduce((sum, { turns }) => sum + turns, 0);
          for (let step = 0; model.started.length < total || model.running.length > 0; step += 1) {
            expect(step, "it goes on").toBeLessThan(total * 60);
            await Promise.resolve();
            const moves = [
              ...arriving.map((visitor) => () => {
                arriving = arriving.filter((each) => each !== visitor);
                model.ask(visitor);
              }),
              ...model.running.map((visitor) => () => model.end(visitor)),
              ...[...new Set(model.woken)].map((visitor) => () => {
                model.woken.splice(0, model.woken.length, ...model.woken.filter((each) => each !== visitor));
                model.ask(visitor);
              }),
            ];
            const choice = Number(choices.next().value ?? 0);
            expect(moves.length, "somebody can move").toBeGreaterThan(0);
            moves[choice % moves.length]?.();
          }
          expect(model.visitors.map(({ left }) => left)).toEqual(wishes.map(() => 0));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("[A-14] first come first served: a session with many turns lets those pass that waited", async () => {
    const starts = [A, B, C].map((sessionId) => ({ start: wants(sessionId), turns: 3 }));
    const model = new Model(starts, 10);
    for (const visitor of model.visitors) model.ask(visitor);
    while (model.running.length > 0) {
      for (const visitor of model.running) model.end(visitor);
      await Promise.resolve();
      for (const visitor of model.woken.splice(0)) model.ask(visitor);
    }
    expect(model.started).toEqual([A, B, C, A, B, C, A, B, C]);
  });

  test("[A-8] whoever waits for a place gets the next one, also before those who just had one", async () => {
    const starts = [A, B, C].map((sessionId) => ({
      start: wants(sessionId, { workspaceId: newId("wsp") }),
      turns: 2,
    }));
    const model = new Model(starts, 1);
    for (const visitor of model.visitors) model.ask(visitor);
    expect(model.visitors[1]?.waitingFor).toEqual({ kind: "pool" });
    while (model.running.length > 0) {
      for (const visitor of model.running) model.end(visitor);
      await Promise.resolve();
      for (const visitor of model.woken.splice(0)) model.ask(visitor);
    }
    expect(model.started).toEqual([A, B, C, A, B, C]);
  });

  test("[A-14] the end of a child that outlived its parent lets the next one come, although it frees no place", async () => {
    const model = new Model(
      [wants(A), wants(B, { ancestors: [A] }), wants(C)].map((start) => ({ start, turns: 1 })),
      10,
    );
    for (const visitor of model.visitors) model.ask(visitor);
    const [parent, child] = model.visitors as [Visitor, Visitor];
    model.end(parent);
    await Promise.resolve();
    expect(model.woken).toEqual([]);
    model.end(child);
    await Promise.resolve();
    expect(model.woken.map(({ start }) => start.sessionId)).toEqual([C]);
  });

  test("[A-14] who withdraws lets the next one come", async () => {
    const model = new Model(
      [A, B, C].map((sessionId) => ({ start: wants(sessionId), turns: 1 })),
      10,
    );
    for (const visitor of model.visitors) model.ask(visitor);
    model.gate.withdraw(B);
    for (const visitor of model.running) model.end(visitor);
    await Promise.resolve();
    expect(model.woken.map(({ start }) => start.sessionId)).toEqual([C]);
  });

  test("[A-27, A-14] a turn that its agent has begun waits for nothing any more, and holds nobody back", async () => {
    const model = new Model(
      [A, B, C].map((sessionId) => ({ start: wants(sessionId), turns: 1 })),
      10,
    );
    for (const visitor of model.visitors) model.ask(visitor);
    model.gate.begun(wants(B));
    for (const visitor of model.running) model.end(visitor);
    await Promise.resolve();
    expect(model.woken.map(({ start }) => start.sessionId)).toEqual([C]);
  });
});
