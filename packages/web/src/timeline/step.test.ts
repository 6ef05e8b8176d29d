import { describe, expect, test } from "vitest";
import { MARKS, marksOf } from "./marks.ts";
import { nearestSnapshot, thinOut } from "./snapshots.ts";
import { askedStep, findStep, LABEL_LENGTH, type Step } from "./step.ts";
import { standsFor } from "./use-play.ts";

const step = (key: string, seq: number, kind: Step["kind"] = "tool"): Step => ({
  key,
  seq,
  kind,
  label: key,
  turnId: "trn_1",
  time: seq,
});

describe("the step of an address", () => {
  const steps = [step("5", 5), step("per_1", 9), step("9", 9), step("12", 12)];
  test.each([
    ["5", 0],
    ["per_1", 1],
    ["9", 2],
    ["11", 2],
    ["99", 3],
    ["1", 0],
    ["per_2", -1],
    ["nonsense", -1],
    ["-4", -1],
  ])("[I-15] %s is step %i", (key, index) => {
    expect(findStep(steps, key)).toBe(index);
  });

  test("[I-15] no steps, no step", () => {
    expect(findStep([], "5")).toBe(-1);
  });

  test("[I-15] a label is one line, short, and whole characters", () => {
    const text = `${"a".repeat(LABEL_LENGTH - 7)}🙂🙂🙂\nsecond line`;
    const event = { seq: 1, time: 1 } as Parameters<typeof askedStep>[0];
    const turn = { id: "trn_1" } as unknown as Parameters<typeof askedStep>[1];
    const parts = [{ type: "text", text }] as unknown as Parameters<typeof askedStep>[2];
    const { label } = askedStep(event, turn, parts);
    expect(label.length).toBeLessThanOrEqual(LABEL_LENGTH);
    expect(label.isWellFormed()).toBe(true);
    expect(label.endsWith("…")).toBe(true);
    expect(askedStep(event, turn, [{ ...parts[0], text: "one\ntwo \u202e" } as never]).label).toBe(
      "You: one…",
    );
    expect(askedStep(event, turn, [{ ...parts[0], text: "a \u202eb" } as never]).label).toBe(
      "You: a <U+202E>b",
    );
  });
});

describe("snapshots", () => {
  const snapshots = [0, 10, 20, 40].map((steps) => ({ steps }));
  test.each([
    [0, 0],
    [9, 0],
    [10, 10],
    [39, 20],
    [40, 40],
    [1_000, 40],
  ])("[I-16] step %i begins at the snapshot after %i", (index, steps) => {
    expect(nearestSnapshot(snapshots, index)).toEqual({ steps });
  });

  test("[I-16] none before the first, and the first survives thinning out", () => {
    expect(nearestSnapshot(snapshots, -1)).toBeUndefined();
    expect(thinOut([0, 1, 2, 3, 4])).toEqual([0, 2, 4]);
  });
});

describe("the scrubber", () => {
  test("[I-16] marks are few however many steps there are, and a failure is always among them", () => {
    const steps = Array.from({ length: 20_000 }, (_, index) =>
      step(String(index), index, index === 7_777 ? "failed" : index % 3 === 0 ? "asked" : "tool"),
    );
    const marks = marksOf(steps);
    expect(marks.length).toBeLessThanOrEqual(MARKS + 1);
    expect(marks.filter(({ kind }) => kind === "failed")).toHaveLength(1);
    expect(marks.every(({ at }) => at >= 0 && at <= 1)).toBe(true);
  });

  test("[I-15] a step stands long enough to be read, longer where less motion is wanted", () => {
    expect(standsFor(1, false)).toBe(1_600);
    expect(standsFor(4, false)).toBe(400);
    expect(standsFor(4, true)).toBe(3_000);
  });
});
