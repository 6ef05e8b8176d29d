import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand, type CommandRun } from "./run-command.ts";

describe("setup and teardown commands", () => {
  let directory: string;
  const run = (command: string[], more: Partial<CommandRun> = {}) =>
    runCommand({
      command,
      directory,
      environment: { PATH: process.env["PATH"] ?? "", GIT_DIR: "/elsewhere", HOLDFAST_TOKEN: "secret" },
      timeoutMs: 20_000,
      clock: systemClock,
      signal: new AbortController().signal,
      ...more,
    });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-command-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("[W-2] it runs in the worktree without a shell, and without our variables", async () => {
    const end = await run([
      "node",
      "-e",
      "console.log(process.cwd(), process.argv[1], Object.keys(process.env))",
      "$(id)",
    ]);
    expect(end.ok).toBe(true);
    expect(end.tail).toContain(`${directory} $(id)`);
    expect(end.tail).not.toMatch(/GIT_DIR|HOLDFAST_/);
  });

  test("[W-2] a failure names its code and keeps the end of the output", async () => {
    const end = await run(["node", "-e", "console.error('x'.repeat(20000) + ' the end'); process.exit(3)"]);
    expect(end).toMatchObject({ ok: false, reason: "ended with code 3" });
    expect(end.tail.length).toBeLessThanOrEqual(8_192);
    expect(end.tail).toMatch(/ the end\n$/);
    expect(await run(["no-such-program-anywhere"])).toMatchObject({ ok: false });
  });

  test("[W-2] at its deadline the whole group ends", async () => {
    const script = "sleep 600 & echo $! > child; wait";
    const started = { pid: 0 };
    const end = await run(["sh", "-c", script], {
      timeoutMs: 400,
      onStart: (pid) => {
        started.pid = pid;
        return Promise.resolve();
      },
    });
    expect(end).toMatchObject({ ok: false, reason: "did not end within 0.4 s" });
    const child = Number(await readFile(join(directory, "child"), "utf8"));
    await expect.poll(() => isAlive(child)).toBe(false);
    expect(isAlive(started.pid)).toBe(false);
  });

  test("[W-2] what it leaves in the background with its output open is not waited for", async () => {
    const end = await run(["sh", "-c", "sleep 20 & echo $! > child; echo ready"]);
    expect(end).toMatchObject({ ok: true, tail: "ready\n" });
    process.kill(Number(await readFile(join(directory, "child"), "utf8")), "SIGKILL");
  });
});

/** Nobody may have waited for it yet: a zombie is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
