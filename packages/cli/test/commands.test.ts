import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createClient } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, PATIENCE_MS } from "./command.ts";

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;

beforeAll(async () => {
  server = await house.serve();
});
afterAll(() => house.close());

const json = async (args: string[]): Promise<unknown> =>
  JSON.parse((await house.run([...args, "--json"])).stdout);

describe("[I-9] sessions", () => {
  test("[I-9] new, show, rename, archive, unarchive, delete", async () => {
    const id = (
      await house.run(["session", "new", "--agent", "rehearsal", "--title", "First"])
    ).stdout.trim();
    expect(await json(["session", "show", id])).toMatchObject({
      session: { id, title: "First", directory: house.project },
    });
    expect(await json(["session", "rename", id, "Second"])).toMatchObject({ title: "Second" });
    expect((await house.run(["session", "list"])).stdout).toContain("Second");
    expect((await house.run(["session", "archive", id])).code).toBe(0);
    expect((await house.run(["session", "list"])).stdout).not.toContain(id);
    expect((await house.run(["session", "list", "--archived"])).stdout).toContain(id);
    expect((await house.run(["session", "unarchive", id])).code).toBe(0);
    expect((await house.run(["session", "show", id])).stdout).toContain("Second");
    expect((await house.run(["session", "delete", id])).code).toBe(0);
    expect((await house.run(["session", "show", id])).code).toBe(4);
  });

  test("[I-4] a list follows pages up to its limit", async () => {
    for (let index = 0; index < 3; index += 1)
      await server.client.createSession({ directory: house.project });
    expect(await json(["session", "list", "--limit", "2"])).toMatchObject({ items: [{}, {}] });
    const all = (await json(["session", "list", "--limit", "1000"])) as { items: unknown[] };
    expect(all.items.length).toBeGreaterThanOrEqual(3);
  });
});

describe("[I-9] turns and events", () => {
  test("[D-6] send, queue, remove, stop", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    const first = (await house.run(["turn", "send", id, "HANG"])).stdout.trim();
    await vi.waitFor(async () => expect((await server.client.getTurn(first)).state).toBe("running"), {
      timeout: PATIENCE_MS,
    });
    await house.run(["turn", "send", id, "SAY later"]);
    const queue = (await json(["turn", "queue", id])) as { items: { id: string }[] };
    expect(queue.items).toHaveLength(1);
    expect((await house.run(["turn", "queue", id, "--remove", queue.items[0]?.id ?? ""])).code).toBe(0);
    expect((await house.run(["turn", "stop", id])).code).toBe(0);
    await vi.waitFor(async () => expect((await server.client.getTurn(first)).reason).toBe("cancelled"), {
      timeout: PATIENCE_MS,
    });
    expect(await json(["turn", "stop", id])).toEqual({ turn: null });
  });

  test.runIf(isWhole)("[A-28, D-6] send --steer says what becomes of it", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    await server.client.admitInputAndWait(
      id,
      { parts: [{ type: "text", text: "SAY known" }] },
      { timeoutMs: PATIENCE_MS },
    );
    const { stderr, stdout } = await house.run(["turn", "send", id, "--steer", "SAY more"]);
    expect(stderr).toContain("It is given to the agent at its next step");
    expect(stdout).toMatch(/^trn_/);
  });

  test.runIf(isWhole)("[R-8.1, I-9] what came with a call is named by show, and saved once", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    await server.client.admitInputAndWait(
      id,
      { parts: [{ type: "text", text: "ATTACH file bytes" }] },
      { timeoutMs: PATIENCE_MS },
    );
    const shown = (await house.run(["session", "show", id])).stdout;
    const hash = /attached\.bin, (blob:[0-9a-f]{64})\]/.exec(shown)?.[1] ?? "";
    const save = () => house.run(["session", "save", id, hash, "saved.bin"]);
    expect((await save()).code).toBe(0);
    expect(readFileSync(join(house.project, "saved.bin"), "utf8")).toBe("bytes");
    expect((await save()).code, "it is never overwritten").toBe(1);
  });

  test.runIf(isWhole)("[A-28] send --now stops what runs and goes before what waits", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    const first = (await house.run(["turn", "send", id, "HANG"])).stdout.trim();
    await vi.waitFor(async () => expect((await server.client.getTurn(first)).opened).toBeDefined(), {
      timeout: PATIENCE_MS,
    });
    const later = (await house.run(["turn", "send", id, "SAY later"])).stdout.trim();
    const now = (await house.run(["turn", "send", id, "--now", "SAY now"])).stdout.trim();
    const turns = () => Promise.all([first, now, later].map((turn) => server.client.getTurn(turn)));
    await vi.waitFor(
      async () =>
        expect((await turns()).map(({ state }) => state)).toEqual(["aborted", "completed", "completed"]),
      { timeout: PATIENCE_MS },
    );
    const [, second, third] = await turns();
    expect(second?.time.started).toBeLessThanOrEqual(third?.time.started ?? 0);
  });

  test.runIf(isWhole)("[D-22] events are printed from a place on, and end in one record", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    await server.client.patchSession(id, { title: "x" });
    const all = (await house.run(["events", id])).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { seq?: number });
    expect(all.at(-1)).toEqual({ type: "end", reason: "caught-up", lastSeq: 2 });
    const later = (await house.run(["events", id, "--after", "2"])).stdout.trim().split("\n");
    expect(later).toHaveLength(1);
    expect((await house.run(["events", `ses_${"0".repeat(26)}`])).code).toBe(4);
  });

  test("[D-22] --follow goes on until Ctrl-C", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    const following = house.start(["events", id, "--after", "0", "--follow"]);
    await vi.waitFor(() => expect(following.stdout()).toContain("session.created"), { timeout: PATIENCE_MS });
    await server.client.patchSession(id, { title: "news" });
    await vi.waitFor(() => expect(following.stdout()).toContain("news"), { timeout: PATIENCE_MS });
    following.child.kill("SIGINT");
    const result = await following.ended;
    expect(result.code).toBe(130);
    expect(result.stdout.trim().split("\n").at(-1)).toContain('"reason":"interrupted"');
  });

  test("[A-3, A-8] agents are listed, and which of them live", async () => {
    expect(await json(["agents"])).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ id: "rehearsal" })]) as unknown,
      live: { limit: 10 },
    });
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    await server.client.admitInputAndWait(
      id,
      { parts: [{ type: "text", text: "SAY hi" }] },
      { timeoutMs: PATIENCE_MS },
    );
    const { stdout } = await house.run(["agents"]);
    expect(stdout).toMatch(new RegExp(`live, of at most 10:[^]*rehearsal +${id} +idle for`));
    const can = "keeps its memory over a restart, .*modes ask, edits, all, readOnly";
    expect(stdout).toMatch(new RegExp(`What each can do:\\n[^]*^rehearsal +${can}$`, "m"));
    expect(stdout).toMatch(new RegExp(`^qwen +${can} \\(as seen of version [\\d.]+\\)$`, "m"));
    expect(stdout).toMatch(/To install:\n[^]*^codex +npm install -g @agentclientprotocol\/codex-acp$/m);
  });

  test.runIf(isWhole)(
    "[A-8, I-11] an idle agent is closed by hand, a busy one is not, and closing again is no error",
    async () => {
      const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
      const live = async () =>
        (await server.client.listLiveAgents()).items.find((one) => one.sessionId === id)?.state;
      const say = (text: string) => server.client.admitInput(id, { parts: [{ type: "text", text }] });
      const { turn } = await say("HANG");
      await vi.waitFor(async () => expect(await live()).toBe("busy"), { timeout: PATIENCE_MS });
      const busy = await house.run(["agents", "close", id, "rehearsal"]);
      expect(busy).toMatchObject({ code: 7, stdout: "" });
      expect(busy.stderr).toContain("at work");
      await server.client.cancelTurn(turn.id);
      await vi.waitFor(async () => expect(await live()).toBe("idle"), { timeout: PATIENCE_MS });

      const closed = await house.run(["agents", "close", id]);
      expect(closed).toMatchObject({ code: 0, stdout: "" });
      expect(closed.stderr).toContain("Closing rehearsal");
      await vi.waitFor(async () => expect(await live()).toBeUndefined(), { timeout: PATIENCE_MS });
      expect((await house.run(["agents", "close", id, "rehearsal"])).stderr).toContain("None of them lives.");
      expect(await json(["agents", "close", id])).toMatchObject({
        items: [{ sessionId: id, agent: "rehearsal", status: "resumable" }],
      });
      expect((await house.run(["agents", "close", id, "qwen"])).code).toBe(4);
    },
  );
});

describe("[I-12] configuration", () => {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };

  test("[I-12] flag, environment, project, user: the former wins", async () => {
    write(house.configFile, '{ "agent": "from-user", "approvalMode": "edits" }');
    const holds = async (env: Record<string, string> = {}) => {
      const shown = JSON.parse((await house.run(["config", "show", "--json"], { env })).stdout) as {
        settings: Record<string, { value: unknown; source: string }>;
      };
      return shown.settings["agent"];
    };
    expect(await holds()).toMatchObject({ value: "from-user", source: "user" });
    const project = join(house.project, ".holdfast.jsonc");
    write(project, '{ "agent": "from-project" }');
    expect(await holds()).toMatchObject({ value: "from-project", source: "project" });
    expect(await holds({ HOLDFAST_AGENT: "from-env" })).toMatchObject({
      value: "from-env",
      source: "environment",
    });

    write(project, '{ "agent": "rehearsal" }');
    expect(await json(["session", "new"])).toMatchObject({ agent: "rehearsal", approvalMode: "edits" });
    expect(await json(["session", "new", "--approval-mode", "all"])).toMatchObject({ approvalMode: "all" });
    expect((await house.run(["session", "new"], { env: { HOLDFAST_AGENT: "nope" } })).code).not.toBe(0);
    write(project, '{ "agents": {} }');
    expect((await house.run(["session", "new"])).code).toBe(2);
    write(project, "{}");
    write(house.configFile, "{}");
  });

  test("[I-12] comments survive edits", async () => {
    const text = '{\n  // mine\n  "port": 1, // the port\n  /* tail */\n}\n';
    write(house.configFile, text);
    expect((await house.run(["config", "set", "port", "4681"])).code).toBe(0);
    expect(readFileSync(house.configFile, "utf8")).toBe(text.replace('"port": 1', '"port": 4681'));
    expect((await house.run(["config", "set", "agent", "rehearsal"])).code).toBe(0);
    expect((await house.run(["config", "unset", "port"])).code).toBe(0);
    const after = readFileSync(house.configFile, "utf8");
    expect(after).toContain("// mine");
    expect(after).toContain("/* tail */");
    expect(after).toContain('"agent": "rehearsal"');
    expect(after).not.toContain("4681");
  });

  test.each<[string, string[]]>([
    ["{ not json", ["config", "set", "port", "1"]],
    ["{ not json", ["config", "show"]],
    ["{ not json", ["config", "init"]],
    ['{ "port": "many" }', ["config", "set", "agent", "rehearsal"]],
    ["{}", ["config", "set", "port", "many"]],
    ["{}", ["config", "set", "colour", "red"]],
  ])("[I-12] %j is left as it is by %j", async (text, args) => {
    write(house.configFile, text);
    const result = await house.run(args);
    expect([2, 7]).toContain(result.code);
    expect(result.stderr).toContain("config");
    expect(readFileSync(house.configFile, "utf8")).toBe(text);
    write(house.configFile, "{}");
  });

  test("[I-12] init writes a file that holds, and only where there is none", async () => {
    const path = join(house.root, "fresh", "config.jsonc");
    expect((await house.run(["--config", path, "config", "init"])).stdout.trim()).toBe(path);
    expect((await house.run(["--config", path, "config", "show"])).code).toBe(0);
    expect((await house.run(["--config", path, "config", "init"])).code).toBe(7);
    expect((await house.run(["--config", path, "config", "path"])).stdout.trim()).toBe(path);
  });
});

describe("[I-6] the token", () => {
  test("[I-6] it is shown; rotating it under a running server ends the old one and every browser token", async () => {
    const file = join(house.dataDirectory, "token");
    const token = readFileSync(file, "utf8").trim();
    expect((await house.run(["token", "show"])).stdout.trim()).toBe(token);
    const old = createClient({ url: server.url, token });
    const { code } = await old.createAccessCode();
    const browser = createClient({ url: server.url, token: (await old.exchangeCode(code)).token });
    expect((await browser.listSessions()).items).toBeInstanceOf(Array);
    expect((await house.run(["token", "rotate"])).code).toBe(0);
    const renewed = readFileSync(file, "utf8").trim();
    expect(renewed).not.toBe(token);
    await expect(old.listSessions()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(browser.listSessions()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect((await createClient({ url: server.url, token: renewed }).listTokens()).items).toEqual([]);
  });

  test.runIf(isWhole)("[I-6] without a server it is replaced, readable by its owner only", async () => {
    const other = createHouse();
    try {
      expect((await other.run(["token", "show"])).code).toBe(4);
      mkdirSync(other.dataDirectory, { mode: 0o700 });
      const file = join(other.dataDirectory, "token");
      writeFileSync(file, `${"a".repeat(64)}\n`, { mode: 0o600 });
      expect((await other.run(["token", "rotate"])).code).toBe(0);
      expect(readFileSync(file, "utf8").trim()).toMatch(/^[0-9a-f]{64}$/);
      expect(readFileSync(file, "utf8")).not.toContain("aaaa".repeat(16));
      expect(statSync(file).mode & 0o777).toBe(0o600);
    } finally {
      await other.close();
    }
  });
});

describe("[D-38] doctor", () => {
  test("[D-38] it finds nothing where nothing is wrong, with a server and without", async () => {
    const result = await house.run(["doctor"]);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain("no findings");
    const other = createHouse();
    try {
      const running = await other.serve();
      running.child.kill("SIGTERM");
      expect((await running.ended).code).toBe(0);
      const offline = await other.run(["doctor", "--json"]);
      expect(offline.code).toBe(0);
      expect(JSON.parse(offline.stdout)).toMatchObject({
        server: { status: "not running" },
        facts: { integrity: [] },
        findings: [],
      });
    } finally {
      await other.close();
    }
  });

  test.runIf(isWhole)(
    "[D-38] it tells of a token that others can read and of a server that is gone, and changes nothing",
    async () => {
      const other = createHouse();
      try {
        const running = await other.serve();
        running.child.kill("SIGKILL");
        await running.ended;
        const token = join(other.dataDirectory, "token");
        chmodSync(token, 0o644);
        const result = await other.run(["doctor", "--json"]);
        expect(result.code).toBe(1);
        const checks = (JSON.parse(result.stdout) as { findings: { check: string }[] }).findings.map(
          ({ check }) => check,
        );
        expect(checks).toContain("rights");
        expect(checks).toContain("server");
        expect(statSync(token).mode & 0o777).toBe(0o644);
        expect(existsSync(join(other.dataDirectory, "server.json"))).toBe(true);
      } finally {
        await other.close();
      }
    },
  );
});

describe("[I-10] start", () => {
  const spy =
    "data:text/javascript," +
    encodeURIComponent(
      "import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { process.stderr.write('load ' + url + '\\n'); return next(url, context); } });",
    );

  test("[I-10] --version loads nothing but the program's first file, --help no schema and no server", async () => {
    const version = await house.run(["--version"], { node: ["--import", spy] });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(version.stderr).not.toMatch(/load .*\/(src|lib)\/|node_modules/);
    const built = await house.run(["--help"], { node: ["--import", spy] });
    expect(built.stdout).toBe((await house.run(["help"])).stdout);
    expect(built.stderr).not.toMatch(/load .*\/(src|lib)\/|node_modules/);
    const bin = join(import.meta.dirname, "../bin/holdfast.cjs");
    const help = await house.run(["--help"], { bin, node: ["--import", spy] });
    expect(help.stdout).toContain("Exit codes");
    expect(help.stderr).toContain("program.ts");
    expect(help.stderr).not.toMatch(/zod|packages\/(server|client|protocol)/);
  });

  test("[I-10] an old Node is told what to do, and exits 2", async () => {
    const old =
      "data:text/javascript," +
      encodeURIComponent(
        "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } });",
      );
    const result = await house.run(["agents"], { node: ["--import", old] });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("npm start");
  });
});
