import { execFileSync } from "node:child_process";
import { newId } from "@holdfast/kernel";
import { parseProcessStat } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { ProcessRow } from "../store/index.ts";
import { argvHash, isRecordedRoot, type LiveProcess } from "./identity.ts";
import { type ProcFiles, relativesIn } from "./linux-process-table.ts";
import { familyOf, parsePsLine, psProcessTable } from "./ps-process-table.ts";
import { decideReap } from "./reap.ts";
import { hurried, rungAt, STOP_LIMITS, stopSchedule, type Rung, type StopOptions } from "./stop-schedule.ts";

const row: ProcessRow = {
  launchId: "L",
  instanceId: newId("ins"),
  sessionId: newId("ses"),
  agent: "a",
  isOwnerAlive: false,
  argvHash: argvHash("L", ["/usr/bin/qwen", "--acp"]),
  pid: 10,
  startTime: "77",
  group: 10,
};
const live = (over: Partial<LiveProcess> = {}): LiveProcess => ({
  pid: 10,
  startTime: "77",
  group: 10,
  argv: ["/usr/bin/qwen", "--acp"],
  ...over,
});

describe("decisions about processes", () => {
  test.each<[string, LiveProcess, boolean]>([
    ["the same", live(), true],
    ["through an interpreter", live({ argv: ["node", "/usr/bin/qwen", "--acp"] }), true],
    [
      "through env and an interpreter",
      live({ argv: ["/usr/bin/env", "-S", "node", "/usr/bin/qwen", "--acp"] }),
      true,
    ],
    ["as ps prints it", live({ argv: ["node /usr/bin/qwen --acp"] }), true],
    ["another start", live({ startTime: "78" }), false],
    ["another program", live({ argv: ["/usr/bin/vim"] }), false],
    ["more arguments", live({ argv: ["/usr/bin/qwen", "--acp", "-x"] }), false],
    ["a kernel thread", live({ argv: [] }), false],
    ["another pid", live({ pid: 11 }), false],
  ])("[A-11] the recorded root: %s", (_, process, expected) => {
    expect(isRecordedRoot(row, process)).toBe(expected);
  });

  test("[A-11] a row without a start time is nobody's root", () => {
    expect(isRecordedRoot({ ...row, startTime: undefined }, live())).toBe(false);
  });

  test.each([
    ["nothing lives", undefined, [], { end: [], group: undefined, spare: undefined }],
    ["the root carries its id", live(), [10, 12], { end: [10, 12], group: 10, spare: undefined }],
    ["the root by identity", live(), [], { end: [10], group: 10, spare: undefined }],
    ["the root left its group", live({ group: 9 }), [10], { end: [10], group: undefined, spare: undefined }],
    ["a recycled pid", live({ startTime: "1" }), [], { end: [], group: undefined, spare: 10 }],
    [
      "a recycled pid and a carrier",
      live({ startTime: "1" }),
      [12],
      { end: [12], group: undefined, spare: 10 },
    ],
  ])("[A-11] reaping when %s", (_, process, relatives, expected) => {
    expect(decideReap(row, process, relatives)).toEqual(expected);
  });

  test.each<[StopOptions, number, Rung]>([
    [{}, 0, "eof"],
    [{}, 1_999, "eof"],
    [{}, 2_000, "term"],
    [{}, 6_999, "term"],
    [{}, 7_000, "kill"],
    [{}, 16_999, "kill"],
    [{}, 17_000, "give-up"],
    [{ from: "term" }, 0, "term"],
    [{ from: "term" }, 5_000, "kill"],
    [{ from: "kill" }, 0, "kill"],
    [{ withinMs: 500 }, 499, "eof"],
    [{ withinMs: 500 }, 500, "kill"],
    [{ from: "term", withinMs: 1_000 }, 999, "term"],
    [{ from: "term", withinMs: 1_000 }, 1_000, "kill"],
    [{ withinMs: 0 }, 0, "kill"],
  ])("[A-10] a stop %j stands after %i ms at %s", (options, elapsed, rung) => {
    const schedule = stopSchedule(options, 100, STOP_LIMITS);
    expect(rungAt(schedule, 100 + elapsed).rung).toBe(rung);
  });

  test("[A-10] a second stop hurries the first and never slows it", () => {
    const first = stopSchedule({}, 0, STOP_LIMITS);
    expect(hurried(first, stopSchedule({ from: "kill" }, 100, STOP_LIMITS)).killAt).toBe(100);
    expect(hurried(first, stopSchedule({}, 1_000, STOP_LIMITS))).toEqual(first);
  });

  test.each([
    [
      "10 (sh) S 1 10 10 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 0",
      { parent: 1, group: 10, flags: 4_194_304, startTime: "4711" },
    ],
    [
      "10 (a) b) (c) R 1 9 9 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 0",
      { parent: 1, group: 9, flags: 4_194_304, startTime: "4711" },
    ],
    ["10 (sh) Z 1 10 10 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 0", undefined],
    ["", undefined],
  ])("[A-11] reads the stat line %j", (line, expected) => {
    expect(parseProcessStat(line)).toEqual(expected);
  });
});

describe("where there is no /proc", () => {
  const line = (pid: number, parent: number, group: number, startTime = "t") =>
    ({ pid, parent, group, startTime, argv: [] }) as const;

  test("[A-11] a line of ps is read with its start and its arguments; zombies are left out", () => {
    expect(parsePsLine("  12     1    12 Ss   Mon Nov  2 10:20:30 2026 node /usr/bin/qwen --acp")).toEqual({
      pid: 12,
      parent: 1,
      group: 12,
      startTime: "Mon Nov 2 10:20:30 2026",
      argv: ["node /usr/bin/qwen --acp"],
    });
    expect(parsePsLine("  12     1    12 Z    Mon Nov  2 10:20:30 2026 [node] <defunct>")).toBeUndefined();
    expect(parsePsLine("PID PPID")).toBeUndefined();
  });

  test("[A-11] the family is the group, its descendants, and who was seen before", () => {
    const lines = [
      line(10, 1, 10),
      line(11, 10, 10),
      line(12, 11, 12),
      line(13, 1, 13, "seen"),
      line(14, 1, 14),
    ];
    const pids = (known: ReadonlyMap<number, string>, startTime = "t") =>
      familyOf(lines, { launchId: "L", root: { pid: 10, startTime } }, known).map(({ pid }) => pid);
    expect(pids(new Map())).toEqual([10, 11, 12]);
    expect(pids(new Map([[13, "seen"]]))).toEqual([10, 11, 13, 12]);
    expect(pids(new Map([[13, "another"]]))).toEqual([10, 11, 12]);
    expect(pids(new Map(), "recycled")).toEqual([]);
  });

  test("[A-11] the real ps shows this process, and says what it can reach", async () => {
    const table = psProcessTable();
    const parent = process.ppid;
    expect(await table.inspect(parent)).toMatchObject({ pid: parent, argv: [expect.any(String)] });
    expect(table.reach).toBe("group");
    expect(
      execFileSync("ps", ["-o", "pid=", "-p", String(parent)])
        .toString()
        .trim(),
    ).toBe(String(parent));
  });
});

describe("[A-11] who carries a launch id", () => {
  const LIVE = "7 (sh) S 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 4711 0";
  const KERNEL_THREAD = "7 (kworker) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 12 0";
  const ZOMBIE = "7 (sh) Z 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 4711 0";
  const OURS = Buffer.from("A=1\0HOLDFAST_LAUNCH_ID=launch\0");

  /** One process whose environment reads as `reads`, one after the other; the last one stays. */
  const procOf = (stat: string, reads: readonly Buffer[]) => {
    const asked = { times: 0 };
    const proc: ProcFiles = {
      list: () => Promise.resolve([7]),
      stat: () => Promise.resolve(stat),
      environment: () => {
        asked.times += 1;
        return Promise.resolve(reads[Math.min(asked.times, reads.length) - 1] ?? Buffer.alloc(0));
      },
    };
    return { proc, asked };
  };
  const EMPTY = Buffer.alloc(0);

  test.for([
    ["one that says it at once", LIVE, [OURS], [7], 1],
    ["one in the middle of an exec", LIVE, [EMPTY, EMPTY, EMPTY, OURS], [7], 4],
    ["one that never has an environment", LIVE, [EMPTY], [], 20],
    ["a thread of the kernel", KERNEL_THREAD, [EMPTY], [], 1],
    ["a zombie", ZOMBIE, [EMPTY], [], 1],
    ["somebody else's", LIVE, [Buffer.from("HOLDFAST_LAUNCH_ID=other\0")], [], 1],
  ] as const)("%s", async ([, stat, reads, pids, times]) => {
    const { proc, asked } = procOf(stat, reads);
    const found = await relativesIn(proc, [{ launchId: "launch" }]);
    expect(found.get("launch") ?? []).toEqual(pids);
    expect(asked.times).toBe(times);
  });
});
