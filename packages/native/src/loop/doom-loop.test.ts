import { expect, test } from "vitest";
import { DoomLoop } from "./doom-loop.ts";

test("[R-11.2] the third equal call in a row is asked about, in whatever order its input is written", () => {
  const loop = new DoomLoop();
  expect(loop.isAt("bash", { command: "ls", timeout: 1 })).toBe(false);
  expect(loop.isAt("bash", { timeout: 1, command: "ls" })).toBe(false);
  expect(loop.isAt("bash", { command: "ls", timeout: 1 })).toBe(true);
});

test("[R-11.2] another tool or input in between begins anew, and so does an answer", () => {
  const loop = new DoomLoop();
  const calls = ["ls", "ls", "pwd", "ls", "ls", "ls", "ls", "ls", "ls"].map((command) =>
    loop.isAt("bash", { command }),
  );
  expect(calls).toEqual([false, false, false, false, false, true, false, false, true]);
  expect(loop.isAt("read", { command: "ls" })).toBe(false);
});
