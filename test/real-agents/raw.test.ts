import { once } from "node:events";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { realAgent } from "../../test-agents/agents.ts";
import type { RealAgentName } from "../../test-agents/agents.ts";
import { installCommand } from "../../test-agents/install.ts";
import { sampleOf } from "../harness/sample.ts";
import { startModel } from "../model/index.ts";
import type { ScriptedModel } from "../model/index.ts";
import { saidText, startAgent, updateKind } from "./acp-process.ts";
import type { AcpAgent, AcpOptions } from "./acp-process.ts";

let model: ScriptedModel;
let root: string;
let running: AcpAgent[] = [];

beforeAll(async () => {
  model = await startModel();
  root = await mkdtemp(path.join(os.tmpdir(), "holdfast-real-"));
});
afterEach(async () => {
  await Promise.all(running.map((agent) => agent.end()));
  running = [];
});
afterAll(async () => {
  await model.close();
  await rm(root, { recursive: true, force: true });
});

async function place(): Promise<Pick<AcpOptions, "modelUrl" | "home" | "cwd">> {
  const [home, cwd] = [await mkdtemp(path.join(root, "home-")), await mkdtemp(path.join(root, "work-"))];
  return { modelUrl: model.url, home, cwd };
}

async function start(name: RealAgentName, options: AcpOptions): Promise<AcpAgent> {
  const agent = await startAgent(name, options);
  running.push(agent);
  return agent;
}

async function ask(
  agent: AcpAgent,
  sessionId: string,
  text: string,
): Promise<{ stopReason: string; said: string }> {
  const from = agent.trace.length;
  const stopReason = await agent.prompt(sessionId, text);
  return { stopReason, said: saidText(agent.trace.slice(from)) };
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

const agents: RealAgentName[] = ["goose", "qwen"];

describe.each(sampleOf(agents, 1))("the real %s", (name) => {
  it("remembers over turns in one process, and after session/load in a fresh one", async () => {
    const where = await place();
    const first = await start(name, where);
    const sessionId = await first.newSession();
    expect(await ask(first, sessionId, "#turn 1\nREMEMBER walrus")).toEqual({
      stopReason: "end_turn",
      said: "I will remember walrus.",
    });
    expect((await ask(first, sessionId, "#turn 2\nRECALL")).said).toBe("You asked me to remember walrus.");
    first.child.kill("SIGKILL");
    await once(first.child, "exit");

    const second = await start(name, where);
    await second.connection.agent.request("session/load", { sessionId, cwd: where.cwd, mcpServers: [] });
    const replayed = second.trace.map(updateKind);
    expect(replayed).toEqual(expect.arrayContaining(["user_message_chunk", "agent_message_chunk"]));
    expect((await ask(second, sessionId, "#turn 3\nRECALL")).said).toBe("You asked me to remember walrus.");
  });

  it("asks before it writes, writes when allowed once, and does not when rejected", async () => {
    const where = await place();
    const kinds: string[] = [];
    const allow = { write: "allow_once" };
    const agent = await start(name, {
      ...where,
      decide: ({ options }) => {
        kinds.push(...options.map((option) => option.kind));
        return options.find((option) => option.kind === allow.write)?.optionId;
      },
    });
    const sessionId = await agent.newSession();
    const { stopReason } = await ask(
      agent,
      sessionId,
      "#turn 1\nTHINK about it\nWRITE seal.txt a grey seal\nSAY written",
    );
    expect(stopReason).toBe("end_turn");
    expect(kinds).toEqual(expect.arrayContaining(["allow_once", "reject_once"]));
    expect(await readFile(path.join(where.cwd, "seal.txt"), "utf8")).toBe("a grey seal");
    expect(agent.trace.map(updateKind)).toEqual(
      expect.arrayContaining(["agent_thought_chunk", "tool_call", "tool_call_update"]),
    );
    allow.write = "reject_once";
    await ask(agent, sessionId, "#turn 2\nWRITE otter.txt an otter");
    expect(await exists(path.join(where.cwd, "otter.txt"))).toBe(false);
  });

  it("ends a cancelled turn as cancelled and goes on with the next", async () => {
    const agent = await start(name, await place());
    const sessionId = await agent.newSession();
    const turn = ask(agent, sessionId, "#turn 1\nSLOW 1000 100");
    await agent.waitForLine(
      (line) => updateKind(line) === "agent_message_chunk" && JSON.stringify(line).includes("w3"),
    );
    await agent.connection.agent.notify("session/cancel", { sessionId });
    const { stopReason, said } = await turn;
    expect(stopReason).toBe("cancelled");
    expect(said).toMatch(/^w1 w2 w3/);
    expect((await ask(agent, sessionId, "#turn 2\nSAY after")).said).toBe("after");
  });
});

it("a program that is not installed is an error that names the command to run", async () => {
  const missing = realAgent("goose", {
    modelUrl: model.url,
    home: path.join(root, "none"),
    modules: path.join(root, "nothing"),
  });
  await expect(missing.prepare()).rejects.toThrow(installCommand);
});
