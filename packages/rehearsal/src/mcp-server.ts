/**
 * One call of a tool of an MCP server over stdio: the server is started for it, and ended after it.
 *
 * By hand, because this agent depends on nothing but the ACP SDK: three messages go out, the answers to two of them are read.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { McpServerStdio } from "@agentclientprotocol/sdk";

/** How long one call may take, its server's start included. */
const CALL_MS = 120_000;
const PROTOCOL = "2025-06-18";

type Answer = { id?: unknown; result?: unknown; error?: { message?: unknown } };

/** The text that the tool answered. Rejects when the server does not start, ends, refuses, or is not done in time, and once the signal aborts. */
export async function askMcpServer(
  { command, args, env }: McpServerStdio,
  call: { name: string; arguments: Readonly<Record<string, unknown>> },
  cwd: string,
  signal: AbortSignal,
): Promise<{ text: string; isError: boolean }> {
  const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...own },
    stdio: ["pipe", "pipe", "ignore"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    killSignal: "SIGKILL",
  });
  child.stdin.on("error", () => {});
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`it ended with ${code ?? "a signal"}`)));
  });
  ended.catch(() => {});
  const answers = new Map<number, (answer: Answer) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = parse(line);
    if (typeof answer?.id === "number") answers.get(answer.id)?.(answer);
  });
  const tell = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const ask = async (id: number, method: string, params: object): Promise<unknown> => {
    const answered = new Promise<Answer>((resolve) => answers.set(id, resolve));
    tell({ id, method, params });
    const { result, error } = await Promise.race([answered, ended]);
    if (error !== undefined) throw new Error(String(error.message));
    return result;
  };
  try {
    const clientInfo = { name: "holdfast-rehearsal", version: "1" };
    await ask(1, "initialize", { protocolVersion: PROTOCOL, capabilities: {}, clientInfo });
    tell({ method: "notifications/initialized" });
    const { content = [], isError = false } = (await ask(2, "tools/call", call)) as {
      content?: { text?: string }[];
      isError?: boolean;
    };
    return { text: content.map(({ text = "" }) => text).join("\n"), isError };
  } finally {
    child.stdin.end();
    child.kill("SIGKILL");
  }
}

function parse(line: string): Answer | undefined {
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
}
