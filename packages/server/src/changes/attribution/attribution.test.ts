import type { Origin } from "@holdfast/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amount } from "../../../../../test/harness/sample.ts";
import { compose, isSameOrigin } from "./compose.ts";
import { withIds } from "./hunk-id.ts";
import { rebase, without } from "./rebase.ts";
import { type Attributed, type HunkRange, rangeOf, type Region, regionOf, wholeFile } from "./region.ts";

/** A line that is like no other, so that two versions differ in one way only. */
type Line = number;

/** What differs between two versions in which common lines keep their order. */
function diff(before: readonly Line[], after: readonly Line[]): HunkRange[] {
  const kept = new Set(before.filter((line) => after.includes(line)));
  const ranges: HunkRange[] = [];
  let old = 0;
  let now = 0;
  while (old < before.length || now < after.length) {
    const from = { old, now };
    while (old < before.length && !kept.has(before[old] ?? -1)) old += 1;
    while (now < after.length && !kept.has(after[now] ?? -1)) now += 1;
    if (old > from.old || now > from.now) {
      const region = { old: { from: from.old, to: old }, new: { from: from.now, to: now } };
      ranges.push(rangeOf(region));
    } else {
      old += 1;
      now += 1;
    }
  }
  return ranges;
}

/** Cuts lines out at a place and puts others there. `at` is a share of the length. */
type Edit = { at: number; cut: number; put: number };

const edits = fc.array(
  fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat({ max: 3 }),
      put: fc.nat({ max: 3 }),
    }),
    { maxLength: 4 },
  ),
  { minLength: 1, maxLength: 6 },
);

function edited(lines: readonly Line[], each: readonly Edit[], next: () => Line): Line[] {
  const result = [...lines];
  for (const { at, cut, put } of each) {
    const place = Math.floor(at * result.length);
    result.splice(place, cut, ...Array.from({ length: put }, next));
  }
  return result;
}

const originOf = (turn: number): Origin => ({ agent: `agent-${turn}` });
const regionsOf = (hunks: readonly Attributed[]): Region[] =>
  hunks.map((hunk) => regionOf(hunk, hunk.origins));
const names = (origins: readonly Origin[]) => origins.map(({ agent }) => agent).toSorted();

/** Line by line: who added a line that is there, and who took a line of the baseline away. */
class Model {
  readonly added = new Map<Line, Origin[]>();
  readonly removed = new Map<Line, Origin[]>();

  /** Gives the lines of one hunk between baseline and newest version to the hunk's origins, after taking those from them. */
  take(hunk: HunkRange, baseline: readonly Line[], newest: readonly Line[], origin: Origin): Origin[] {
    const { old, new: now } = regionOf(hunk, []);
    const gone = baseline.slice(old.from, old.to);
    const made = newest.slice(now.from, now.to);
    const all = [
      ...made.flatMap((line) => this.added.get(line) ?? [origin]),
      ...gone.flatMap((line) => this.removed.get(line) ?? [origin]),
    ];
    const origins = all.filter((each, at) => all.findIndex((one) => isSameOrigin(one, each)) === at);
    for (const line of made) this.added.set(line, origins);
    for (const line of gone) this.removed.set(line, origins);
    return origins;
  }
}

describe("attribution of hunks", () => {
  test("[W-4] agrees with a model that follows every line, whoever edits what in which order", () => {
    fc.assert(
      fc.property(fc.nat({ max: 12 }), edits, (length, turns) => {
        let count = 0;
        const next = () => (count += 1);
        const baseline = Array.from({ length }, next);
        let newest = baseline;
        let hunks: Attributed[] = [];
        const truth = new Map<Line, Origin>();
        let model = new Model();
        turns.forEach((turn, index) => {
          const origin = originOf(index);
          const after = edited(newest, turn, next);
          for (const line of after) if (!newest.includes(line)) truth.set(line, origin);
          for (const line of newest) if (!after.includes(line)) truth.set(line, truth.get(line) ?? origin);
          const ranges = diff(baseline, after);
          const newestFirst = turns.map((_, at) => originOf(at)).toReversed();
          const step = diff(newest, after).map((range) => regionOf(range, [origin]));
          const composed = compose({ old: regionsOf(hunks), step, next: ranges, newestFirst });
          const following = new Model();
          for (const [line, origins] of model.added) following.added.set(line, origins);
          for (const [line, origins] of model.removed)
            if (!after.includes(line)) following.removed.set(line, origins);
          composed.forEach((hunk, at) => {
            expect(hunk).toMatchObject(ranges[at] ?? {});
            expect(hunk.origins.length).toBeGreaterThan(0);
            expect(names(hunk.origins)).toEqual(names(following.take(hunk, baseline, after, origin)));
            const { new: made } = regionOf(hunk, []);
            for (const line of after.slice(made.from, made.to))
              expect(names(hunk.origins)).toContain(truth.get(line)?.agent);
            const places = hunk.origins.map((each) =>
              newestFirst.findIndex((one) => isSameOrigin(one, each)),
            );
            expect(places).toEqual(places.toSorted((one, other) => one - other));
          });
          model = following;
          newest = after;
          hunks = composed;
        });
      }),
      { numRuns: amount(300, 1_500) },
    );
  });

  test("[W-4] an edit elsewhere leaves a region to whoever made it, though it moves", () => {
    const old = [regionOf({ oldStart: 10, oldLines: 1, newStart: 10, newLines: 2 }, [originOf(1)])];
    const step = [regionOf({ oldStart: 0, oldLines: 0, newStart: 1, newLines: 3 }, [originOf(2)])];
    const next = [
      { oldStart: 0, oldLines: 0, newStart: 1, newLines: 3 },
      { oldStart: 10, oldLines: 1, newStart: 13, newLines: 2 },
    ];
    const composed = compose({ old, step, next, newestFirst: [originOf(2), originOf(1)] });
    expect(composed.map(({ origins }) => names(origins))).toEqual([["agent-2"], ["agent-1"]]);
  });

  test("[W-4] a hunk that a diff of equal lines places elsewhere takes the origin of its neighbour", () => {
    const old = [regionOf({ oldStart: 5, oldLines: 0, newStart: 6, newLines: 1 }, [originOf(1)])];
    const step = [regionOf({ oldStart: 40, oldLines: 1, newStart: 40, newLines: 1 }, [originOf(2)])];
    const next = [
      { oldStart: 3, oldLines: 0, newStart: 4, newLines: 1 },
      { oldStart: 39, oldLines: 1, newStart: 40, newLines: 1 },
    ];
    const composed = compose({ old, step, next, newestFirst: [originOf(2), originOf(1)] });
    expect(composed.map(({ origins }) => names(origins))).toEqual([["agent-1"], ["agent-2"]]);
  });

  test("[W-4] what was never counted belongs to everybody who was there", () => {
    const old = [wholeFile([originOf(2), originOf(1)])];
    const step = [regionOf({ oldStart: 5, oldLines: 1, newStart: 5, newLines: 1 }, [originOf(3)])];
    const next = [
      { oldStart: 1, oldLines: 1, newStart: 1, newLines: 1 },
      { oldStart: 4, oldLines: 1, newStart: 5, newLines: 1 },
    ];
    const composed = compose({ old, step, next, newestFirst: [originOf(3), originOf(2), originOf(1)] });
    expect(composed.map(({ origins }) => names(origins))).toEqual([
      ["agent-1", "agent-2"],
      ["agent-1", "agent-2", "agent-3"],
    ]);
  });
});

const placeOf = ({ oldStart, oldLines, newStart, newLines }: HunkRange): HunkRange => ({
  oldStart,
  oldLines,
  newStart,
  newLines,
});

describe("hunks after a review", () => {
  const selected = fc.tuple(fc.nat({ max: 12 }), edits, fc.infiniteStream(fc.boolean()));

  /** The text in which only the chosen hunks took place. */
  function applied(baseline: readonly Line[], newest: readonly Line[], chosen: readonly HunkRange[]): Line[] {
    const result = [...baseline];
    for (const hunk of chosen.toReversed()) {
      const { old, new: now } = regionOf(hunk, []);
      result.splice(old.from, old.to - old.from, ...newest.slice(now.from, now.to));
    }
    return result;
  }

  function scene(length: number, turns: readonly Edit[][], picks: Iterable<boolean>) {
    let count = 0;
    const next = () => (count += 1);
    const baseline = Array.from({ length }, next);
    const newest = edited(baseline, turns.flat(), next);
    const hunks: Attributed[] = diff(baseline, newest).map((range, index) => ({
      ...range,
      origins: [originOf(index)],
    }));
    const pick = picks[Symbol.iterator]();
    const taken = new Set(hunks.filter(() => pick.next().value === true));
    return { baseline, newest, hunks, taken };
  }

  test("[W-9] what is left after an accept lies between the new baseline and the same files", () => {
    fc.assert(
      fc.property(selected, ([length, turns, picks]) => {
        const { baseline, newest, hunks, taken } = scene(length, turns, picks);
        const left = rebase(hunks, (hunk) => taken.has(hunk));
        const moved = applied(baseline, newest, [...taken]);
        expect(left.map(placeOf)).toEqual(diff(moved, newest));
        expect(left.map(({ origins }) => origins)).toEqual(
          hunks.filter((hunk) => !taken.has(hunk)).map(({ origins }) => origins),
        );
      }),
    );
  });

  test("[W-6] what is left after a reject lies between the same baseline and the files written back", () => {
    fc.assert(
      fc.property(selected, ([length, turns, picks]) => {
        const { baseline, newest, hunks, taken } = scene(length, turns, picks);
        const left = without(hunks, (hunk) => taken.has(hunk));
        const kept = hunks.filter((hunk) => !taken.has(hunk));
        const written = applied(baseline, newest, kept);
        expect(left.map(placeOf)).toEqual(diff(baseline, written));
        expect(left.map(({ origins }) => origins)).toEqual(kept.map(({ origins }) => origins));
      }),
    );
  });
});

describe("ids of hunks", () => {
  const hunk: Attributed = {
    oldStart: 1,
    oldLines: 1,
    newStart: 1,
    newLines: 2,
    origins: [{ agent: "rehearsal" }],
  };
  const before = { blob: "a".repeat(40), mode: "100644" };
  const after = { blob: "b".repeat(40), mode: "100644" };
  const idOf = (each: Attributed, ends: Parameters<typeof withIds>[1]) => withIds([each], ends)[0]?.id;

  test("[W-6] a hunk's id says path, blobs and places, and nothing else", () => {
    const id = idOf(hunk, { key: "a", before, after });
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(idOf({ ...hunk, origins: [{ agent: "user" }] }, { key: "a", before, after })).toBe(id);
    const others = [
      idOf(hunk, { key: "b", before, after }),
      idOf(hunk, { key: "a", before: after, after }),
      idOf(hunk, { key: "a", before, after: before }),
      idOf(hunk, { key: "a", after }),
      idOf({ ...hunk, oldStart: 2 }, { key: "a", before, after }),
      idOf({ ...hunk, newLines: 3 }, { key: "a", before, after }),
    ];
    expect(new Set([id, ...others]).size).toBe(7);
  });
});
