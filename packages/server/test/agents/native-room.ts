import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Clock, newId, systemClock } from "@holdfast/kernel";
import type { NativeConfig, ProviderConfig, SessionId } from "@holdfast/protocol";
import { NATIVE_QUIRKS } from "../../src/agents/catalog/index.ts";
import {
  type AgentHandle,
  type Backend,
  createNativeBackend,
  createProviders,
  type NoteEvent,
  type OpenRequest,
  processTable,
  type Providers,
  type StateEvent,
} from "../../src/agents/index.ts";
import { ProcessRows } from "../process/process-rows.ts";

const program = path.join(import.meta.dirname, "fixture/fake-native.ts");

/** The key that the environment has; nothing that is kept may have it. */
export const KEY = "sk-test-0123456789abcdef";

/** A room to run the backend of the native agent in, with a program that plays a scene; everything is ended by `end`. */
export class NativeRoom {
  readonly home = mkdtempSync(path.join(tmpdir(), "holdfast-test-"));
  readonly project = mkdtempSync(path.join(tmpdir(), "holdfast-project-"));
  readonly rows = new ProcessRows();
  readonly sessionId: SessionId = newId("ses");
  readonly keysFile = path.join(this.home, "keys.json");
  readonly idle: (StateEvent | NoteEvent)[] = [];
  readonly backend: Backend;
  readonly providers: Providers;
  readonly #handles: AgentHandle[] = [];

  constructor(
    scene: string,
    over: {
      clock?: Clock;
      environment?: Record<string, string>;
      providers?: Record<string, ProviderConfig>;
      native?: NativeConfig;
      openMs?: number;
    } = {},
  ) {
    mkdirSync(path.join(this.project, ".git"));
    const environment = {
      PATH: process.env["PATH"] ?? "",
      ...(over.environment ?? { ANTHROPIC_API_KEY: KEY }),
    };
    const clock = over.clock ?? systemClock;
    const models = {
      providers: over.providers ?? {},
      model: over.native?.model,
      environment,
      keysFile: this.keysFile,
    };
    const providers = createProviders(models);
    this.providers = providers;
    this.backend = createNativeBackend({
      environment,
      temporaryRoot: this.home,
      clock,
      store: this.rows,
      table: processTable(process.platform),
      instanceId: newId("ins"),
      providers,
      definition: (id) =>
        Promise.resolve({
          id,
          name: id,
          backend: "native",
          argv: [process.execPath, program, scene],
          environment: { inherit: "user", remove: providers.variables },
          quirks: NATIVE_QUIRKS,
        }),
      readBlob: (hash) =>
        Promise.resolve(hash === "there" ? { bytes: Buffer.from("seen"), mime: "image/png" } : undefined),
      settings: {
        ...models,
        native: over.native ?? {},
        configFile: path.join(this.home, "config.jsonc"),
        outputDirectory: path.join(this.home, "outputs"),
      },
      ...(over.openMs === undefined ? {} : { openMs: over.openMs }),
    });
  }

  keys(keys: object, mode = 0o600): void {
    writeFileSync(this.keysFile, JSON.stringify(keys), { mode });
  }

  request(over: Partial<OpenRequest> = {}): OpenRequest {
    return {
      sessionId: this.sessionId,
      agentSessionId: newId("ags"),
      agent: "native:build",
      directory: this.project,
      approvalMode: "ask",
      mcpServers: [],
      history: async () => [],
      idle: { emit: (event) => this.idle.push(event) },
      signal: new AbortController().signal,
      ...over,
    };
  }

  async open(over: Partial<OpenRequest> = {}): Promise<AgentHandle> {
    const handle = await this.backend.open(this.request(over));
    this.#handles.push(handle);
    return handle;
  }

  /** Closes everything and removes the directories; rejects when a launch is still open. */
  async end(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.close(0)));
    const open = [...this.rows.rows.keys()];
    for (const directory of [this.home, this.project]) rmSync(directory, { recursive: true, force: true });
    if (open.length > 0) throw new Error(`launches are still open: ${open.join(", ")}`);
  }
}
