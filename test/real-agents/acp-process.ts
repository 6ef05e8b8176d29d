/*
 * A real agent as a child process with the official ACP client on its stdio, and a tap on the raw stream: the SDK drops
 * what it does not know, and the order of all messages is what the golden transcripts are about.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import process from "node:process";
import { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { client, ndJsonStream } from "@agentclientprotocol/sdk";
import type { ClientConnection, RequestPermissionRequest, Stream } from "@agentclientprotocol/sdk";
import { realAgent } from "../../test-agents/agents.ts";
import type { RealAgentName } from "../../test-agents/agents.ts";

/** Longest wait for one answer of an agent on a busy machine, in ms. */
export const ANSWER_MS = 240_000;
/** How long an agent may take to end after stdin closed, then after SIGTERM, in ms. */
const END_MS = 60_000;
/** Most of stderr that is kept for a failure's message, in UTF-16 code units. */
const MAX_STDERR = 4000;

/** One message as it went over stdio. */
export interface TraceLine {
  from: "client" | "agent";
  message: Record<string, unknown>;
}

/** Where and how an agent runs. */
export interface AcpOptions {
  modelUrl: string;
  home: string;
  cwd: string;
  /** Picks the permission option; by default the one that allows once. */
  decide?: (request: RequestPermissionRequest) => string | undefined;
}

/** A running agent, initialized. */
export interface AcpAgent {
  child: ChildProcess;
  connection: ClientConnection;
  /** Everything that went over stdio so far, in order. */
  trace: TraceLine[];
  /** Resolves when a traced line matches, past or coming; rejects after ANSWER_MS or when the agent ends. */
  waitForLine(matches: (line: TraceLine) => boolean): Promise<TraceLine>;
  /** Sends one text prompt and resolves with its stop reason. */
  prompt(sessionId: string, text: string): Promise<string>;
  newSession(): Promise<string>;
  /** Ends the agent: stdin end, SIGTERM, SIGKILL. */
  end(): Promise<void>;
}

/** Starts a real agent and initializes it; the caller ends it. */
export async function startAgent(name: RealAgentName | "opencode", options: AcpOptions): Promise<AcpAgent> {
  const agent = realAgent(name, options);
  await agent.prepare();
  const [program = "", ...args] = name === "opencode" ? [...agent.command, "acp"] : agent.command;
  const env: NodeJS.ProcessEnv = { PATH: process.env["PATH"] ?? "", ...agent.env };
  // It opens an HTTP port too, and lets in whoever asks where there is no password.
  if (name === "opencode") env["OPENCODE_SERVER_PASSWORD"] = randomUUID();
  const child = spawn(program, args, { cwd: options.cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-MAX_STDERR)));
  await once(child, "spawn");
  const trace: TraceLine[] = [];
  const watchers = new Set<() => void>();
  const tapped = tap(ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout)), (line) => {
    trace.push(line);
    for (const look of watchers) look();
  });
  const connection = client({ name: "holdfast-test" })
    .onRequest("session/request_permission", ({ params }) => {
      const optionId = options.decide
        ? options.decide(params)
        : params.options.find((option) => option.kind === "allow_once")?.optionId;
      return {
        outcome: optionId === undefined ? { outcome: "cancelled" } : { outcome: "selected", optionId },
      };
    })
    .onNotification("session/update", () => undefined)
    .connect(tapped);
  const call = <T>(what: string, answer: Promise<T>): Promise<T> =>
    within(answer, () => `${name} did not answer ${what}; stderr: ${stderr}`);
  await call(
    "initialize",
    connection.agent.request("initialize", {
      protocolVersion: 1,
      clientInfo: { name: "holdfast-test", version: "0.1.0" },
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    }),
  );
  return {
    child,
    connection,
    trace,
    waitForLine: (matches) =>
      within(firstLine(trace, watchers, matches), () => `${name}: no such line; stderr: ${stderr}`),
    prompt: async (sessionId, text) => {
      const answer = connection.agent.request("session/prompt", {
        sessionId,
        prompt: [{ type: "text", text }],
      });
      return (await call("session/prompt", answer)).stopReason;
    },
    newSession: async () =>
      (
        await call(
          "session/new",
          connection.agent.request("session/new", { cwd: options.cwd, mcpServers: [] }),
        )
      ).sessionId,
    end: () => end(child),
  };
}

function tap(stream: Stream, see: (line: TraceLine) => void): Stream {
  const watch = (from: TraceLine["from"]): TransformStream =>
    new TransformStream({
      transform(message: unknown, controller) {
        see({ from, message: structuredClone(message) as Record<string, unknown> });
        controller.enqueue(message);
      },
    });
  const outgoing = watch("client");
  // When the agent dies its pipe breaks; whoever waits for an answer is told by the connection.
  outgoing.readable.pipeTo(stream.writable).catch(() => undefined);
  return { writable: outgoing.writable, readable: stream.readable.pipeThrough(watch("agent")) };
}

function firstLine(
  trace: TraceLine[],
  watchers: Set<() => void>,
  matches: (line: TraceLine) => boolean,
): Promise<TraceLine> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = trace.find(matches);
      if (found === undefined) return;
      watchers.delete(look);
      resolve(found);
    };
    watchers.add(look);
    look();
  });
}

async function within<T>(answer: Promise<T>, message: () => string): Promise<T> {
  const done = new AbortController();
  const late = sleep(ANSWER_MS, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${message()} (${ANSWER_MS} ms)`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    done.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.stdin?.end();
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const timer = new AbortController();
    const late = sleep(END_MS, "late", { signal: timer.signal }).catch(() => undefined);
    const first = await Promise.race([exited, late]);
    timer.abort();
    if (first !== "late") return;
    child.kill(signal);
  }
  await exited;
}

/** The `session/update` kind of a line, or undefined. */
export function updateKind(line: TraceLine): string | undefined {
  if (line.message["method"] !== "session/update") return undefined;
  return (line.message["params"] as { update: { sessionUpdate: string } }).update.sessionUpdate;
}

/** What the agent said in message chunks since a point of the trace. */
export function saidText(trace: readonly TraceLine[]): string {
  return trace
    .filter((line) => updateKind(line) === "agent_message_chunk")
    .map(
      (line) =>
        (line.message["params"] as { update: { content: { text?: string } } }).update.content.text ?? "",
    )
    .join("");
}
