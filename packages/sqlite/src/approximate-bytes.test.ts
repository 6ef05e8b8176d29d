import { expect, test } from "vitest";
import { approximateBytes } from "./approximate-bytes.ts";

test("[D-34] the size of a command's arguments is text, binary and structure", () => {
  expect(approximateBytes("x".repeat(1_000))).toBe(1_008);
  expect(approximateBytes({ a: "xx", b: [1, null, undefined], c: new Uint8Array(100) })).toBe(10 + 24 + 108);
  expect(approximateBytes(new Map())).toBe(0);
});

test("[D-34] neither a cycle nor a huge array makes the estimate endless", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  expect(approximateBytes(cycle)).toBe(0);
  expect(approximateBytes(Array.from({ length: 1_000_000 }, () => 1))).toBeLessThan(100_000);
});
