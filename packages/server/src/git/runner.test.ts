import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, silentLogger, systemClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PlacesInLine } from "./places-in-line.ts";
import { GIT_PROCESSES, GitRunner } from "./runner.ts";

let directory: string;
let runner: GitRunner;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "holdfast-git-")));
  runner = runnerWith({});
  await runner.run({ directory }, ["init", "--quiet"]);
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function runnerWith(environment: Record<string, string>): GitRunner {
  return new GitRunner({
    clock: systemClock,
    logger: silentLogger,
    environment: { PATH: process.env["PATH"] ?? "", HOME: directory, ...environment },
    temporary: join(directory, "tmp"),
  });
}

/** A git command that is a shell script. */
const script = (text: string): string[] => ["-c", `alias.run=!${text}`, "run"];

describe("the runner of git", () => {
  test("[W-14] gives git a fixed locale, no locks, no prompts, and none of the server's own variables", async () => {
    const hostile = runnerWith({
      GIT_DIR: "/elsewhere",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "user.name",
      GIT_CONFIG_VALUE_0: "x",
      GIT_SSH_COMMAND: "evil",
      GIT_CEILING_DIRECTORIES: "/somewhere",
      HOLDFAST_TOKEN: "secret",
      LC_MESSAGES: "de_DE.UTF-8",
      LANGUAGE: "de",
      KEPT: "yes",
    });
    const { text } = await hostile.run({ directory }, script("env"));
    const environment = new Map(
      text.split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]),
    );
    expect(environment.get("LC_ALL")).toBe("C");
    expect(environment.get("GIT_OPTIONAL_LOCKS")).toBe("0");
    expect(environment.get("GIT_TERMINAL_PROMPT")).toBe("0");
    expect(environment.get("KEPT")).toBe("yes");
    expect(environment.get("GIT_CEILING_DIRECTORIES")).toBe("/somewhere");
    for (const name of ["GIT_CONFIG_COUNT", "GIT_SSH_COMMAND", "HOLDFAST_TOKEN", "LC_MESSAGES", "LANGUAGE"])
      expect(environment.has(name)).toBe(false);
    expect((await hostile.run({ directory }, ["rev-parse", "--git-dir"])).text).toBe(".git");
  });

  test.runIf(process.platform === "linux")("[W-14] ends the whole group at the deadline", async () => {
    const pid = join(directory, "pid");
    const slow = runner.run({ directory }, script(`sh -c 'sleep 60 & echo $! > ${pid}; wait'`), {
      timeoutMs: 700,
    });
    await expect(slow).rejects.toMatchObject({ name: "GitError", code: "timeout" });
    const child = Number(await readFile(pid, "utf8"));
    // Where nobody reaps orphans, what is left of it is a zombie.
    const state = await readFile(`/proc/${child}/stat`, "utf8").catch(() => "0 (gone) Z");
    expect(/\) ([A-Z])/.exec(state)?.[1]).toBe("Z");
  });

  test.runIf(process.platform === "linux")(
    "[W-14] is not held up by what a filter left in a session of its own",
    async () => {
      const pids = join(directory, "pids");
      const leave = (where: string) =>
        script(`sh -c 'setsid sleep 60 ${where} & echo $! >> ${pids}; echo said'`);
      try {
        const { text } = await runner.run({ directory }, leave(">/dev/null"));
        expect(text).toBe("said");
        const held = runner.run({ directory }, leave(""), { timeoutMs: 20_000 });
        await expect(held).rejects.toMatchObject({ name: "GitError", code: "timeout" });
        const stuck = script(`sh -c 'setsid sleep 60 & echo $! >> ${pids}; wait'`);
        const slow = runner.run({ directory }, stuck, { timeoutMs: 300 });
        await expect(slow).rejects.toMatchObject({ name: "GitError", code: "timeout" });
      } finally {
        for (const pid of (await readFile(pids, "utf8")).trim().split("\n"))
          process.kill(Number(pid), "SIGKILL");
      }
    },
  );

  test("[W-14] rejects more output than is allowed, or cuts it when asked", async () => {
    const args = script("yes");
    await expect(runner.run({ directory }, args, { maxBytes: 10_000 })).rejects.toMatchObject({
      code: "tooLong",
    });
    const cut = await runner.run({ directory }, args, { maxBytes: 10_001, beyond: "cut" });
    expect(cut.isCut).toBe(true);
    expect(cut.stdout).toHaveLength(10_001);
  });

  test("[W-14] says how git ended, with what it said last", async () => {
    const failing = runner.run({ directory }, ["cat-file", "-t", "HEAD"]);
    await expect(failing).rejects.toMatchObject({ code: "failed", exitCode: 128 });
    await expect(failing).rejects.toThrow(/HEAD/);
    const answer = await runner.run({ directory }, script("exit 3"), { exits: [3] });
    expect(answer.exitCode).toBe(3);
    await expect(runner.run({ directory: join(directory, "gone") }, ["status"])).rejects.toMatchObject({
      code: "missing",
    });
    const nowhere = new GitRunner({
      clock: systemClock,
      logger: silentLogger,
      environment: { PATH: directory },
      temporary: directory,
    });
    await expect(nowhere.run({ directory }, ["status"])).rejects.toMatchObject({ code: "missing" });
  });

  test("[W-14] lets a bounded number run at once, and all of them in the end", async () => {
    const log = join(directory, "log");
    // The first one waits for a second, however busy the machine is.
    const isMet = `[ "$(grep -c + ${log})" -ge 2 ]`;
    const one = `echo + >> ${log}; until ${isMet}; do sleep 0.01; done; echo - >> ${log}`;
    await Promise.all(Array.from({ length: 12 }, () => runner.run({ directory }, script(`sh -c '${one}'`))));
    const signs = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
    expect(signs).toHaveLength(24);
    let running = 0;
    let most = 0;
    for (const sign of signs) {
      running += sign === "+" ? 1 : -1;
      most = Math.max(most, running);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(GIT_PROCESSES);
  });

  test("[W-14] whoever waits for a place too long is told, and the places stay as many as they were", async () => {
    const clock = new FakeClock(0);
    const places = new PlacesInLine(clock, 1);
    expect(await places.enter(10)).toBe(true);
    const stop = new AbortController();
    const [late, stopped, patient] = [
      places.enter(10),
      places.enter(1_000, stop.signal),
      places.enter(1_000),
    ];
    stop.abort();
    clock.advance(11);
    expect([await late, await stopped, await places.enter(10, stop.signal)]).toEqual([false, false, false]);
    places.leave();
    expect(await patient).toBe(true);
    places.leave();
    expect(await places.enter(10)).toBe(true);
    const none = places.enter(10);
    clock.advance(11);
    expect(await none).toBe(false);
  });

  test("[W-14] stops when its caller does", async () => {
    const stop = new AbortController();
    const slow = runner.run({ directory }, script("sleep 60"), { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(slow).rejects.toThrow("enough");
    await expect(runner.run({ directory }, ["version"], { signal: stop.signal })).rejects.toThrow("enough");
  });

  test("[W-14] runs hooks only when asked to", async () => {
    const hook = join(directory, ".git", "hooks", "post-commit");
    await writeFile(hook, `#!/bin/sh\necho ran > ${directory}/ran\n`, { mode: 0o755 });
    const environment = {
      GIT_AUTHOR_NAME: "x",
      GIT_AUTHOR_EMAIL: "x",
      GIT_COMMITTER_NAME: "x",
      GIT_COMMITTER_EMAIL: "x",
    };
    const commit = ["commit", "--quiet", "--allow-empty", "-m", "x"];
    await runner.run({ directory }, commit, { environment });
    await expect(readFile(join(directory, "ran"))).rejects.toThrow("ENOENT");
    await runner.run({ directory }, commit, { environment, hooks: true });
    expect(await readFile(join(directory, "ran"), "utf8")).toBe("ran\n");
  });

  test("[W-14] is not held up by git that reads nothing of a long input", async () => {
    const { exitCode } = await runner.run({ directory }, ["version"], {
      stdin: Buffer.alloc(4 * 1024 * 1024),
    });
    expect(exitCode).toBe(0);
  });
});
