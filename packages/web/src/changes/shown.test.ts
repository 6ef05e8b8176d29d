import type { Change } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { changeOf } from "./fixture.ts";
import { keepShown } from "./shown.ts";

const known = (changes: Change[], { open = [] as string[], adopted = [] as [string, number][] } = {}) => ({
  changes: new Map(changes.map((change) => [change.id as string, change])),
  open: new Set(open),
  adopted: new Map(adopted),
});

describe("what is shown of a change", () => {
  const read = changeOf("a", { patch: "first" });
  const later = { ...read, revision: 2, patch: "second" };
  const start = keepShown(new Map(), known([read]));

  test("[W-6, I-15] an open file stays as it was read; a closed one goes along", () => {
    expect(keepShown(start, known([later], { open: [read.id] })).get(read.id)).toBe(read);
    expect(keepShown(start, known([later])).get(read.id)).toBe(later);
  });

  test("[W-6] what an act of the reader brought is shown at once, and what came of it later is not", () => {
    const open = [read.id];
    expect(keepShown(start, known([later], { open, adopted: [[read.id, 2]] })).get(read.id)).toBe(later);
    const third = { ...later, revision: 3 };
    expect(keepShown(start, known([third], { open, adopted: [[read.id, 2]] })).get(read.id)).toBe(read);
  });

  test("[W-7, I-15] a decided file keeps its lines, and a mark is shown", () => {
    const { patch: _none, ...told } = { ...read, revision: 2, state: "applied" as const };
    expect(keepShown(start, known([told], { open: [read.id] })).get(read.id)).toMatchObject({
      state: "applied",
      patch: "first",
    });
    const marked = { ...read, reviewed: 1, time: { created: 1, updated: 2 } };
    expect(keepShown(start, known([marked], { open: [read.id] })).get(read.id)).toBe(marked);
  });

  test("[I-15] the same map when nothing is new, so that nothing is drawn again", () => {
    expect(keepShown(start, known([read]))).toBe(start);
    expect(keepShown(start, known([read, changeOf("b")]))).not.toBe(start);
  });
});
