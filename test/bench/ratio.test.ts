import { describe, expect, test } from "vitest";
import { findingLine, interleave, isMet, median, takeTurns, worstOf } from "../../bench/ratio.ts";

describe("ratios of the benchmarks", () => {
  test.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
  ])("[T-1] the median of %j is %d", (values, expected) => {
    const before = [...values];
    expect(median(values)).toBe(expected);
    expect(values).toEqual(before);
  });

  test("[T-1] nothing has no median", () => {
    expect(() => median([])).toThrow(RangeError);
  });

  test("[T-1] a line names the median, the extremes, the target and the verdict", () => {
    const finding = { name: "T-1/10-sessions", ratios: [0.9, 0.75, 0.81], target: { atLeast: 0.77 } };
    expect(findingLine(finding)).toBe("T-1/10-sessions ratio=0.81 min=0.75 max=0.90 target=0.77 pass");
    expect(findingLine({ ...finding, ratios: [0.7] })).toBe(
      "T-1/10-sessions ratio=0.70 min=0.70 max=0.70 target=0.77 short",
    );
  });

  test("[T-4] a cost passes at or below its target", () => {
    expect(isMet({ ratios: [1.2], target: { atMost: 1.2 } })).toBe(true);
    expect(isMet({ ratios: [1.21], target: { atMost: 1.2 } })).toBe(false);
    expect(isMet({ ratios: [0.77], target: { atLeast: 0.77 } })).toBe(true);
    expect(isMet({ ratios: [0.76], target: { atLeast: 0.77 } })).toBe(false);
  });

  test("[T-10] the worst variant stands for all, measured by its own target", () => {
    const good = { name: "T-10/a", ratios: [0.9], target: { atLeast: 0.7 } };
    const bad = { name: "T-10/b", ratios: [1.5], target: { atMost: 1.2 } };
    expect(worstOf("T-10", [good, bad])).toEqual({ ...bad, name: "T-10" });
    expect(worstOf("T-10", [bad, { ...good, ratios: [0.1] }]).ratios).toEqual([0.1]);
    expect(() => worstOf("T-10", [])).toThrow(RangeError);
  });

  test("[T-1] product and raw limit take turns, and each repeat is one pair", async () => {
    const order: string[] = [];
    const side = (name: string) => () => {
      order.push(name);
      return Promise.resolve(order.length);
    };
    const pairs = await interleave(3, side("product"), side("limit"));
    expect(order).toEqual(["product", "limit", "limit", "product", "product", "limit"]);
    expect(pairs).toEqual([
      { product: 1, limit: 2 },
      { product: 4, limit: 3 },
      { product: 5, limit: 6 },
    ]);
  });

  test("[S-11] of several sides each is the first in turn, and each repeat has all of them", async () => {
    const order: string[] = [];
    const rounds = await takeTurns(3, ["a", "b", "c"], (name) => Promise.resolve(order.push(name)));
    expect(order.join("")).toBe("abcbcacab");
    expect(rounds).toEqual([
      { a: 1, b: 2, c: 3 },
      { a: 6, b: 4, c: 5 },
      { a: 8, b: 9, c: 7 },
    ]);
  });
});
