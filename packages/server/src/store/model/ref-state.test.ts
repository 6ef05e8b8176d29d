import { newId } from "@holdfast/kernel";
import { expect, test } from "vitest";
import { refEnd, refExpiry, type RefFacts } from "./ref-state.ts";

const facts = (overrides: Partial<RefFacts> = {}): RefFacts => ({
  id: newId("ref"),
  epoch: 1,
  caveats: {},
  uses: 0,
  isRevoked: false,
  hasExpired: false,
  ...overrides,
});
const NOW = { epoch: 1, now: 1_000 };

test.each<[string, RefFacts[], Parameters<typeof refEnd>[1], ReturnType<typeof refEnd>]>([
  ["nothing ended it", [facts(), facts()], NOW, undefined],
  ["its session is gone", [facts({ isRevoked: true })], { ...NOW, epoch: undefined }, "targetGone"],
  ["it was revoked", [facts({ isRevoked: true }), facts({ isRevoked: true })], NOW, "revoked"],
  ["one above it was revoked", [facts(), facts(), facts({ isRevoked: true })], NOW, "parentRevoked"],
  ["the epoch of its session was raised", [facts()], { ...NOW, epoch: 2 }, "epoch"],
  ["one above it is of a lower epoch", [facts({ epoch: 2 }), facts()], { ...NOW, epoch: 2 }, "epoch"],
  ["its time is over to the millisecond", [facts({ caveats: { expiresAt: 1_000 } })], NOW, "expired"],
  ["its time is not over", [facts({ caveats: { expiresAt: 1_001 } })], NOW, undefined],
  ["the time of one above it is over", [facts(), facts({ caveats: { expiresAt: 1 } })], NOW, "expired"],
  [
    "it was seen to have expired",
    [facts({ hasExpired: true, caveats: { expiresAt: 9_999 } })],
    NOW,
    "expired",
  ],
  ["its uses are over", [facts({ uses: 2, caveats: { maxUses: 2 } })], NOW, "exhausted"],
  [
    "the uses of one above it are over",
    [facts(), facts({ uses: 1, caveats: { maxUses: 1 } })],
    NOW,
    "exhausted",
  ],
])("[S-13] a ref is told why it ended: %s", (_name, line, state, end) => {
  expect(refEnd(line, state)).toBe(end);
});

test("[S-15] a ref ends by itself when the first of its line does", () => {
  expect(refExpiry([facts(), facts()])).toBeUndefined();
  expect(refExpiry([facts({ caveats: { expiresAt: 7 } }), facts({ caveats: { expiresAt: 5 } })])).toBe(5);
});
