import { execFile, spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, type Result } from "./command.ts";

const house = createHouse();
let session: string;

/** Runs a command whose streams go where the shell's `redirection` says. */
const redirected = (args: readonly string[], redirection: string): Promise<Result> =>
  new Promise((resolve) => {
    const words = [process.execPath, house.bin, ...args].map((word) => `'${word}'`).join(" ");
    const child = execFile(
      "sh",
      ["-c", `exec ${words} ${redirection}`],
      { cwd: house.project, env: house.environment },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });

/** Runs a command whose reader has left before it prints. */
const unread = (args: readonly string[]): Promise<Result> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [house.bin, ...args], {
      cwd: house.project,
      env: house.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("close", (code) => resolve({ code, stdout: "", stderr }));
  });

beforeAll(async () => {
  const { client } = await house.serve();
  ({ id: session } = await client.createSession({ directory: house.project, agent: "rehearsal" }));
  await house.run(["run", "-s", session, "SAY here"]);
});
afterAll(() => house.close());

const commands = (): string[][] => [
  ["--version"],
  ["completion", "bash"],
  ["session", "list"],
  ["session", "show", session, "--json"],
  ["events", session],
  ["run", "-s", session, "SAY again"],
  ["run", "-s", session, "--output", "stream-json", "SAY again"],
  ["doctor", "--json"],
];

describe("files that cannot be written", () => {
  test("[I-10, I-11] output on a full disk ends a command with one line and the code 1", async () => {
    for (const args of commands()) {
      const { code, stderr } = await redirected(args, "> /dev/full");
      expect({ args, code, stderr }).toEqual({
        args,
        code: 1,
        stderr: expect.stringMatching(/holdfast: The output cannot be written: .*no space left/) as unknown,
      });
      expect(stderr).not.toMatch(/\n\s+at |node:/);
    }
  });

  test("[I-10, I-11] so does a reader that has left", async () => {
    for (const args of [
      ["--version"],
      ["session", "list"],
      ["events", session],
      ["run", "-s", session, "SAY x"],
    ]) {
      const { code, stderr } = await unread(args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toMatch(/holdfast: The output cannot be written: .*EPIPE/);
      expect(stderr).not.toMatch(/\n\s+at |node:/);
    }
  });

  test.runIf(isWhole)("[I-10, I-11] stderr on a full disk changes neither result nor code", async () => {
    const listed = await redirected(["session", "list", "--json"], "2> /dev/full");
    expect(listed.code).toBe(0);
    expect(listed.stdout).toContain(session);
    expect((await redirected(["session", "show", "ses_nothing"], "2> /dev/full")).code).not.toBe(0);
    expect((await redirected(["run", "-s", session, "FAIL 500 no"], "2> /dev/full")).code).toBe(1);
    expect((await redirected(["run", "-s", session, "SAY well"], "2> /dev/full")).code).toBe(0);
  });
});
