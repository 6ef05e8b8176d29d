/**
 * Records the raw ACP streams of the real agents for the golden tests of the ACP backend, one file per agent and case, and opencode's own.
 * Run by hand after a change of an agent's version: `node test/real-agents/record-golden.ts [goose-text opencode/tool ...]`. Paths and the model's port
 * are made neutral; long lists and texts that say nothing about the protocol (goose's providers, qwen's skill texts of half a
 * megabyte) are cut (neutral.ts); everything else is as it came.
 */
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { RealAgentName } from "../../test-agents/agents.ts";
import { startModel } from "../model/index.ts";
import { startAgent, updateKind } from "./acp-process.ts";
import type { AcpAgent, TraceLine } from "./acp-process.ts";
import { DOT, neutralText } from "./neutral.ts";
import { recordOpencode } from "./opencode-recording.ts";

const programs = path.join(import.meta.dirname, "../../test-agents");
const target = path.join(import.meta.dirname, "../../packages/server/test/golden/acp");

type Case = (
  agent: AcpAgent,
  restart: () => Promise<AcpAgent>,
  cwd: string,
  name: RealAgentName,
) => Promise<TraceLine[]>;

const cases: Record<string, Case> = {
  async text(agent) {
    const sessionId = await agent.newSession();
    await agent.prompt(
      sessionId,
      "#turn 1\nTHINK about the answer\nSAY Hello from the script.\nREMEMBER walrus",
    );
    await agent.prompt(sessionId, "#turn 2\nRECALL");
    return agent.trace;
  },
  async tool(agent) {
    const sessionId = await agent.newSession();
    await agent.prompt(
      sessionId,
      "#turn 1\nSAY I will write a file.\nWRITE notes.txt a grey seal\nBASH touch other.txt && echo made\nSAY Both are done.",
    );
    return agent.trace;
  },
  async cancel(agent) {
    const sessionId = await agent.newSession();
    const turn = agent.prompt(sessionId, "#turn 1\nSLOW 500 50");
    await agent.waitForLine(
      (line) => updateKind(line) === "agent_message_chunk" && JSON.stringify(line).includes("w5"),
    );
    await agent.connection.agent.notify("session/cancel", { sessionId });
    await turn;
    return agent.trace;
  },
  async error(agent) {
    const sessionId = await agent.newSession();
    await agent.prompt(sessionId, "#turn 1\nFAIL 400 the script says no").catch(() => undefined);
    return agent.trace;
  },
  async image(agent, _restart, cwd, name) {
    const source = path.join(cwd, "picture.png");
    await writeFile(source, DOT);
    const sessionId = await agent.newSession();
    const look = name === "goose" ? `CALL read_image ${JSON.stringify({ source })}` : "READ picture.png";
    await agent.prompt(sessionId, `#turn 1\n${look}\nSAY It is a dot.`);
    return agent.trace;
  },
  async load(agent, restart, cwd) {
    const sessionId = await agent.newSession();
    await agent.prompt(sessionId, "#turn 1\nREMEMBER walrus\nWRITE notes.txt a grey seal\nSAY Done with it.");
    agent.child.kill("SIGKILL");
    await once(agent.child, "exit");
    const next = await restart();
    await next.connection.agent.request("session/load", { sessionId, cwd, mcpServers: [] });
    await next.prompt(sessionId, "#turn 2\nRECALL");
    return next.trace;
  },
};

async function recordCase(name: RealAgentName, label: string, play: Case): Promise<void> {
  const root = await mkdtemp(path.join(os.tmpdir(), "holdfast-golden-"));
  const model = await startModel();
  const [home, cwd] = [path.join(root, "home"), path.join(root, "work")];
  await mkdir(cwd);
  const started: AcpAgent[] = [];
  const start = async (): Promise<AcpAgent> => {
    const agent = await startAgent(name, { modelUrl: model.url, home, cwd });
    started.push(agent);
    return agent;
  };
  try {
    const trace = await play(await start(), start, cwd, name);
    const text = neutralText(
      trace,
      [
        [cwd, "/home/user/project"],
        [home, "/home/user"],
        [programs, "/home/user/agents"],
      ],
      root,
    );
    await writeFile(path.join(target, `${name}-${label}.jsonl`), text);
    process.stdout.write(`${name}-${label}.jsonl: ${trace.length} lines, ${Buffer.byteLength(text)} bytes\n`);
  } finally {
    for (const agent of started) await agent.end();
    await model.close();
    await rm(root, { recursive: true, force: true });
  }
}

const named = process.argv.slice(2);
const isWanted = (file: string): boolean => named.length === 0 || named.includes(file);

await mkdir(target, { recursive: true });
for (const name of ["goose", "qwen"] as const)
  for (const [label, play] of Object.entries(cases))
    if (isWanted(`${name}-${label}`)) await recordCase(name, label, play);
await recordOpencode(isWanted);
