import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { newId, systemClock } from "@holdfast/kernel";
import type { Part, SessionId } from "@holdfast/protocol";
import { rehearsalBin } from "@holdfast/rehearsal";
import {
  createAcpBackend,
  createCatalog,
  processTable,
  type AcpBackendDeps,
  type AgentHandle,
  type Backend,
  type Catalog,
  type ConfiguredAgent,
  type NoteEvent,
  type OpenRequest,
  type StateEvent,
} from "../../src/agents/index.ts";
import { ProcessRows } from "../process/process-rows.ts";

const faultyBin = path.join(import.meta.dirname, "../../../rehearsal/test/fixture/faulty.js");

/** A room to run real agents in: own directories, rows in memory, everything ended by `end`. */
export class AgentRoom {
  readonly home = mkdtempSync(path.join(tmpdir(), "holdfast-test-"));
  readonly project = mkdtempSync(path.join(tmpdir(), "holdfast-project-"));
  readonly rows = new ProcessRows();
  readonly sessionId: SessionId = newId("ses");
  readonly catalog: Catalog;
  readonly backend: Backend;
  readonly idle: (StateEvent | NoteEvent)[] = [];
  readonly #handles: AgentHandle[] = [];

  constructor(
    agents: Record<string, ConfiguredAgent> | ((home: string) => Record<string, ConfiguredAgent>) = {},
    options: Partial<Pick<AcpBackendDeps, "timeouts" | "readBlob" | "definition">> = {},
  ) {
    const environment = { ...process.env, REHEARSAL_HOME: path.join(this.home, "memory") };
    const common = { environment, temporaryRoot: this.home, clock: systemClock, store: this.rows };
    const own = typeof agents === "function" ? agents(this.home) : agents;
    this.catalog = createCatalog({ ...common, agents: own, rehearsal: [process.execPath, rehearsalBin] });
    this.backend = createAcpBackend({
      ...common,
      table: processTable(process.platform),
      instanceId: newId("ins"),
      clientVersion: "0.1.0",
      definition: (id) => this.catalog.definition(id),
      learn: (id, seen) => this.catalog.learn(id, seen),
      readBlob: async () => undefined,
      dataDirectory: path.join(this.home, "data"),
      worktreeDirectory: path.join(this.home, "data", "worktrees"),
      ...options,
    });
  }

  /** The rehearsal agent with faults, registered as a user's own agent. */
  static faulty(faults: string, ...more: string[]): AgentRoom {
    const command = [process.execPath, faultyBin, "--fault", faults, ...more];
    return new AgentRoom({ faulty: { backend: "acp", command } });
  }

  async open(agent: string, options: Partial<OpenRequest> = {}): Promise<AgentHandle> {
    const handle = await this.backend.open(this.request(agent, options));
    this.#handles.push(handle);
    return handle;
  }

  request(agent: string, options: Partial<OpenRequest> = {}): OpenRequest {
    return {
      sessionId: this.sessionId,
      agentSessionId: newId("ags"),
      agent,
      directory: this.project,
      approvalMode: "ask",
      mcpServers: [],
      history: async () => [],
      idle: { emit: (event) => this.idle.push(event) },
      signal: new AbortController().signal,
      ...options,
    };
  }

  /** A text part as the recorder would hand it over. */
  say(text: string): { parts: Part[] } {
    const identity = { id: newId("prt"), sessionId: this.sessionId, messageId: newId("msg") };
    return { parts: [{ ...identity, type: "text", text }] };
  }

  /** Closes everything and removes the directories; rejects when a launch is still open. */
  async end(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.close(0)));
    await this.catalog.close();
    const open = [...this.rows.rows.keys()];
    for (const directory of [this.home, this.project]) rmSync(directory, { recursive: true, force: true });
    if (open.length > 0) throw new Error(`launches are still open: ${open.join(", ")}`);
  }
}
