import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { newId, systemClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OpencodeRoom } from "../../../test/agents/opencode-room.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { isAlive, until } from "../../../test/agents/waiting.ts";
import { ProcessRows } from "../../../test/process/process-rows.ts";
import { processTable } from "../../process/index.ts";
import { KNOWN_AGENTS } from "../catalog/index.ts";
import type { AgentFailure, AgentHandle, OpenRequest, PromptResult } from "../port.ts";
import { createOpencodeBackend, type OpencodeBackend } from "./backend.ts";
import { HEALTH_LIMITS } from "./health.ts";
import type { ServerLimits } from "./server.ts";

const program = path.join(import.meta.dirname, "../../../test/fixture/opencode.js");
const quirks = KNOWN_AGENTS.find(({ id }) => id === "opencode")?.quirks;

let root: string;
let rows: ProcessRows;
let backends: OpencodeBackend[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "holdfast-opencode-"));
  rows = new ProcessRows();
  backends = [];
});
afterEach(async () => {
  await Promise.all(backends.map((each) => each.dispose(0)));
  const open = [...rows.rows.keys()];
  rmSync(root, { recursive: true, force: true });
  if (open.length > 0) throw new Error(`launches are still open: ${open.join(", ")}`);
});

function backend(fault = "none", limits: Partial<ServerLimits> = {}): OpencodeBackend {
  if (quirks === undefined) throw new Error("no record of opencode");
  const definition = {
    id: "opencode",
    name: "opencode",
    backend: "opencode",
    argv: [process.execPath, program, fault, root],
    environment: { inherit: "user", set: { KEY: "value" } },
    quirks,
  } as const;
  const made = createOpencodeBackend({
    store: rows,
    clock: systemClock,
    table: processTable(process.platform),
    instanceId: newId("ins"),
    environment: { ...process.env, HOLDFAST_TOKEN: "ours" },
    temporaryRoot: root,
    definition: async (id) => (id === "opencode" ? definition : undefined),
    learn: async () => undefined,
    readBlob: async () => undefined,
    limits,
  });
  backends.push(made);
  return made;
}

const request = (over: Partial<OpenRequest> = {}): OpenRequest => ({
  sessionId: newId("ses"),
  agentSessionId: newId("ags"),
  agent: "opencode",
  directory: root,
  approvalMode: "ask",
  mcpServers: [],
  history: async () => [],
  idle: { emit: () => undefined },
  signal: new AbortController().signal,
  ...over,
});

async function ask(handle: AgentHandle, text = "hello"): Promise<{ result: PromptResult; text: string }> {
  const turn = new RecordedTurn();
  const result = await handle.prompt(OpencodeRoom.words(text), turn);
  return { result, text: turn.text };
}

const failure = async (opening: Promise<unknown>): Promise<AgentFailure> => {
  const error: unknown = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error as AgentFailure;
};

/** What the started programs wrote down, by pid. */
const starts = () =>
  readdirSync(root)
    .filter((name) => name.endsWith(".json"))
    .map((name) => ({
      pid: Number(/\d+/.exec(name)?.[0]),
      ...(JSON.parse(readFileSync(path.join(root, name), "utf8")) as {
        argv: string[];
        env: Record<string, string>;
      }),
    }));

describe("one opencode server", () => {
  test("[A-23, A-10] it is ours: loopback, any port, a random password, asking by its environment", async () => {
    const handle = await backend().open(request());
    expect(handle).toMatchObject({ openedBy: "create", version: "1.18.33", alive: true });
    expect((await ask(handle)).result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    const [start] = starts();
    expect(start?.argv).toEqual(["serve", "--hostname", "127.0.0.1", "--port", "0"]);
    expect(start?.env).toMatchObject({ KEY: "value", OPENCODE_DISABLE_AUTOUPDATE: "1" });
    expect(start?.env["OPENCODE_SERVER_PASSWORD"]).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(start?.env["OPENCODE_PERMISSION"] ?? "")).toMatchObject({ "*": "ask" });
    expect(start?.env["HOLDFAST_TOKEN"]).toBeUndefined();
    expect(start?.env["HOLDFAST_LAUNCH_ID"]).toBeDefined();
  });

  test.each([
    ["silent", "did not say within 0.5 s where it listens", undefined],
    ["exit", "ended before it listened", "token=[redacted]"],
    ["page", "was not healthy within 6 s", undefined],
  ])("[A-23, A-13] one that is %s does not start: %s", async (fault, message, stderr) => {
    const error = await failure(
      backend(fault, { startMs: fault === "silent" ? 500 : 6_000 }).open(request()),
    );
    expect(error).toMatchObject({
      kind: "crashed",
      error: { name: "AgentError", data: { phase: "initialize" } },
    });
    expect(error.message).toContain(message);
    if (stderr !== undefined) expect(JSON.stringify(error.error)).toContain(stderr);
    expect(rows.rows.size).toBe(0);
  });

  test("[A-23] a stream that never says that it is open is no stream", async () => {
    const error = await failure(backend("mute", { subscribeMs: 300 }).open(request()));
    expect(error.error).toMatchObject({ name: "AgentError", data: { phase: "open" } });
    expect(error.message).toContain("the event stream did not open");
  });

  test("[A-3] an agent that is not there is unavailable", async () => {
    expect(await failure(backend().open(request({ agent: "nobody" })))).toMatchObject({
      kind: "unavailable",
    });
    const missing = path.join(root, "missing");
    expect(await failure(backend().open(request({ directory: missing })))).toMatchObject({
      kind: "unavailable",
    });
  });

  test("[A-8] handles share it, and it ends after the idle time without any", async () => {
    const made = backend("none", { idleTtlMs: 2_000 });
    const [one, other] = await Promise.all([made.open(request()), made.open(request())]);
    const pid = (await ask(one)).text;
    expect((await ask(other)).text).toBe(pid);
    expect(starts()).toHaveLength(1);
    expect(await made.fingerprint("opencode")).toBe(one.process?.fingerprint);
    await one.close();
    await other.close();
    expect(await isAlive(Number(pid))).toBe(true);
    await until("it has ended", async () => !(await isAlive(Number(pid))));
    const again = await made.open(request());
    expect((await ask(again)).text).not.toBe(pid);
  });

  test("[A-9] dispose ends it under its handles", async () => {
    const made = backend();
    const handle = await made.open(request());
    const exits: unknown[] = [];
    handle.onExit((exit) => exits.push(exit));
    await made.dispose(1_000);
    expect(rows.rows.size).toBe(0);
    expect(await failure(handle.prompt(OpencodeRoom.words("x"), new RecordedTurn()))).toBeUndefined();
    expect(await failure(made.open(request()))).toBeUndefined();
  });

  test("[A-10, A-9] it is asked to end, so that it closes its database, before it is made to", async () => {
    const made = backend();
    await made.open(request());
    await made.dispose(10_000);
    const [start] = starts();
    expect(readdirSync(root)).toContain(`closed-${start?.pid}`);
  });

  test("[A-5] a known session is resumed, one that is gone is made anew, one that is broken is kept", async () => {
    const made = backend();
    const known = await made.open(request({ backendSessionId: "ses_known" }));
    expect(known).toMatchObject({ openedBy: "resume", backendSessionId: "ses_known" });
    expect((await made.open(request({ backendSessionId: "ses_gone" }))).openedBy).toBe("create");
    const error = await failure(made.open(request({ backendSessionId: "ses_broken" })));
    expect(error).toMatchObject({ kind: "crashed", error: { data: { phase: "open" } } });
    expect(error.message).toContain("the disk is full");
  });

  test("[A-8] an opening that nobody waits for is given up, and nothing stays behind", async () => {
    const made = backend("silent");
    const abort = new AbortController();
    const opening = failure(made.open(request({ signal: abort.signal })));
    await until("the program runs", () => starts().length > 0);
    abort.abort();
    expect(await opening).toMatchObject({ kind: "aborted" });
    await made.dispose(0);
    expect(rows.rows.size).toBe(0);
  });
});

describe("a server in trouble", () => {
  const health = { ...HEALTH_LIMITS, intervalMs: 100, timeoutMs: 1_000, failures: 3, busyGraceMs: 400 };

  test("[A-24, A-17] one that dies under a prompt fails it, and idle handles are carried to the next port", async () => {
    const made = backend();
    const [busy, idle] = await Promise.all([made.open(request()), made.open(request())]);
    const before = (await ask(idle)).text;
    const exits: { expected: boolean }[] = [];
    busy.onExit((exit) => exits.push(exit));
    const { result } = await ask(busy, "DIE");
    expect(result).toMatchObject({
      outcome: "crashed",
      error: { name: "AgentError", data: { phase: "prompt", signal: "SIGKILL" } },
    });
    expect([busy.alive, exits]).toEqual([false, [{ expected: false }]]);
    const after = await ask(idle);
    expect(after.result).toMatchObject({ outcome: "ended" });
    expect(after.text).not.toBe(before);
    expect(idle.alive).toBe(true);
  });

  test("[A-24] one that dies again and again is given up", async () => {
    const handle = await backend().open(request());
    const exits: { expected: boolean }[] = [];
    handle.onExit((exit) => exits.push(exit));
    for (let deaths = 0; deaths < 4; deaths += 1) {
      let pid = 0;
      await until(`start ${deaths + 1}`, () => starts().length > deaths);
      const alive = await Promise.all(starts().map(async (start) => [start.pid, await isAlive(start.pid)]));
      pid = Number(alive.find(([, lives]) => lives)?.[0]);
      await until(
        "it answers",
        async () => (await ask(handle).catch(() => undefined))?.result.outcome === "ended",
      );
      process.kill(pid, "SIGKILL");
      await until("it is gone", async () => !(await isAlive(pid)));
    }
    await until("the handle is told", () => !handle.alive);
    expect(exits).toEqual([{ expected: false }]);
  });

  test("[A-24] a deaf one is replaced after several failures, a busy one only after the grace", async () => {
    const made = backend("deaf", { health });
    const idle = await made.open(request());
    const busy = await made.open(request());
    const first = starts()[0]?.pid ?? 0;
    const turn = new RecordedTurn();
    const began = performance.now();
    const result = await busy.prompt(OpencodeRoom.words("HANG"), turn);
    expect(result).toEqual({ outcome: "killed" });
    expect(performance.now() - began).toBeGreaterThan(health.busyGraceMs);
    expect(await isAlive(first)).toBe(false);
    expect(idle.alive).toBe(true);
    expect((await ask(idle)).result.outcome).toBe("ended");
  });
});
