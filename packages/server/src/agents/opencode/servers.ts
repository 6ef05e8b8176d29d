import { createHash } from "node:crypto";
import type { AgentDefinition } from "../catalog/index.ts";
import { filesOf } from "../fingerprint.ts";
import { OpencodeServer, type ServerDeps } from "./server.ts";

/** The servers of this process, one per process fingerprint. */
export class Servers {
  readonly #deps: ServerDeps;
  readonly #servers = new Map<string, OpencodeServer>();
  /** Those that are being stopped may still have processes. */
  readonly #stopping = new Set<OpencodeServer>();

  constructor(deps: ServerDeps) {
    this.#deps = deps;
  }

  /** The server that runs this very program in this environment; not started yet. */
  async find(definition: AgentDefinition): Promise<OpencodeServer> {
    const key = await keyOf(definition);
    const known = this.#servers.get(key);
    if (known?.isUsable === true) return known;
    const server = new OpencodeServer(this.#deps, definition, {
      stopping: () => {
        if (this.#servers.get(key) === server) this.#servers.delete(key);
        this.#stopping.add(server);
      },
      stopped: () => this.#stopping.delete(server),
    });
    this.#servers.set(key, server);
    return server;
  }

  /** Ends all of them; resolves when nothing of them lives. */
  async dispose(graceMs: number): Promise<void> {
    const all = [...this.#servers.values(), ...this.#stopping];
    await Promise.all(all.map((server) => server.stop(graceMs)));
    this.#stopping.clear();
  }
}

/** Only ever in memory: values of variables are in it. */
async function keyOf({ id, argv, environment }: AgentDefinition): Promise<string> {
  const facts = [id, argv, environment, await filesOf(argv)];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
