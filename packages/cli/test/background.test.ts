import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import type { ServerFile } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { isWhole, sampleOf } from "../../../test/harness/sample.ts";
import { isRunning, startOfProcess } from "../src/server-file.ts";
import { createHouse, expectRun, PATIENCE_MS, type Result } from "./command.ts";

/** Commands at once when no server runs. */
const CROWD = isWhole ? 20 : 6;
const STARTS = { HOLDFAST_START_SERVER: "true" };
const SAID = /^holdfast: started a server at (http:\/\/127\.0\.0\.1:\d+); `holdfast stop` ends it\.$/gm;

/** A claim of this very process, beside where it would count. */
function linkedTo(path: string): string {
  const claim = { pid: process.pid, processStart: startOfProcess(process.pid) };
  writeFileSync(`${path}.other`, JSON.stringify(claim), { mode: 0o600 });
  return `${path}.other`;
}

describe("[I-24] a server in the background", () => {
  let house: ReturnType<typeof createHouse>;
  const run = (...args: string[]): Promise<Result> => house.run(args, { env: STARTS });
  const serverFile = () =>
    JSON.parse(readFileSync(join(house.dataDirectory, "server.json"), "utf8")) as ServerFile;
  const startsOf = (results: readonly Result[]) =>
    results.flatMap(({ stderr }) => [...stderr.matchAll(SAID)].map(([, url]) => url));

  beforeEach(() => {
    house = createHouse();
  });
  afterEach(async () => {
    await house.run(["stop", "--force"]);
    await house.close();
  });

  test("[I-24] the first command starts it and says so, the next ones find it, and after kill -9 it is there again", async () => {
    const first = await run("run", "REMEMBER heron\nSAY hello");
    expectRun(first, 0, "hello");
    expect(startsOf([first])).toHaveLength(1);
    const listed = await run("--json", "session", "list");
    expect(listed).toMatchObject({ code: 0, stderr: "" });
    const [session] = (JSON.parse(listed.stdout) as { items: { id: string }[] }).items;

    const { pid } = serverFile();
    process.kill(pid, "SIGKILL");
    const recalled = await run("run", "--session", session?.id ?? "", "RECALL");
    expectRun(recalled, 0, "heron");
    expect(startsOf([recalled])).toHaveLength(1);
    expect(serverFile().pid).not.toBe(pid);
  });

  test(`[I-24] ${CROWD} commands at once start one server, and each gets its answer`, async () => {
    const results = await Promise.all(
      Array.from({ length: CROWD }, (_, index) => run("run", "--directory", ".", `SAY answer ${index}.`)),
    );
    for (const [index, result] of results.entries()) expectRun(result, 0, `answer ${index}.`);
    expect(new Set(startsOf(results))).toEqual(new Set([serverFile().url]));
    expect(existsSync(join(house.dataDirectory, "starting"))).toBe(false);
  });

  test.runIf(isWhole)("[I-24] not with --no-start, nor when the settings say so: 6", async () => {
    const refusals = [
      await run("--no-start", "session", "list"),
      await house.run(["session", "list"], { env: { HOLDFAST_START_SERVER: "false" } }),
      await house.run(["session", "list"], { env: { HOLDFAST_START_SERVER: "off" } }),
    ];
    const unclear = await house.run(["session", "list"], { env: { HOLDFAST_START_SERVER: "never" } });
    expectRun(unclear, 2, "HOLDFAST_START_SERVER=never is neither true nor false.");
    mkdirSync(dirname(house.configFile), { recursive: true });
    writeFileSync(house.configFile, '{ "startServer": false }');
    refusals.push(await house.run(["session", "list"], { env: { HOLDFAST_START_SERVER: "" } }));
    for (const refusal of refusals) expectRun(refusal, 6, "No server is running");
    expect(existsSync(join(house.dataDirectory, "server.json"))).toBe(false);
    expect(await run("status")).toMatchObject({ code: 6, stderr: "" });
  });

  test("[I-24] one that cannot start is said to be, with its own words, and nothing is left in the way", async () => {
    const broken = { ...STARTS, HOLDFAST_HOST: "192.0.2.1" };
    const refused = await house.run(["session", "list"], { env: broken });
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.stderr).toMatch(/^holdfast: The server did not start: .+ Its log is .+server\.log\.$/m);
    expect(await run("session", "list")).toMatchObject({ code: 0 });
  });

  test("[I-24] who began to start one and died is no hindrance", async () => {
    mkdirSync(house.dataDirectory, { recursive: true });
    // A pid that lives, of a process that began at another time.
    const dead = { pid: process.pid, processStart: "1" };
    writeFileSync(join(house.dataDirectory, "starting"), JSON.stringify(dead));
    expect(await run("session", "list")).toMatchObject({ code: 0 });
  });

  const claims: [string, (path: string) => void][] = [
    ["empty, of who died as it wrote", (path) => writeFileSync(path, "")],
    ["a directory", (path) => mkdirSync(path)],
    ["a pipe, which nobody writes to", (path) => execFileSync("mkfifo", [path])],
    ["a link to a process that lives", (path) => symlinkSync(linkedTo(path), path)],
  ];
  test.each(sampleOf(claims, 2))("[I-24] a claim that is none is no hindrance: %s", async (_what, make) => {
    mkdirSync(house.dataDirectory, { recursive: true });
    make(join(house.dataDirectory, "starting"));
    expect(startsOf([await run("session", "list")])).toEqual([serverFile().url]);
  });

  test.runIf(isWhole)("[I-24] a port that was chosen and is taken is said, and not waited for", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    const env = { ...STARTS, HOLDFAST_PORT: String(port) };
    try {
      const refused = await house.run(["session", "list"], { env });
      expect(refused.stderr).toContain("the address is in use");
      expect(refused.code).toBe(6);
    } finally {
      holder.close();
    }
  });

  /** One that starts, and goes on when something stands in its configuration. */
  const startSlowly = async () => {
    const config = join(house.root, "slow.jsonc");
    execFileSync("mkfifo", [config]);
    const starting = house.start(["--config", config, "serve", "--detach"]);
    const server = await vi.waitFor(
      () => {
        const { pid } = starting.child;
        const [child] = /\d+/.exec(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")) ?? [];
        expect(child).toBeDefined();
        return Number(child);
      },
      { timeout: PATIENCE_MS },
    );
    const startedAt = startOfProcess(server);
    onTestFinished(() => {
      if (isRunning({ pid: server, processStart: startedAt })) process.kill(server, "SIGKILL");
    });
    return { starting, server, goOn: () => writeFile(config, "{}") };
  };

  test.runIf(isWhole)(
    "[I-24] one that could say nothing: what ended it is said, and what hindered us",
    async () => {
      mkdirSync(join(house.dataDirectory, "starting"), { recursive: true });
      const { starting, server } = await startSlowly();
      process.kill(server, "SIGKILL");
      const { code, stderr } = await starting.ended;
      expect(stderr).toMatch(/^holdfast: The server did not start: it ended with SIGKILL\. .*starting/);
      expect(code).toBe(6);
    },
  );

  test.runIf(isWhole)("[I-24] Ctrl-C while it starts leaves it alone, and says so", async () => {
    const { starting, goOn } = await startSlowly();
    starting.child.kill("SIGINT");
    expectRun(await starting.ended, 130, "The server goes on starting; `holdfast stop` ends it.");
    expect(existsSync(join(house.dataDirectory, "starting"))).toBe(false);
    await goOn();
    await vi.waitFor(() => expect(serverFile().pid).toBeGreaterThan(0), { timeout: PATIENCE_MS });
  });

  test.runIf(isWhole)("[I-24] what is wrong with a configuration is said whole", async () => {
    writeFileSync(join(house.project, "mine.jsonc"), '{ "port": "x" }');
    const refused = await run("--config", "mine.jsonc", "serve", "--detach");
    expect(refused.stderr).toContain("is not a valid configuration:\n  port: ");
    expect(refused.code).toBe(2);
  });

  test("[I-24] serve --detach, status, logs and stop", async () => {
    const detached = await house.run(["--json", "serve", "--detach"]);
    const { url, pid, processStart } = serverFile();
    expect(JSON.parse(detached.stdout)).toEqual({ url, pid, started: true });
    expect(await house.run(["serve", "--detach"])).toMatchObject({
      code: 0,
      stdout: `holdfast was listening already on ${url}\n`,
    });
    const { stdout: facts } = await house.run(["--json", "status"]);
    expect(JSON.parse(facts)).toMatchObject({ running: true, url, pid, liveAgents: 0, waitingRequests: 0 });

    const following = house.start(["logs", "-f"]);
    await vi.waitFor(() => expect(following.stdout()).toContain("listening"), { timeout: PATIENCE_MS });
    expect(await house.run(["stop"])).toMatchObject({ code: 0, stdout: `Stopped the server at ${url}.\n` });
    await vi.waitFor(() => expect(following.stdout()).toMatch(/Z info {2}stopping/), {
      timeout: PATIENCE_MS,
    });
    following.child.kill("SIGINT");
    await following.ended;
    expect(isRunning({ pid, processStart })).toBe(false);
    expectRun(await house.run(["stop"]), 0, "No server is running");
    const last = await house.run(["--json", "logs", "-n", "1"]);
    expect(JSON.parse(last.stdout)).toMatchObject({ level: 30, msg: "stopping" });
  });

  test.runIf(isWhole)(
    "[I-24] a server that stops is waited for by a second stop too, and a forced one ends it",
    async () => {
      await house.run(["serve", "--detach"], { env: { HOLDFAST_STOP_BUDGET: "600" } });
      const { pid, processStart } = serverFile();
      const turn = house.start(["run", "SAY begun\nHANG"]);
      await vi.waitFor(() => expect(turn.stdout()).toContain("begun"), { timeout: PATIENCE_MS });
      const stops = [house.start(["stop"])];
      await vi.waitFor(() => expect(existsSync(join(house.dataDirectory, "server.json"))).toBe(false), {
        timeout: PATIENCE_MS,
      });
      stops.push(house.start(["stop"]));
      for (const stop of stops)
        await vi.waitFor(() => expect(stop.stderr()).toContain("Waiting for"), { timeout: PATIENCE_MS });
      expectRun(await house.run(["status"]), 6, `Process ${pid} starts or stops one.`);
      expect(isRunning({ pid, processStart })).toBe(true);

      expectRun(await house.run(["stop", "--force"]), 0, "Stopped the server of");
      expect(isRunning({ pid, processStart })).toBe(false);
      for (const stop of stops) expectRun(await stop.ended, 0, "Stopped the server");
      turn.child.kill("SIGKILL");
      await turn.ended;
    },
  );

  test("[I-24] a line of the log that says nothing of its time is printed as it is", async () => {
    mkdirSync(join(house.dataDirectory, "logs"), { recursive: true });
    const line = '{"level":30,"time":1e99,"msg":"x"}';
    writeFileSync(join(house.dataDirectory, "logs", "server.log"), `${line}\n`);
    expect(await house.run(["logs"])).toEqual({ code: 0, stdout: `${line}\n`, stderr: "" });
  });

  test.each([
    ["with a line feed", "secret\n".repeat(6), "HOLDFAST_TOKEN has a blank"],
    ["with an arrow", "secret→".repeat(6), "HOLDFAST_TOKEN has a blank"],
    ["of 600 characters", "secret".repeat(100), "HOLDFAST_TOKEN has 600 characters"],
  ])(
    "[I-24] no server is started with a token that no request can carry: %s",
    async (_what, token, words) => {
      const env = { ...STARTS, HOLDFAST_TOKEN: token };
      const refused = await house.run(["session", "list"], { env });
      expectRun(refused, 2, words);
      expect(refused.stderr).not.toContain("secret");
      expect(existsSync(join(house.dataDirectory, "server.json"))).toBe(false);
    },
  );

  test.runIf(isWhole)(
    "[I-24] a configuration file that is named from where one stands is the server's too",
    async () => {
      writeFileSync(join(house.project, "mine.jsonc"), '{ "logLevel": "debug" }');
      const listed = await run("--config", "mine.jsonc", "session", "list");
      expect(startsOf([listed])).toEqual([serverFile().url]);
    },
  );

  test.runIf(isWhole)(
    "[I-24] serve --detach takes the flags of serve, and says when they cannot hold",
    async () => {
      const other = createHouse();
      const free = (await other.serve()).url.split(":").at(-1) ?? "";
      await other.close();
      await house.run(["serve", "--detach", "--port", free, "--log-level", "debug"]);
      expect(serverFile().url).toBe(`http://127.0.0.1:${free}`);
      await run("session", "list");
      // What is asked is said only at this level.
      const { stdout } = await house.run(["--json", "logs", "-n", "1000"]);
      expect(stdout).toContain('"level":20');
      const refused = await house.run(["serve", "--detach", "--port", "0"]);
      expectRun(refused, 7, "--port 0 can hold after `holdfast stop`");
    },
  );

  test.runIf(isWhole)("[I-24] two data directories of one user: the second takes another port", async () => {
    const other = createHouse();
    const env = { ...STARTS, HOLDFAST_PORT: "" };
    try {
      await house.run(["session", "list"], { env });
      await other.run(["session", "list"], { env });
      const theirs = JSON.parse(readFileSync(join(other.dataDirectory, "server.json"), "utf8")) as ServerFile;
      expect(theirs.url).not.toBe(serverFile().url);
    } finally {
      await other.run(["stop", "--force"]);
      await other.close();
    }
  });

  test("[I-25] a server that is older than the command is said to be, and what to do", async () => {
    await house.run(["serve", "--detach"]);
    const { version: _version, ...older } = serverFile();
    writeFileSync(join(house.dataDirectory, "server.json"), JSON.stringify({ ...older, version: "0.0.9" }));
    const listed = await run("session", "list");
    expectRun(listed, 0, "the running server is 0.0.9");
    expect(listed.stderr).toContain("holdfast stop");
  });

  test("[I-25] a client of another protocol is refused with what the server speaks", async () => {
    const { url } = await house.serve();
    const ask = (version: string) =>
      fetch(`${url}/api/health`, { headers: { "holdfast-protocol": version } });
    const refused = await ask("7");
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: "PROTOCOL_UNSUPPORTED", supported: [1] });
    const answered = await ask("7, 1");
    expect(answered.headers.get("holdfast-protocol")).toBe("1");
    expect(answered.status).toBe(200);
  });
});
