/** The limit of T-12: a real agent driven by nothing but its own protocol, one warm turn after the other. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { realAgent } from "../test-agents/agents.ts";
import { startAgent } from "../test/real-agents/acp-process.ts";

export const T12_AGENTS = ["opencode", "opencode-acp", "qwen", "goose"] as const;
export type T12Agent = (typeof T12_AGENTS)[number];

/** How long opencode's server may take until it listens, and a turn until its answer, in ms. */
const START_MS = 60_000;
const TURN_MS = 60_000;

/** One session of an agent. */
export type Warm = {
  /** Sends one prompt and resolves at the end of its turn. */
  turn(text: string): Promise<void>;
  end(): Promise<void>;
};

/** Starts the agent with a home and a directory below `root`, and one session with it. */
export async function startDirect(agent: T12Agent, root: string, modelUrl: string): Promise<Warm> {
  const [home, cwd] = [join(root, "agent-home"), join(root, "project")];
  await mkdir(cwd, { recursive: true });
  if (agent === "opencode") return startServe(home, cwd, modelUrl);
  const process = await startAgent(agent === "opencode-acp" ? "opencode" : agent, { modelUrl, home, cwd });
  const sessionId = await process.newSession();
  return {
    async turn(text) {
      const stopReason = await process.prompt(sessionId, text);
      if (stopReason !== "end_turn") throw new Error(`${agent} ended a turn with ${stopReason}.`);
    },
    end: () => process.end(),
  };
}

async function startServe(home: string, cwd: string, modelUrl: string): Promise<Warm> {
  const agent = realAgent("opencode", { modelUrl, home });
  await agent.prepare();
  const [program = ""] = agent.command;
  const password = randomUUID();
  const child = spawn(program, ["serve", "--hostname", "127.0.0.1", "--port", "0"], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...agent.env, OPENCODE_SERVER_PASSWORD: password },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const end = () => kill(child);
  try {
    const url = await addressOf(child);
    const post = async (path: string, body: unknown): Promise<unknown> => {
      const response = await fetch(`${url}${path}?directory=${encodeURIComponent(cwd)}`, {
        method: "POST",
        headers: {
          authorization: `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`,
          "content-type": "application/json",
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TURN_MS),
      });
      if (!response.ok) throw new Error(`opencode answered ${path} with ${response.status}.`);
      return response.json();
    };
    const { id } = (await post("/session", {})) as { id: string };
    const turn = async (text: string) => {
      const { info } = (await post(`/session/${id}/message`, { parts: [{ type: "text", text }] })) as {
        info: { error?: unknown };
      };
      if (info.error !== undefined) throw new Error(`A turn failed: ${JSON.stringify(info.error)}`);
    };
    return { turn, end };
  } catch (error) {
    await end();
    throw error;
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`opencode ${what}.`));
    const timer = setTimeout(() => fail("was not ready in time"), START_MS);
    let output = "";
    child.once("exit", (code) => fail(`ended with ${code}`));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const url = /listening on (http:\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
