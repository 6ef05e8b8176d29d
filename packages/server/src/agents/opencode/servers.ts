import { createHash } from "node:crypto";
import { stat, realpath } from "node:fs/promises";
import type { AgentDefinition } from "../catalog/index.ts";
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
    const server = new OpencodeServer(this.#deps, definition, () => {
      if (this.#servers.get(key) !== server) return;
      this.#servers.delete(key);
      this.#stopping.add(server);
    });
    this.#servers.set(key, server);
    return server;
  }

  /** Ends all of them; resolves when nothing of them lives. */
  async dispose(graceMs: number): Promise<void> {
    const all = [...this.#servers.values(), ...this.#stopping];
    await Promise.all(all.map((server) => server.stop(graceMs)));
  }
}

/** Only ever in memory: values of variables are in it. The file's identity stands for its version, which it is asked for later. */
async function keyOf({ id, argv, environment }: AgentDefinition): Promise<string> {
  const program = argv[0] ?? "";
  const file = await stat(program).catch(() => undefined);
  const real = await realpath(program).catch(() => program);
  const facts = [id, argv, environment, real, file?.size ?? 0, file?.mtimeMs ?? 0];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
