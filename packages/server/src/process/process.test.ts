import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { newId, systemClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive, until } from "../../test/agents/waiting.ts";
import { ProcessRows } from "../../test/process/process-rows.ts";
import type { AgentProcess } from "./agent-process.ts";
import { argvHash } from "./identity.ts";
import { launchProcess, LaunchError, type LaunchRequest } from "./launch.ts";
import { linuxProcessTable } from "./linux-process-table.ts";
import { reapLeftovers, type ReapReport } from "./reap.ts";

let rows: ProcessRows;
let root: string;
let started: AgentProcess[];

beforeEach(() => {
  rows = new ProcessRows();
  root = mkdtempSync(path.join(tmpdir(), "holdfast-process-"));
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((each) => each.stop({ from: "kill" })));
  rmSync(root, { recursive: true, force: true });
});

const deps = () => ({
  store: rows,
  clock: systemClock,
  table: linuxProcessTable,
  instanceId: newId("ins"),
  temporaryRoot: root,
  environment: {
    ...process.env,
    HOLDFAST_HOME: "/ours",
    HOLDFAST_LAUNCH_ID: "somebody-else",
    DATABASE_URL: "postgres://us",
    GIT_DIR: "/repo/.git",
    GIT_INDEX_FILE: "/repo/index",
    GIT_WORK_TREE: "/repo",
    GIT_CONFIG_KEY_0: "core.worktree",
    LISTED: "no",
  },
});

async function launch(script: string, request: Partial<LaunchRequest> = {}): Promise<AgentProcess> {
  const launched = await launchProcess(deps(), {
    argv: ["/bin/sh", "-c", script],
    cwd: root,
    environment: { inherit: "user", remove: ["LISTED"], set: { OWN: "yes", GIT_WORK_TREE: "/x" } },
    sessionId: newId("ses"),
    agent: "shell",
    ...request,
  });
  started.push(launched);
  return launched;
}

async function outputOf(launched: AgentProcess): Promise<string> {
  let text = "";
  for await (const chunk of launched.stdout) text += String(chunk);
  return text;
}

/** A pid that the script prints as its first line. */
async function printedPid(launched: AgentProcess): Promise<number> {
  const line = await new Promise<string>((resolve) =>
    launched.stdout.once("data", (data) => resolve(String(data))),
  );
  return Number(line.trim());
}

describe("launchProcess", () => {
  test("[A-10] the intent is durable before the spawn, and pid, start time and group after it", async () => {
    const order: string[] = [];
    rows.before = (command) => order.push(`${command}:${[...rows.rows.values()][0]?.pid ?? "none"}`);
    const launched = await launch("cat");
    expect(order).toEqual(["recordLaunch:none", "recordSpawn:none"]);
    const [row] = [...rows.rows.values()];
    expect(row).toMatchObject({
      pid: launched.pid,
      group: launched.pid,
      agent: "shell",
      launchId: launched.launchId,
    });
    expect(row?.startTime).toBe((await linuxProcessTable.inspect(launched.pid))?.startTime);
    expect((await linuxProcessTable.inspect(launched.pid))?.group).toBe(launched.pid);
  });

  test("[A-10] the child inherits the user's environment without what is Holdfast's, in a private TMPDIR", async () => {
    const launched = await launch("env; echo x > $TMPDIR/file; ls -ld $TMPDIR");
    const text = await outputOf(launched);
    const env = new Map(
      text.split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]),
    );
    expect(env.get("HOLDFAST_LAUNCH_ID")).toBe(launched.launchId);
    expect(env.get("PATH")).toBe(process.env["PATH"]);
    expect(env.get("OWN")).toBe("yes");
    const git = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_CONFIG_KEY_0"];
    for (const name of ["HOLDFAST_HOME", "DATABASE_URL", "LISTED", ...git]) {
      expect([name, env.has(name)]).toEqual([name, false]);
    }
    expect(path.dirname(env.get("TMPDIR") ?? "")).toBe(root);
    expect(text).toContain("drwx------");
    await launched.ended;
    expect(existsSync(env.get("TMPDIR") ?? root)).toBe(false);
  });

  test("[A-12] what a program said before it died is kept for whoever reads later", async () => {
    const launched = await launch("echo last words");
    await until("it is gone", () => !launched.isRunning);
    expect(await launched.exited).toEqual({ exitCode: 0 });
    expect(await outputOf(launched)).toBe("last words\n");
  });

  test("[A-10] a minimal environment holds the basic names and those that are listed", async () => {
    const launched = await launch("env", { environment: { inherit: "minimal", keep: ["LISTED"] } });
    const names = (await outputOf(launched)).split("\n").map((line) => line.split("=")[0] ?? "");
    expect(names).toContain("LISTED");
    expect(names).toContain("HOME");
    expect(names.filter((name) => name.startsWith("npm_") || name.startsWith("VITEST"))).toEqual([]);
  });

  test.each([
    ["a missing program", { argv: ["/nowhere/program"] }, /ENOENT/],
    ["a missing directory", { cwd: "/nowhere/project" }, /does not exist/],
    ["an argument that no program can take", { argv: ["/bin/echo", "a\0b"] }, /cannot be started/],
  ])("[A-10] %s is a LaunchError that leaves nothing behind", async (_, request, message) => {
    const failure = await launch("", request).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LaunchError);
    expect(String(failure)).toMatch(message);
    expect(rows.rows.size).toBe(0);
    expect(readdirSync(root)).toEqual([]);
  });

  test("[A-10] a child that cannot be registered is ended", async () => {
    rows.before = (command) => {
      if (command === "recordSpawn") throw new Error("disk full");
    };
    await expect(launch("echo $$ > pid; exec sleep 600")).rejects.toThrow("disk full");
    expect(rows.rows.size).toBe(0);
    const pid = existsSync(path.join(root, "pid")) ? Number(readFileSync(path.join(root, "pid"), "utf8")) : 0;
    expect(pid !== 0 && (await isAlive(pid))).toBe(false);
  });

  test("[A-13] stderr is kept as a bounded, masked tail without a line that was cut", async () => {
    const launched = await launch(
      `i=0; while [ $i -lt 400 ]; do echo "password=hunter22hunter22 line $i" >&2; i=$((i+1)); done`,
    );
    await launched.exited;
    const tail = launched.stderrTail() ?? "";
    expect(tail.length).toBeLessThanOrEqual(8_192);
    expect(tail).toContain("password=[redacted] line 399");
    expect(tail).not.toContain("hunter22");
    expect(tail.startsWith("password=[redacted] line ")).toBe(true);
  });
});

describe("the stop ladder", () => {
  test("[A-10] the end of stdin comes first and is enough for a program that obeys", async () => {
    const launched = await launch("trap 'echo term >&2' TERM; cat; echo eof >&2");
    await launched.stop();
    expect(await launched.exited).toEqual({ exitCode: 0 });
    expect(launched.stderrTail()).toBe("eof");
    expect(rows.rows.size).toBe(0);
  });

  test("[A-10] SIGTERM goes to the whole group, SIGKILL to who ignores it", async () => {
    const launched = await launch(
      `(trap 'echo child >&2; exit' TERM; while :; do sleep 0.05; done) & trap '' TERM; echo ready; while :; do sleep 0.05; done`,
      { limits: { eofGraceMs: 50, termGraceMs: 300 } },
    );
    await new Promise((resolve) => launched.stdout.once("data", resolve));
    await launched.stop();
    expect(await launched.exited).toEqual({ signal: "SIGKILL" });
    expect(launched.stderrTail()).toContain("child");
  });

  test("[A-10] a stop can be hurried", async () => {
    const launched = await launch("trap '' TERM; echo ready; while :; do sleep 0.05; done", {
      limits: { eofGraceMs: 3_600_000, termGraceMs: 3_600_000 },
    });
    await new Promise((resolve) => launched.stdout.once("data", resolve));
    const slow = launched.stop();
    await launched.stop({ withinMs: 0 });
    await slow;
    expect(await launched.exited).toEqual({ signal: "SIGKILL" });
  });

  test("[A-11] what left the group is ended with the root, by its launch id", async () => {
    const launched = await launch("setsid sleep 600 & echo $!; exec sleep 600");
    const runaway = await printedPid(launched);
    await until(
      "it has a session of its own",
      async () => (await linuxProcessTable.inspect(runaway))?.group === runaway,
    );
    await launched.stop({ from: "term" });
    expect(await isAlive(runaway)).toBe(false);
    expect(await launched.ended).toEqual([]);
  });

  test("[A-11] a launch is forgotten only when nothing of it lives", async () => {
    const launched = await launch("setsid sleep 600 >/dev/null 2>&1 & echo $!; exec sleep 600");
    const runaway = await printedPid(launched);
    const lived: boolean[] = [];
    const forget = rows.recordExit.bind(rows);
    rows.recordExit = async (command) => {
      lived.push(await isAlive(runaway));
      await forget(command);
    };
    await launched.stop({ from: "kill" });
    expect(lived).toEqual([false]);
  });

  test("[A-11] a root that exits by itself takes everything else with it", async () => {
    const launched = await launch("setsid sleep 600 >/dev/null 2>&1 & echo $!; sleep 0.1; exit 7");
    const runaway = await printedPid(launched);
    expect(await launched.exited).toEqual({ exitCode: 7 });
    await launched.ended;
    expect(await isAlive(runaway)).toBe(false);
    expect(rows.closed).toHaveLength(1);
  });

  test("[A-10] a zombie counts as dead", async () => {
    // The child ends when its parent has become a program that waits for nobody.
    const child = `sh -c 'until grep -qa "^sleep" /proc/$PPID/cmdline; do :; done'`;
    const launched = await launch(`${child} & echo $!; exec sleep 600`);
    const zombie = await printedPid(launched);
    await until("it is a zombie", () => /\) Z /.test(readFileSync(`/proc/${zombie}/stat`, "latin1")));
    expect(await linuxProcessTable.inspect(zombie)).toBeUndefined();
    await launched.stop({ from: "term" });
    expect(await launched.ended).toEqual([]);
  });
});

describe("reapLeftovers", () => {
  const reap = (): Promise<ReapReport> =>
    reapLeftovers({ store: rows, table: linuxProcessTable, clock: systemClock, temporaryRoot: root });

  /** A process that a dead server left: started here, but nobody waits for it. */
  function leave(launchId: string, args: string[], env: Record<string, string> = {}): number {
    const [program = "", ...rest] = args;
    const child = spawn(program, rest, {
      detached: true,
      stdio: "ignore",
      env: { ...process.env, HOLDFAST_LAUNCH_ID: launchId, ...env },
    });
    child.unref();
    return child.pid ?? 0;
  }

  async function record(launchId: string, argv: string[], pid?: number, startTime?: string): Promise<void> {
    await rows.recordLaunch({
      launchId,
      instanceId: newId("ins"),
      sessionId: newId("ses"),
      agent: "left",
      argvHash: argvHash(launchId, argv),
      temporaryDirectory: path.join(root, `holdfast-${launchId}`),
    });
    if (pid !== undefined) await rows.recordSpawn({ launchId, pid, group: pid, startTime });
  }

  test("[A-11] everything that carries the launch id of an open row is ended and the row closed", async () => {
    const argv = ["/bin/sh", "-c", "trap '' TERM; setsid sleep 600 & while :; do sleep 0.05; done"];
    const pid = leave("left-1", argv);
    const before = await linuxProcessTable.inspect(pid);
    await record("left-1", argv, pid, before?.startTime);
    let relatives: number[] = [];
    await until("its child runs", async () => {
      relatives = (await linuxProcessTable.relatives([{ launchId: "left-1" }])).get("left-1") ?? [];
      return relatives.length >= 2;
    });
    const report = await reap();
    expect(report).toMatchObject({ reach: "launch-id", spared: [], stubborn: [] });
    expect(report.reaped[0]?.pids).toEqual(expect.arrayContaining([pid]));
    for (const each of relatives) expect([each, await isAlive(each)]).toEqual([each, false]);
    expect(rows.rows.size).toBe(0);
  });

  test("[A-11] a launch that died between intent and record is found by its id alone", async () => {
    const pid = leave("left-2", ["/bin/sleep", "600"]);
    await record("left-2", ["/bin/sleep", "600"]);
    expect((await reap()).reaped).toEqual([{ launchId: "left-2", pids: [pid] }]);
    expect(await isAlive(pid)).toBe(false);
  });

  test("[A-11] the root without its environment is known by pid, start time and arguments", async () => {
    const argv = ["/bin/sleep", "600"];
    const pid = leave("somebody", argv);
    await record("left-3", argv, pid, (await linuxProcessTable.inspect(pid))?.startTime);
    expect((await reap()).reaped).toEqual([{ launchId: "left-3", pids: [pid] }]);
    expect(await isAlive(pid)).toBe(false);
  });

  test.each([
    ["another start time", "1", ["/bin/sleep", "600"]],
    ["other arguments", undefined, ["/bin/sleep", "601"]],
  ])("[A-11] a recycled pid is spared: %s", async (_, startTime, argv) => {
    const pid = leave("stranger", ["/bin/sleep", "600"]);
    try {
      await record("left-4", argv, pid, startTime ?? (await linuxProcessTable.inspect(pid))?.startTime);
      expect(await reap()).toMatchObject({ reaped: [], spared: [{ launchId: "left-4", pid }], stubborn: [] });
      expect(await isAlive(pid)).toBe(true);
      expect(rows.rows.size).toBe(0);
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });

  test("[A-11] only private directories below the temporary root are removed", async () => {
    const precious = mkdtempSync(path.join(tmpdir(), "holdfast-precious-"));
    await rows.recordLaunch({
      launchId: "left-5",
      instanceId: newId("ins"),
      sessionId: newId("ses"),
      agent: "left",
      argvHash: "",
      temporaryDirectory: precious,
    });
    await reap();
    expect(existsSync(precious)).toBe(true);
    rmSync(precious, { recursive: true });
    expect(rows.rows.size).toBe(0);
  });
});
