import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { startModel, type ScriptedModel } from "../../../../test/model/index.ts";
import { FakeHost } from "../../test/fake-host.ts";
import { nativeBin } from "../index.ts";
import {
  type HookParams,
  METHODS,
  openAnswerSchema,
  type OpenParams,
  type PermissionAnswer,
  type PermissionAsk,
  promptAnswerSchema,
  sayParamsSchema,
} from "../wire.ts";

let model: ScriptedModel;
let directory: string;
beforeAll(async () => {
  model = await startModel();
  directory = mkdtempSync(join(tmpdir(), "holdfast-native-"));
});
afterAll(async () => {
  await model.close();
  rmSync(directory, { recursive: true, force: true });
});

type Running = {
  server: MessageConnection;
  host: FakeHost;
  hooks: HookParams[];
  exited: Promise<number | null>;
  stderr: () => string;
  end: () => void;
  kill: () => void;
};

/** The program with the fake host at the other end of its pipes. */
function start(): Running {
  const child = spawn(process.execPath, [nativeBin], {
    cwd: directory,
    env: { ...process.env, A_KEY: "secret" },
  });
  const server = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const host = new FakeHost({ directory });
  const hooks: HookParams[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  server.onNotification(
    METHODS.say,
    (params: unknown) => void host.say(...sayParamsSchema.parse(params).events),
  );
  server.onNotification(METHODS.hook, (params: HookParams) => void hooks.push(params));
  server.onRequest(METHODS.commit, async () => {
    await host.commit();
    return null;
  });
  server.onRequest(METHODS.history, (params: Parameters<FakeHost["history"]>[0]) => host.history(params));
  server.onRequest(METHODS.turn, ({ from }: { from?: string }) => host.turn(from));
  server.onRequest<PermissionAnswer, unknown>(METHODS.ask, (ask: PermissionAsk) =>
    host.ask(ask, new AbortController().signal),
  );
  server.listen();
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    server,
    host,
    hooks,
    exited,
    stderr: () => stderr,
    end: () => child.stdin.end(),
    kill: () => child.kill("SIGKILL"),
  };
}

const params = (over: Partial<OpenParams> = {}): OpenParams => ({
  agent: "build",
  sessionId: "ses_1",
  directory,
  root: directory,
  outputDirectory: join(directory, "outputs"),
  providers: [
    {
      id: "local",
      kind: "openai-compatible",
      baseUrl: `${model.url}/v1`,
      models: { "fake-1": { context: 100_000 } },
    },
  ],
  mcpServers: [],
  hooks: [],
  instructions: [],
  compaction: { auto: true, prune: true },
  toolOutput: { maxLines: 2_000, maxBytes: 51_200 },
  maxSteps: 50,
  hiddenVariables: ["A_KEY"],
  ...over,
});

test("[A-26] the program opens, works, names the session, keeps keys from its tools, and ends with its input", async () => {
  const running = start();
  const { server, host } = running;
  const opened = openAnswerSchema.parse(await server.sendRequest(METHODS.open, params()));
  expect(opened).toMatchObject({ model: { providerId: "local", modelId: "fake-1" }, context: 100_000 });
  const { id: turnId } = host.prompt("#turn 1\nBASH echo key=$A_KEY.\nSAY done");
  const answer = promptAnswerSchema.parse(await server.sendRequest(METHODS.prompt, { turnId }));
  expect(answer).toEqual({ outcome: "ended", stopReason: "end_turn" });
  expect(host.asked).toMatchObject([{ tool: "bash", kind: "execute" }]);
  const call = host.messages.flatMap(({ parts }) => parts).find((part) => part.type === "tool");
  expect(call).toMatchObject({
    tool: "bash",
    state: { status: "completed", output: expect.stringContaining("key=.") as unknown },
  });
  await expect.poll(() => host.said.some(({ type }) => type === "info")).toBe(true);
  running.end();
  expect(await running.exited).toBe(0);
  expect(running.stderr()).toBe("");
});

test("[A-26] a server that is starting when the session ends is ended too", async () => {
  const running = start();
  const file = join(directory, "mcp-pid");
  // It answers nothing, and does not care that its input ends.
  const script = `require("node:fs").writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const mcpServers: OpenParams["mcpServers"] = [
    { name: "slow", type: "stdio", command: process.execPath, args: ["-e", script] },
  ];
  running.server.sendRequest(METHODS.open, params({ mcpServers })).catch(() => undefined);
  const pid = await vi.waitFor(() => Number(readFileSync(file, "utf8")), { timeout: 30_000 });
  expect(pid).toBeGreaterThan(0);
  running.end();
  expect(await running.exited).toBe(0);
  try {
    await expect.poll(() => isAlive(pid)).toBe(false);
  } finally {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  }
});

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("[A-26] a model for titles that cannot be reached costs the title, and not the program", async () => {
  const running = start();
  const { server, host } = running;
  const { providers } = params();
  const broken = { id: "broken", kind: "openai-compatible", models: { "small-1": {} } } as const;
  const smallModel = { providerId: "broken", modelId: "small-1" };
  await server.sendRequest(METHODS.open, params({ providers: [...providers, broken], smallModel }));
  const { id: turnId } = host.prompt("#turn 1\nSAY done");
  expect(await server.sendRequest(METHODS.prompt, { turnId })).toEqual({
    outcome: "ended",
    stopReason: "end_turn",
  });
  running.end();
  expect(await running.exited).toBe(0);
  expect(running.stderr()).toBe("");
});

test("[A-15] a cancel ends the running prompt, and the next one runs", async () => {
  const running = start();
  const { server, host } = running;
  await server.sendRequest(METHODS.open, params());
  const { id } = host.prompt("#turn 1\nSLOW 100000 20");
  const first = server.sendRequest(METHODS.prompt, { turnId: id });
  await expect.poll(() => host.said.some(({ type }) => type === "text")).toBe(true);
  await server.sendNotification(METHODS.cancel);
  expect(await first).toEqual({ outcome: "ended", stopReason: "cancelled" });
  const { id: turnId } = host.prompt("#turn 2\nSAY next");
  expect(await server.sendRequest(METHODS.prompt, { turnId })).toEqual({
    outcome: "ended",
    stopReason: "end_turn",
  });
  running.end();
  await running.exited;
});

test("[A-26] what a hook writes is no part of the protocol, and a hook that blocks was announced", async () => {
  const hook = join(directory, "hook.mjs");
  writeFileSync(
    hook,
    `export default { "chat.headers": () => { console.log("noise"); process.stdout.write("noise"); for (;;); } };`,
  );
  const running = start();
  const { server, host, hooks } = running;
  await server.sendRequest(METHODS.open, params({ hooks: [hook] }));
  const { id: turnId } = host.prompt("#turn 1\nSAY x");
  server.sendRequest(METHODS.prompt, { turnId }).catch(() => undefined);
  await expect.poll(() => hooks.at(-1)).toMatchObject({ name: `chat.headers of ${hook}`, at: "begin" });
  server.dispose();
  running.kill();
  await running.exited;
});

test("[A-26] without a provider it says so", async () => {
  const running = start();
  await expect(running.server.sendRequest(METHODS.open, params({ providers: [] }))).rejects.toThrow(
    /No provider/,
  );
  running.end();
  await running.exited;
});
