import { spawn } from "node:child_process";
import { once } from "node:events";
import { newId } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import type { ProcessRow } from "../store/index.ts";
import { LAUNCH_ID_VARIABLE } from "./environment.ts";
import { measureLaunches, parsePsMemory } from "./measure.ts";
import { residentIn } from "./proc.ts";
import { processTable } from "./this-machine.ts";

describe("memory of agents", () => {
  test.each([
    ["a status", "Name:\tnode\nVmPeak:\t  999 kB\nVmRSS:\t  2048 kB\nThreads:\t7\n", 2_097_152],
    ["a kernel thread, which has none", "Name:\tkthreadd\nThreads:\t1\n", 0],
    ["a process that is gone", "", 0],
  ])("[A-8] is read from %s", (_name, text, bytes) => {
    expect(residentIn(text)).toBe(bytes);
  });

  test("[A-8] is read from lines of ps", () => {
    expect(parsePsMemory("  12   1024\n 345 7\nsomething else\n")).toEqual(
      new Map([
        [12, 1_048_576],
        [345, 7_168],
      ]),
    );
  });

  test("[A-8] counts the whole tree of each launch of this server, and nothing of others", async () => {
    const [ours, theirs] = [newId("ins"), newId("ins")];
    const launch = (instanceId: typeof ours, launchId: string): ProcessRow => ({
      launchId,
      instanceId,
      sessionId: newId("ses"),
      agent: "a",
      isOwnerAlive: true,
      argvHash: "h",
    });
    const launchId = "0123456789abcdef".repeat(2);
    const root = spawn("/bin/sh", ["-c", "sleep 600 & sleep 600"], {
      env: { PATH: process.env["PATH"], [LAUNCH_ID_VARIABLE]: launchId },
      stdio: "ignore",
      detached: true,
    });
    await once(root, "spawn");
    try {
      const pid = root.pid ?? 0;
      const mine = { ...launch(ours, launchId), pid, group: pid };
      const rows = [
        mine,
        { ...launch(theirs, "f".repeat(32)), pid: process.pid },
        launch(ours, "e".repeat(32)),
      ];
      const table = processTable(process.platform);
      const key = { launchId, root: { pid, startTime: (await table.inspect(pid))?.startTime ?? "" } };
      const deadline = performance.now() + 10_000;
      while (((await table.relatives([key])).get(launchId)?.length ?? 0) < 3 && performance.now() < deadline);
      const measured = await measureLaunches({
        store: { openProcesses: async () => rows.map((row) => ({ ...row, startTime: key.root.startTime })) },
        table,
        instanceId: ours,
        platform: process.platform,
      });
      expect(measured).toMatchObject([{ sessionId: mine.sessionId, agent: "a", pid }]);
      // Three small programs, each with some pages of its own.
      expect(measured[0]?.bytes).toBeGreaterThan(3 * 4_096);
    } finally {
      process.kill(-(root.pid ?? 0), "SIGKILL");
    }
  });
});
