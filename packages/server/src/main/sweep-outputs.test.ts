import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { OUTPUT_DAYS_MS, sweepOutputs } from "./sweep-outputs.ts";

test("[A-26] outputs of a week ago go, with the directory of a session that has no other; newer ones stay", async () => {
  const outputs = mkdtempSync(path.join(tmpdir(), "holdfast-outputs-"));
  const now = Date.now();
  const put = (name: string, age: number) => {
    const file = path.join(outputs, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, "x");
    utimesSync(file, (now - age) / 1_000, (now - age) / 1_000);
    return file;
  };
  const [old, lone, young] = [
    put("a/old", OUTPUT_DAYS_MS + 60_000),
    put("b/old", OUTPUT_DAYS_MS + 60_000),
    put("a/young", OUTPUT_DAYS_MS - 60_000),
  ];
  await sweepOutputs(outputs, now);
  expect([old, lone, path.dirname(lone), young].map((each) => existsSync(each))).toEqual([
    false,
    false,
    false,
    true,
  ]);
  rmSync(outputs, { recursive: true });
  await sweepOutputs(outputs, now);
});
