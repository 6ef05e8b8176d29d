/** Starts one `opencode serve` and waits until it is well. */
import { wait, within, randomHex } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import { launchProcess, LaunchError, type AgentProcess, type LaunchDeps } from "../../process/index.ts";
import { agentError } from "../agent-error.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { AgentFailure } from "../port.ts";
import { askHealth, type Address } from "./api.ts";
import { PERMISSION_VARIABLE } from "./permission-rules.ts";

export type StartedServer = { process: AgentProcess; address: Address; version: string };

/** Between two health questions while it starts, and how long each may take. */
const ASK_AGAIN_MS = 100;
const HEALTH_ANSWER_MS = 5_000;

/** Output before the ready line that is kept; more is noise. */
const MAX_OUTPUT = 64 * 1024;

const PASSWORD_BYTES = 32;
const ARGUMENTS = ["serve", "--hostname", "127.0.0.1", "--port", "0"];

/** Rejects with an `AgentFailure`; then nothing of the program lives. The signal gives the start up, and has no say once it is well. */
export async function startServer(
  deps: LaunchDeps,
  definition: AgentDefinition,
  sessionId: SessionId,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<StartedServer> {
  const password = randomHex(PASSWORD_BYTES);
  const started = await launch(deps, definition, sessionId, password);
  const giveUp = () => void started.stop({ from: "kill" });
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return { process: started, ...(await becomeWell(deps, definition, started, password, timeoutMs)) };
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

async function becomeWell(
  deps: LaunchDeps,
  definition: AgentDefinition,
  started: AgentProcess,
  password: string,
  timeoutMs: number,
): Promise<Omit<StartedServer, "process">> {
  const deadline = deps.clock.monotonic() + timeoutMs;
  const failed = async (message: string) => {
    await started.stop({ from: "kill" });
    const stderrTail = started.stderrTail();
    const facts = {
      agent: definition.id,
      phase: "initialize",
      message,
      stderrTail,
      ...(await started.exited),
    } as const;
    return new AgentFailure("crashed", agentError(facts));
  };
  const url = await within(deps.clock, timeoutMs, readUrl(started));
  if (url === undefined)
    throw await failed(`${definition.id} did not say within ${timeoutMs / 1000} s where it listens.`);
  if (url === "") throw await failed(`${definition.id} ended before it listened.`);
  const address = { url, password };
  while (started.isRunning && deps.clock.monotonic() < deadline) {
    const version = await askHealth(deps.clock, address, HEALTH_ANSWER_MS).catch(() => undefined);
    if (version !== undefined) return { address, version };
    await Promise.race([wait(deps.clock, ASK_AGAIN_MS), started.exited]);
  }
  throw await failed(`${definition.id} was not healthy within ${timeoutMs / 1000} s.`);
}

/** The place of the ready line on loopback; `undefined` for any other text. The port is never assumed: 4096 is only opencode's first choice. */
export function readyUrl(output: string): string | undefined {
  const url = /\blistening on (http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5})\/?(?=\s)/.exec(
    output,
  )?.[1];
  return url;
}

/** Resolves with the url, or with "" when the program ended without one. Reads on afterwards, so that no pipe fills up. */
function readUrl(started: AgentProcess): Promise<string> {
  return new Promise((resolve) => {
    let output = "";
    let isFound = false;
    started.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (isFound) return;
      output = (output + text).slice(-MAX_OUTPUT);
      const url = readyUrl(output);
      isFound = url !== undefined;
      if (url !== undefined) resolve(url);
    });
    void started.exited.then(() => resolve(""));
  });
}

async function launch(
  deps: LaunchDeps,
  definition: AgentDefinition,
  sessionId: SessionId,
  password: string,
): Promise<AgentProcess> {
  const set = {
    ...definition.environment.set,
    OPENCODE_SERVER_PASSWORD: password,
    OPENCODE_PERMISSION: PERMISSION_VARIABLE,
    // A program that replaces itself under a running turn would be another one than we know.
    OPENCODE_DISABLE_AUTOUPDATE: "1",
  };
  try {
    return await launchProcess(deps, {
      argv: [...definition.argv, ...ARGUMENTS],
      // It serves many projects; each request names its own.
      cwd: deps.temporaryRoot,
      environment: { ...definition.environment, set },
      sessionId,
      agent: definition.id,
      secrets: definition.secrets,
    });
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    const facts = { agent: definition.id, phase: "spawn", message: error.message } as const;
    throw new AgentFailure("unavailable", agentError(facts));
  }
}
