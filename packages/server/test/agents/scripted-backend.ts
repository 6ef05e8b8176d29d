import { newId, systemClock } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import {
  type AgentHandle,
  type AgentPool,
  type Backend,
  createPool,
  type OpenRequest,
} from "../../src/agents/index.ts";
import { until } from "./waiting.ts";

/** A handle, by default without a process, that lives until it is told to end; its close waits for `gate`. */
export class ScriptedHandle implements AgentHandle {
  readonly agent: string;
  readonly sessionId: SessionId;
  readonly backendSessionId = "b";
  readonly openedBy = "create";
  readonly version = undefined;
  readonly features = {} as AgentHandle["features"];
  process: AgentHandle["process"];
  readonly graces: (number | undefined)[] = [];
  gate = Promise.resolve();
  alive = true;
  idleSince: number | undefined;
  #listeners: ((exit: { expected: boolean }) => void)[] = [];

  constructor(request: OpenRequest) {
    this.agent = request.agent;
    this.sessionId = request.sessionId;
  }

  async prompt(): Promise<{ outcome: "killed" }> {
    return { outcome: "killed" };
  }
  async cancel(): Promise<void> {}
  async configure(): Promise<void> {}

  async close(graceMs?: number): Promise<void> {
    this.graces.push(graceMs);
    this.alive = false;
    await this.gate;
  }

  onExit(listener: (exit: { expected: boolean }) => void): void {
    this.#listeners.push(listener);
  }

  die(): void {
    this.alive = false;
    for (const listener of this.#listeners) listener({ expected: false });
  }
}

/** A backend whose openings end when the test says so. */
export class ScriptedBackend implements Backend {
  readonly kind = "acp";
  readonly openings: {
    request: OpenRequest;
    resolve(handle: ScriptedHandle): void;
    reject(error: Error): void;
  }[] = [];

  open(request: OpenRequest): Promise<AgentHandle> {
    return new Promise((resolve, reject) => {
      this.openings.push({ request, resolve, reject });
      request.signal.addEventListener("abort", () => reject(new Error("aborted by the pool")));
    });
  }

  /** Waits for the n-th opening and lets it succeed. */
  async succeed(index: number): Promise<ScriptedHandle> {
    await until(`opening ${index} began`, () => this.openings.length > index);
    const opening = this.openings[index];
    if (opening === undefined) throw new Error("no such opening");
    const handle = new ScriptedHandle(opening.request);
    opening.resolve(handle);
    return handle;
  }
}

export function poolOf(backend: Backend): AgentPool {
  return createPool({
    backendOf: async (agent) => (agent === "none" ? undefined : backend),
    clock: systemClock,
  });
}

export const sessionId = newId("ses");
export function request(over: Partial<OpenRequest> = {}): OpenRequest {
  return {
    sessionId,
    agentSessionId: newId("ags"),
    agent: "a",
    directory: "/",
    approvalMode: "ask",
    mcpServers: [],
    history: async () => [],
    idle: { emit: () => undefined },
    signal: new AbortController().signal,
    ...over,
  };
}
