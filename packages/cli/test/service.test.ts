import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { type ServerFile } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, expectRun, PATIENCE_MS } from "./command.ts";

/** What systemd makes of the words of a line: quotes and backslashes undone, `%%` one sign. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    text.replaceAll(/\\(.)/g, "$1").replaceAll("%%", "%"),
  );

/** Where systemd is not installed, nobody else can judge a unit. */
const hasVerify = (() => {
  try {
    return execFileSync("systemd-analyze", ["--version"], { encoding: "utf8" }) !== "";
  } catch {
    return false;
  }
})();

describe.runIf(process.platform === "linux")("[I-26] a service", () => {
  let house: ReturnType<typeof createHouse>;
  let unit: string;
  let dataDirectory: string;
  let env: Record<string, string>;
  let calls: string;

  /** A systemctl that writes down what it was asked, and answers as it is told in `SAYS`. */
  const systemctl = `#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in *"$FAILS"*) echo "Failed to connect to bus: No medium found" >&2; exit 1;; esac
case "$*" in *show*) printf 'UnitFileState=enabled\\nActiveState=active\\nSubState=running\\n';; esac
`;

  beforeEach(() => {
    house = createHouse();
    unit = join(house.root, "config/systemd/user/holdfast.service");
    dataDirectory = join(house.root, `da ta%h$HOME"x\\y'`);
    calls = join(house.root, "calls");
    const bin = join(house.root, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "systemctl"), systemctl);
    chmodSync(join(bin, "systemctl"), 0o755);
    env = {
      HOLDFAST_DATA_DIR: dataDirectory,
      HOLDFAST_TOKEN: "s".repeat(40),
      ANTHROPIC_API_KEY: "key-of-mine",
      PATH: `${bin}${delimiter}${house.environment["PATH"] ?? ""}`,
      CALLS: calls,
      FAILS: "never",
    };
  });
  afterEach(() => house.close());

  const service = (...args: string[]) => house.run(["service", ...args], { env });
  const asked = () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);

  test("[I-26] install writes the unit, enables nothing and says how; nothing secret is in it", async () => {
    const { code, stdout, stderr } = await service("install");
    expect([code, stdout]).toEqual([
      0,
      `Written: ${unit}
To enable and start it: systemctl --user daemon-reload && systemctl --user enable --now holdfast
To have it run without a login: loginctl enable-linger
`,
    ]);
    expect(stderr).toMatch(/Set in this environment, and not for the service: port, startServer, token\./);
    expect(asked()).toEqual([]);
    expect(statSync(unit).mode & 0o777).toBe(0o644);
    expect(readdirSync(dirname(unit))).toEqual(["holdfast.service"]);
    const text = readFileSync(unit, "utf8");
    expect(text).not.toMatch(/s{40}|key-of-mine/);
    expect(text).toContain(`Environment="PATH=${env["PATH"] ?? ""}"`);
    expectRun(await service("install"), 0, `As it should be: ${unit}`);
  });

  test("[I-26] its command line, run as it is written, is a server; it ends with 0, and a second one with 7", async () => {
    mkdirSync(dirname(house.configFile), { recursive: true });
    writeFileSync(house.configFile, '{ "port": 0 }');
    await service("install");
    const lines = readFileSync(unit, "utf8").split("\n");
    const line = lines.find((one) => one.startsWith("ExecStart=:")) ?? "";
    const [program = "", ...args] = wordsOf(line);
    const variables = lines.filter((one) => one.startsWith("Environment=")).flatMap(wordsOf);
    const environment = Object.fromEntries(
      variables.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]),
    );
    const start = () =>
      spawn(program, args, { env: { HOME: house.root, ...environment }, cwd: house.root, stdio: "ignore" });
    const server = start();
    const ended = new Promise((resolve) => server.once("exit", resolve));
    try {
      const file = join(dataDirectory, "server.json");
      await vi.waitFor(() => expect(existsSync(file)).toBe(true), { timeout: PATIENCE_MS });
      expect((JSON.parse(readFileSync(file, "utf8")) as ServerFile).pid).toBe(server.pid);
      // Said after the server can be found.
      const log = join(dataDirectory, "logs/server.log");
      await vi.waitFor(() => expect(readFileSync(log, "utf8")).toContain('"listening"'), {
        timeout: PATIENCE_MS,
      });
      const second = start();
      expect(await new Promise((resolve) => second.once("exit", resolve))).toBe(7);
    } finally {
      server.kill("SIGTERM");
    }
    expect(await ended).toBe(0);
  });

  test.runIf(hasVerify)("[I-26] systemd-analyze verify accepts the unit", async () => {
    await service("install");
    const runtime = join(house.root, "run");
    mkdirSync(runtime, { mode: 0o700 });
    const { status, stderr } = spawnSync("systemd-analyze", ["--user", "verify", unit], {
      env: { ...house.environment, XDG_RUNTIME_DIR: runtime },
      encoding: "utf8",
    });
    // What an older one does not know, it tells and ignores.
    const refused = stderr.split("\n").filter((line) => line !== "" && !/Unknown key.*'Restart/.test(line));
    expect([status, refused]).toEqual([0, []]);
  });

  test.runIf(isWhole)("[I-26] a file that is not ours is never overwritten nor removed: 7", async () => {
    mkdirSync(dirname(unit), { recursive: true });
    writeFileSync(unit, "[Service]\nExecStart=/mine\n");
    for (const command of ["install", "remove"])
      expect(await service(command)).toMatchObject({
        code: 7,
        stderr: `holdfast: ${unit} was not written by Holdfast. It was left as it is.\n`,
      });
    expect((await service("status")).stdout).toContain("not written by Holdfast");
    expect(readFileSync(unit, "utf8")).toBe("[Service]\nExecStart=/mine\n");
  });

  test.runIf(isWhole)(
    "[I-26] status says whether the file is what would be written, and what systemd says",
    async () => {
      expectRun(await service(), 4, "not there");
      await service("install");
      const { code, stdout } = await service("status");
      expect([code, stdout]).toEqual([
        0,
        `${unit}: as this program would write it\nsystemd: enabled, active (running)\n`,
      ]);
      const text = readFileSync(unit, "utf8");
      writeFileSync(unit, text.replace("RestartSec=2", "RestartSec=9"));
      env["FAILS"] = "show";
      expect(JSON.parse((await service("status", "--json")).stdout)).toEqual({
        file: unit,
        state: "different",
        differences: ["-RestartSec=9", "+RestartSec=2"],
        systemd: "Failed to connect to bus: No medium found",
      });
    },
  );

  test.runIf(isWhole)(
    "[I-26] install --enable runs what it says, and tells when systemctl refuses or is not there",
    async () => {
      expect(await service("install", "--enable")).toMatchObject({ code: 0 });
      expect(asked()).toEqual(["--user daemon-reload", "--user enable --now holdfast"]);
      env["FAILS"] = "enable --now";
      expectRun(
        await service("install", "--enable"),
        1,
        "`systemctl --user enable --now holdfast` failed: Failed to connect to bus: No medium found",
      );
      env["PATH"] = join(house.root, "nothing");
      expectRun(await service("install", "--enable"), 1, "There is no systemctl on PATH.");
    },
  );

  test("[I-26] remove disables, takes the file away, and says what stays", async () => {
    await service("install");
    env["FAILS"] = "disable";
    expectRun(await service("remove"), 1, "Nothing was");
    expect(existsSync(unit)).toBe(true);
    env["FAILS"] = "never";
    const removed = await service("remove");
    expect(removed.stdout).toContain(`Removed: ${unit}\nWhat stays: `);
    expect(existsSync(unit)).toBe(false);
    expect(asked().slice(-2)).toEqual(["--user disable holdfast", "--user daemon-reload"]);
    expectRun(await service("remove"), 0, "There is no");
    env["FAILS"] = "";
    await service("install");
    // Without a manager that answers, the file still goes.
    expectRun(await service("remove"), 0, `Removed: ${unit}`);
    expect(existsSync(unit)).toBe(false);
  });
});
