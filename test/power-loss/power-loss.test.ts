import { expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { amount } from "../harness/sample.ts";
import { powerLoss } from "./power-loss.ts";

const SHORT_MS = 3_000;
const IMAGES = amount(2, 12);

async function lose(synchronous: "FULL" | "OFF", images: number) {
  await using root = await temporaryDirectory(`power-loss-${synchronous}`);
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  return {
    ...(await powerLoss({ images, seed: "ci", synchronous, root: root.path, workMs: SHORT_MS, say })),
    lines,
  };
}

test("[D-34, D-28] nothing that was acknowledged is lost with the power", async () => {
  const report = await lose("FULL", IMAGES);
  expect(report.violations).toEqual([]);
  expect(report.images).toBe(IMAGES);
  expect(report.frames).toBeGreaterThan(100);
  expect(report.syncs).toBeGreaterThan(50);
});

test("[D-34] where syncs mean nothing the same check sees losses", async () => {
  const report = await lose("OFF", amount(4, 8));
  expect(report.broken).toBeGreaterThan(0);
});
