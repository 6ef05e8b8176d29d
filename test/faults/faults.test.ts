import { expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { amount } from "../harness/sample.ts";
import { faults } from "./faults.ts";

/** So that some plans are tried, spread over all commands; `npm run faults -- core` tries them all. */
const EVERY = amount(449, 89);

test("[D-34, D-7, D-18] a death or a failing disk at any statement loses nothing that was acknowledged", async () => {
  await using root = await temporaryDirectory("faults");
  const report = await faults({ root: root.path, every: EVERY, say: () => undefined });
  expect(report.violations).toEqual([]);
  expect(report.points).toBeGreaterThan(200);
  expect(report.tried).toBeGreaterThan(amount(1, 8));
});
