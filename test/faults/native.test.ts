import { expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { amount } from "../harness/sample.ts";
import { nativeFaults } from "./native.ts";

/** So that some plans are tried; `npm run faults -- native` tries them all. */
const EVERY = amount(61, 7);

test("[A-26, D-16, D-19] the native agent or the server dies at any step of the loop: no command runs twice, nothing acknowledged is lost, and the session goes on", async () => {
  await using root = await temporaryDirectory("faults-native");
  const report = await nativeFaults({ root: root.path, every: EVERY, say: () => undefined });
  expect(report.violations).toEqual([]);
  expect(report.points).toBeGreaterThan(50);
  expect(report.tried).toBeGreaterThan(0);
});
