import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../../../test/harness/until.ts";
import { toolPlace, type ToolPlace } from "../../test/tool-place.ts";
import { bashTool } from "./bash.ts";
import type { ToolResult } from "./tool.ts";

let place: ToolPlace;
const bash = (command: string, more: object = {}): Promise<ToolResult> =>
  place.run(bashTool, { command, ...more });

beforeEach(async () => {
  place = await toolPlace();
});
afterEach(() => place[Symbol.asyncDispose]());

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The first number that a running command prints: what it shows. */
const shownPid = (): Promise<number> =>
  until("a pid", () => {
    const shown = place.told.findLast(({ output }) => /\d+\n/.test(output ?? ""))?.output;
    return shown === undefined ? undefined : Number(/\d+/.exec(shown)?.[0]);
  });

describe("[A-26] a command", () => {
  test("gives what it prints, on both streams, and its exit code", async () => {
    expect(await bash("echo out; echo err >&2; exit 3", { description: "Print and fail" })).toEqual({
      title: "Print and fail",
      output: "out\nerr\n(Exit code 3.)",
      keep: "tail",
      metadata: { exit: 3 },
    });
    expect((await bash("true")).output).toBe("(It printed nothing.)");
    expect((await bash("kill -9 $$")).metadata).toEqual({ exit: null, signal: "SIGKILL" });
  });

  test("has no stdin, only the variables that it is given, and its own directory", async () => {
    mkdirSync(join(place.path, "sub"));
    place.environment["SEEN"] = "yes";
    process.env["HOLDFAST_TEST_KEY"] = "secret";
    try {
      const { output } = await bash("cat; echo $SEEN $HOLDFAST_TEST_KEY; pwd", { directory: "sub" });
      expect(output).toBe(`yes\n${realpathSync(join(place.path, "sub"))}\n`);
    } finally {
      delete process.env["HOLDFAST_TEST_KEY"];
    }
    await expect(bash("true", { directory: "none" })).rejects.toThrow("none is no directory.");
  });

  test("shows what it prints while it runs", async () => {
    const gate = join(place.path, "gate");
    const running = bash(`echo first; until [ -e ${gate} ]; do sleep 0.05; done; echo last`);
    await until("the first line", () => place.told.some(({ output }) => output === "first\n"));
    writeFileSync(gate, "");
    expect((await running).output).toBe("first\nlast\n");
  });

  test("keeps the end of what it prints without bound", async () => {
    const { output } = await bash("head -c 9000000 /dev/zero | tr '\\0' x; echo end");
    const start = "(4805700 characters before this were not kept.)\n";
    expect([output.slice(0, start.length), output.slice(-5)]).toEqual([start, "xend\n"]);
    expect(output.length).toBe(start.length + 4 * 1024 * 1024);
  });

  test("is over when its shell is, whatever it left running", async () => {
    const { output } = await bash("sleep 1000 & echo $!");
    const pid = Number(output);
    expect(isAlive(pid)).toBe(true);
    process.kill(pid);
  });
});

describe("[A-26] a command that is ended", () => {
  test("at its deadline is ended with all of its group, and what it printed is kept", async () => {
    const clock = new FakeClock();
    place.clock = clock;
    const running = bash("sleep 1000 & echo $!; wait", { timeout: 7 });
    let isOver = false;
    void running.finally(() => (isOver = true));
    await until("the end", () => {
      clock.advance(500);
      return isOver;
    });
    const { output, metadata } = await running;
    expect(output).toMatch(/^\d+\n\(It was ended after 7 s\.\)$/);
    expect(metadata).toMatchObject({ ended: "timeout" });
    await until("the end of its child", () => !isAlive(Number(output.split("\n")[0])));
  });

  test("with its turn tells what it printed, and that it was stopped", async () => {
    const running = bash("echo $$; sleep 1000");
    await shownPid();
    place.leave.abort(new Error("stopped"));
    const { output, metadata } = await running;
    expect(output).toMatch(/^\d+\n\(It was ended: somebody stopped this turn\.\)$/);
    expect(metadata).toMatchObject({ ended: "abort", signal: "SIGTERM" });
  });

  test("and takes no notice of SIGTERM is killed 3 s later", async () => {
    const clock = new FakeClock();
    place.clock = clock;
    const running = bash("trap '' TERM; echo $$; while true; do sleep 0.05; done");
    const pid = await until("a pid", () => {
      clock.advance(300);
      return place.told.at(-1)?.output?.trim();
    });
    place.leave.abort(new Error("stopped"));
    clock.advance(2_900);
    expect(isAlive(Number(pid))).toBe(true);
    let isOver = false;
    void running.finally(() => (isOver = true));
    await until("the end", () => {
      clock.advance(100);
      return isOver;
    });
    expect((await running).metadata).toMatchObject({ ended: "abort", signal: "SIGKILL" });
    await until("its end", () => !isAlive(Number(pid)));
  });
});

describe("[A-19] before it runs", () => {
  test("each of its commands is asked about, and what it names outside of the workspace", async () => {
    place.onPermit = () => Promise.reject(new Error("no"));
    const command = `touch ran; cat ../outside/x > ${place.path}/out`;
    await expect(bash(command)).rejects.toThrow("no");
    expect(place.permits).toEqual([
      {
        title: command,
        kind: "execute",
        patterns: ["touch ran", `> ${place.path}/out`, "cat ../outside/x", join(place.top, "outside/x")],
      },
    ]);
    await expect(bash("ls", { directory: "../outside" })).rejects.toThrow("no");
    expect(place.permits.at(-1)?.patterns).toEqual(["ls", join(place.top, "outside")]);
  });

  test.each(["", " ", "a\0b"])("%j is refused", async (command) => {
    await expect(Promise.resolve().then(() => bash(command))).rejects.toThrow(/Expected a command|>=1/);
    expect(place.permits).toEqual([]);
  });
});
