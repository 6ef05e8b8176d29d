/**
 * Real `opencode serve` behind the real server, on the scripted model (agents.md 9). Its start takes seconds, so one Holdfast and one opencode
 * serve all sessions of this file, save where a server is killed.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApprovalMode, AssistantMessage, Message, Permission, Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { realAgent } from "../../test-agents/agents.ts";
import {
  killIfThere,
  type HarnessOptions,
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
  withoutChildren,
} from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { type ScriptedModel, startModel } from "../model/index.ts";

const TURN_MS = 240_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: ScriptedModel;
let server: HoldfastProcess;
let options: HarnessOptions;

beforeAll(async () => {
  directory = await temporaryDirectory("real-opencode");
  model = await startModel();
  const agent = realAgent("opencode", { modelUrl: model.url, home: join(directory.path, "agent-home") });
  await agent.prepare();
  const [program = ""] = agent.command;
  const agents = {
    opencode: { backend: "opencode" as const, command: [program], env: agent.env },
    "opencode-acp": { backend: "acp" as const, command: [program, "acp"], env: agent.env },
  };
  // Commands of a project are read when opencode first works in it.
  const commands = join(directory.path, "project", ".opencode", "command");
  mkdirSync(commands, { recursive: true });
  writeFileSync(join(commands, "greet.md"), "---\ndescription: greets\n---\nSAY Good day, $ARGUMENTS.\n");
  options = { root: directory.path, config: { agents } };
  server = await startHoldfast(options);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  const left = agentProcesses();
  await model.close();
  await directory[Symbol.asyncDispose]();
  if (left.length > 0) throw new Error(`processes of opencode are left: ${left.join(", ")}`);
});

const agentProcesses = () => processesWith(`${directory.path}/agent-home`);

const newSession = async (agent = "opencode", approvalMode?: ApprovalMode): Promise<string> =>
  (await server.client.createSession({ directory: server.project, agent, approvalMode })).id;

let turnNumber = 0;
/** A prompt that the scripted model reads as its own turn. */
const prompt = (...lines: string[]) => ({
  parts: [{ type: "text" as const, text: [`#turn ${(turnNumber += 1)}`, ...lines].join("\n") }],
});

async function ask(sessionId: string, ...lines: string[]): Promise<{ turn: Turn; messages: Message[] }> {
  const answer = await server.client.admitInputAndWait(sessionId, prompt(...lines), { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  return answer;
}

const textOf = (messages: Message[]): string =>
  messages
    .filter((message) => message.info.role === "assistant")
    .flatMap((message) => message.parts)
    .map((part) => (part.type === "text" ? part.text : ""))
    .join("");

/** The answers of a turn, in their order. */
const answersOf = (messages: Message[], { id }: Turn) =>
  messages.flatMap(({ info, parts }) =>
    info.role === "assistant" && info.turnId === id ? [{ info, parts }] : [],
  );

const sumOf = (
  answers: { info: AssistantMessage }[],
  figure: (info: AssistantMessage) => number | undefined,
) => answers.reduce((sum, { info }) => sum + (figure(info) ?? 0), 0);

const ended = (id: string): Promise<Turn> =>
  until(
    "the turn's end",
    async () => {
      const turn = await server.client.getTurn(id);
      return ["completed", "failed", "aborted"].includes(turn.state) ? turn : undefined;
    },
    TURN_MS,
  );

/** Waits until the answer of a running turn shows this text. */
const streamed = (sessionId: string, text: string): Promise<string> =>
  until(
    `${text} in the stream`,
    async () => {
      const page = await server.client.listMessages(sessionId, { limit: 2 });
      const seen = textOf(page.items);
      return seen.includes(text) ? seen : undefined;
    },
    TURN_MS,
  );

const asked = (sessionId: string): Promise<Permission> =>
  until(
    "the permission request",
    async () => {
      const { items } = await server.client.listPermissions({ state: "pending" });
      return items.find((item) => item.sessionId === sessionId);
    },
    TURN_MS,
  );

describe("real opencode", () => {
  test.runIf(isWhole)(
    "[A-23, A-8, A-21] two sessions share one server, each remembers its own, and usage is told",
    async () => {
      const [one, other] = [await newSession(), await newSession()];
      const first = await ask(one, "THINK about it", "REMEMBER heron");
      expect(first.turn).toMatchObject({ state: "completed", opened: "new", openedBy: "create" });
      const children = agentProcesses();
      expect(children).toHaveLength(1);
      await ask(other, "REMEMBER walrus");
      const second = await ask(one, "RECALL");
      expect(second.turn).toMatchObject({ state: "completed", opened: "resumed", openedBy: "live" });
      expect(textOf(second.messages)).toBe("You asked me to remember heron.");
      expect(textOf((await ask(other, "RECALL")).messages)).toBe("You asked me to remember walrus.");
      expect(agentProcesses()).toEqual(children);
      expect(second.turn.usage).toMatchObject({
        scope: "turn",
        tokens: { output: expect.any(Number) as number },
      });
      expect(second.turn.usage?.cost).toBeGreaterThan(0);
    },
  );

  test("[A-19, A-20] a file is written after a permission was asked and answered", async () => {
    const sessionId = await newSession();
    const admitted = await server.client.admitInput(
      sessionId,
      prompt("WRITE notes.txt a grey seal", "SAY done"),
    );
    const file = join(server.project, "notes.txt");
    const permission = await asked(sessionId);
    expect(permission).toMatchObject({ turnId: admitted.turn.id, agent: "opencode", kind: "edit" });
    expect(JSON.stringify(permission.args)).toContain("a grey seal");
    expect(existsSync(file)).toBe(false);
    await server.client.replyPermission(permission.id, { reply: "once" });
    expect(await ended(admitted.turn.id)).toMatchObject({ state: "completed" });
    expect(readFileSync(file, "utf8").trim()).toBe("a grey seal");
    const { items } = await server.client.listMessages(sessionId);
    const tools = items.flatMap((message) => message.parts).filter((part) => part.type === "tool");
    expect(tools.map((part) => part.state.status)).toEqual(["completed"]);
    expect(textOf(items)).toBe("done");
  });

  test("[R-8.2, A-23] the model is given the lines of a file that was mentioned, and told to call an agent that was", async () => {
    const sessionId = await newSession("opencode", "all");
    await ask(sessionId, "SAY ready");
    writeFileSync(join(server.project, "birds.txt"), "auk-1\nheron-2\nkite-3\nowl-4\n");
    const asked = { ...prompt("SAY I looked at @birds.txt:2-3 as @general would"), mentions: true };
    const answer = await server.client.admitInputAndWait(sessionId, asked, { timeoutMs: TURN_MS });
    if (!answer.ended) throw new Error("The turn did not end.");
    expect(answer.turn.state).toBe("completed");
    expect(answer.messages[0]?.parts.map(({ type }) => type)).toEqual(["text", "file", "agent"]);
    const given = model.requests
      .map(({ body }) => JSON.stringify(body))
      .filter((body) => body.includes("heron-2"));
    expect(given).not.toEqual([]);
    for (const body of given) {
      expect(body).toContain("kite-3");
      expect(body).not.toMatch(/auk-1|owl-4/);
      expect(body).toMatch(/call the task tool with subagent: general/);
    }
  });

  test.runIf(isWhole)("[R-8.3, R-8.4] the model is given a symbol and a resource", async () => {
    const sessionId = await newSession("opencode", "all");
    const args = [join(import.meta.dirname, "../harness/mcp-server.ts")];
    const env = { NOTE: "a-note-of-herons" };
    const notes = { type: "stdio" as const, command: process.execPath, args, env };
    await server.client.patchSession(sessionId, { mcpServers: { notes } });
    const source = "def auk():\n    pass\n\n\ndef heron():\n    return 'kite-5'\n";
    writeFileSync(join(server.project, "birds.py"), source);
    const words = prompt("SAY I looked at @birds.py#heron and @mcp://notes/note://text");
    const asked = { ...words, mentions: true };
    const answer = await server.client.admitInputAndWait(sessionId, asked, { timeoutMs: TURN_MS });
    expect(answer).toMatchObject({ ended: true, turn: { state: "completed" } });
    const bodies = model.requests.map(({ body }) => JSON.stringify(body));
    const given = bodies.filter((body) => body.includes("kite-5"));
    expect(given).not.toEqual([]);
    for (const body of given) {
      expect(body).toContain("a-note-of-herons");
      expect(body).not.toContain("def auk");
    }
  });

  test("[R-1.6, A-16, A-21] a turn of three model calls is three answers, each with its own end, tokens and cost", async () => {
    const sessionId = await newSession("opencode", "all");
    const { turn, messages } = await ask(
      sessionId,
      "SAY I will write.",
      "WRITE steps.txt a heron",
      "BASH echo made > other-steps.txt",
      "SAY Both are done.",
    );
    expect(turn).toMatchObject({ state: "completed", finish: "end_turn" });
    const answers = answersOf(messages, turn);
    expect(answers.map(({ info }) => info.id)).toEqual(turn.assistantMessageIds);
    expect(answers.map(({ info: { step, finish, parentId } }) => [step, finish, parentId])).toEqual([
      [1, "tool-calls", turn.messageId],
      [2, "tool-calls", turn.messageId],
      [3, "stop", turn.messageId],
    ]);
    expect(
      answers.map(({ parts }) =>
        parts.flatMap((part) =>
          part.type === "patch" ? [] : [part.type === "tool" ? part.tool : part.type],
        ),
      ),
    ).toEqual([
      ["step-start", "text", "write", "step-finish"],
      ["step-start", "bash", "step-finish"],
      ["step-start", "text", "step-finish"],
    ]);
    for (const { info, parts } of answers) {
      expect(info.tokens?.output).toBeGreaterThan(0);
      const { finish: reason, tokens, cost } = info;
      expect(parts.at(-1)).toMatchObject({ type: "step-finish", reason, tokens, cost });
      expect(info.time.completed).toBeGreaterThanOrEqual(info.time.created);
    }
    expect(sumOf(answers, ({ tokens }) => tokens?.output)).toBe(turn.usage?.tokens?.output);
    expect(sumOf(answers, ({ cost }) => cost)).toBeCloseTo(turn.usage?.cost ?? -1, 9);
  });

  test("[A-15, A-16] a stop in mid-stream ends the turn as cancelled, and the next turn is untouched", async () => {
    const sessionId = await newSession();
    const admitted = await server.client.admitInput(sessionId, prompt("SLOW 100000 20"));
    await streamed(sessionId, "w5 ");
    await server.client.cancelTurn(admitted.turn.id);
    expect(await ended(admitted.turn.id)).toMatchObject({ state: "aborted", reason: "cancelled" });
    const next = await ask(sessionId, "SAY after the stop");
    expect(next.turn).toMatchObject({ state: "completed", openedBy: "live" });
    expect(textOf(next.messages)).toBe("after the stop");
  });

  test.runIf(isWhole)(
    "[A-19, A-16] a rejected permission ends the turn without the deed, though its last answer wanted a tool",
    async () => {
      const sessionId = await newSession();
      const admitted = await server.client.admitInput(sessionId, prompt("BASH touch never.txt", "SAY done"));
      const permission = await asked(sessionId);
      expect(permission).toMatchObject({ kind: "execute", patterns: ["touch never.txt"] });
      await server.client.replyPermission(permission.id, { reply: "reject" });
      const error = { name: "AgentReportedError", data: { agent: "opencode" } };
      expect(await ended(admitted.turn.id)).toMatchObject({ state: "failed", reason: "denied", error });
      expect(existsSync(join(server.project, "never.txt"))).toBe(false);
      expect(textOf((await ask(sessionId, "SAY next")).messages)).toBe("next");
    },
  );

  test("[A-20, A-19] what a subagent wants to do is asked too", async () => {
    const sessionId = await newSession();
    const work = "BASH touch below.txt\nSAY made it";
    const call = { description: "a file", prompt: work, subagent_type: "general" };
    const admitted = await server.client.admitInput(
      sessionId,
      prompt(`CALL task ${JSON.stringify(call)}`, "SAY done"),
    );
    const task = await asked(sessionId);
    expect(task).toMatchObject({ kind: "other", tool: "task" });
    await server.client.replyPermission(task.id, { reply: "once" });
    const below = await until(
      "the subagent's request",
      async () => {
        const permission = await asked(sessionId);
        return permission.id === task.id ? undefined : permission;
      },
      TURN_MS,
    );
    expect(below).toMatchObject({ kind: "execute", patterns: ["touch below.txt"] });
    expect(existsSync(join(server.project, "below.txt"))).toBe(false);
    await server.client.replyPermission(below.id, { reply: "once" });
    expect(await ended(admitted.turn.id)).toMatchObject({ state: "completed" });
    expect(existsSync(join(server.project, "below.txt"))).toBe(true);
    const { items } = await server.client.listMessages(sessionId);
    expect(textOf(items)).toBe("done");
  });

  test.runIf(isWhole)("[A-23] a command of the project is run as such", async () => {
    const sessionId = await newSession();
    const parts = [{ type: "text" as const, text: "/greet heron" }];
    const answer = await server.client.admitInputAndWait(sessionId, { parts }, { timeoutMs: TURN_MS });
    expect(answer).toMatchObject({ ended: true, turn: { state: "completed" } });
    if (answer.ended) expect(textOf(answer.messages)).toBe("Good day, heron.");
  });

  test.runIf(isWhole)(
    "[A-17, A-24] killed in mid-turn: an honest failure with its text, the idle session goes on, both remember",
    async () => {
      const [idle, busy] = [await newSession(), await newSession()];
      await ask(idle, "REMEMBER heron");
      await ask(busy, "REMEMBER walrus");
      const admitted = await server.client.admitInput(busy, prompt("SLOW 100000 20"));
      const before = await streamed(busy, "w5 ");
      // A session with servers of MCP has an opencode of its own.
      const killed = agentProcesses();
      const servers = withoutChildren(killed).length;
      for (const pid of killed) killIfThere(pid);
      const turn = await ended(admitted.turn.id);
      expect(turn).toMatchObject({
        state: "failed",
        reason: "crashed",
        error: { name: "AgentError", data: { agent: "opencode", phase: "prompt", signal: "SIGKILL" } },
      });
      const { items } = await server.client.listMessages(busy, { limit: 2 });
      expect(textOf(items).startsWith(before)).toBe(true);
      const next = await ask(busy, "RECALL");
      expect(next.turn).toMatchObject({ state: "completed", opened: "resumed", openedBy: "resume" });
      expect(textOf(next.messages)).toBe("You asked me to remember walrus.");
      const other = await ask(idle, "RECALL");
      expect(other.turn).toMatchObject({ state: "completed", opened: "resumed", openedBy: "live" });
      expect(textOf(other.messages)).toBe("You asked me to remember heron.");
      const now = agentProcesses();
      expect(withoutChildren(now)).toHaveLength(servers);
      expect(now.filter((pid) => killed.includes(pid))).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[D-18, A-11, R-1.6] the server killed in a turn's second step: interrupted with its text, no process left, memory kept",
    async () => {
      const sessionId = await newSession("opencode", "all");
      await ask(sessionId, "REMEMBER otter");
      const work = prompt("WRITE first.txt step one", "SLOW 100000 20");
      const admitted = await server.client.admitInput(sessionId, work);
      const before = await streamed(sessionId, "w5 ");
      expect(agentProcesses()).not.toEqual([]);
      await server.kill();
      server = await startHoldfast(options);
      const turn = await server.client.getTurn(admitted.turn.id);
      expect(turn).toMatchObject({
        state: "aborted",
        reason: "interrupted",
        error: { name: "MessageAbortedError" },
      });
      const { items } = await server.client.listMessages(sessionId, { limit: 3 });
      expect(textOf(items).startsWith(before)).toBe(true);
      const [first, second, ...more] = answersOf(items, turn);
      expect(more).toEqual([]);
      expect(turn.assistantMessageIds).toEqual([first?.info.id, second?.info.id]);
      expect(first?.info).toMatchObject({
        step: 1,
        finish: "tool-calls",
        tokens: expect.any(Object) as object,
      });
      expect(first?.info).not.toHaveProperty("error");
      expect(first?.parts.map(({ type }) => type)).toEqual(["step-start", "tool", "step-finish"]);
      expect(second?.info).toMatchObject({ step: 2, error: { name: "MessageAbortedError" } });
      expect(second?.parts.filter(({ type }) => type !== "patch").map(({ type }) => type)).toEqual([
        "step-start",
        "text",
        "step-finish",
      ]);
      for (const answer of [first, second]) expect(answer?.info.time).toHaveProperty("completed");
      expect(agentProcesses()).toEqual([]);
      const next = await ask(sessionId, "RECALL");
      expect(next.turn).toMatchObject({ state: "completed", opened: "resumed", openedBy: "resume" });
      expect(textOf(next.messages)).toBe("You asked me to remember otter.");
    },
  );
});

describe("real opencode over ACP", () => {
  // A start of its own; goose and qwen show the same in every run.
  test.runIf(isWhole)("[A-20, A-25] two turns in one process, asking before it acts", async () => {
    const sessionId = await newSession("opencode-acp");
    await ask(sessionId, "REMEMBER gannet");
    const recalled = await ask(sessionId, "RECALL");
    expect(recalled.turn).toMatchObject({ state: "completed", openedBy: "live" });
    expect(textOf(recalled.messages)).toBe("You asked me to remember gannet.");
    const admitted = await server.client.admitInput(sessionId, prompt("WRITE acp.txt a seal", "SAY done"));
    const permission = await asked(sessionId);
    expect(permission).toMatchObject({ agent: "opencode-acp", kind: "edit" });
    await server.client.replyPermission(permission.id, { reply: "once" });
    expect(await ended(admitted.turn.id)).toMatchObject({ state: "completed" });
    expect(readFileSync(join(server.project, "acp.txt"), "utf8").trim()).toBe("a seal");
  });
});
