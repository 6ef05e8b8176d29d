/**
 * Resources of MCP servers: Holdfast is a client of the servers that a session's agents are given, for as long as it takes to read what somebody mentions
 * or to list what there is. Whatever goes wrong is told as text: a server is foreign, and so are its words.
 */
import { type Clock, errorText, HoldfastError, redact, secretMask } from "@holdfast/kernel";
import { type GivenMcpServer, RESOURCE_LIMITS, type ResourceList } from "@holdfast/protocol";
import type { LaunchDeps } from "../process/index.ts";
import { secretsOf } from "../store/index.ts";
import { aborted } from "./aborted.ts";
import type { Connection, ConnectPlace } from "./connect.ts";

/** Servers that are asked at once; more are told that they have to be asked again. */
const MAX_OPEN = 32;

/** How long a list is good enough for the next key press, in ms, and of how many sessions one is kept. */
const FRESH_MS = 30_000;
const KEPT = 16;

/** Characters that are told of what a server said. */
const TOLD = 500;

export type ResourcePlace = ConnectPlace & { servers: readonly GivenMcpServer[] };

/** One content of a resource; a resource may have several. `omitted` says why it is not taken. */
export type ReadContent = { uri: string; mime?: string | undefined } & (
  | { text: string }
  | { bytes: Uint8Array }
  | { omitted: string }
);
export type ReadResource = { contents: ReadContent[] } | { problem: string };

export type Resources = {
  /** What the resources hold, in this order, within `RESOURCE_LIMITS`; each server is started once. Rejects UNPROCESSABLE for a server that the place does not have. */
  read(place: ResourcePlace, wanted: readonly { server: string; uri: string }[]): Promise<ReadResource[]>;
  /** What the servers have. */
  list(place: ResourcePlace): Promise<ResourceList>;
  /** Ends all that is under way, and resolves when nothing of it lives. */
  stop(): Promise<void>;
};

export type ResourcesDeps = { launch: LaunchDeps; clock: Clock };

export function createResources(deps: ResourcesDeps): Resources {
  return new McpResources(deps);
}

type Ask = { signal: AbortSignal; timeout: number };

class McpResources implements Resources {
  readonly #deps: ResourcesDeps;
  readonly #stopped = new AbortController();
  readonly #open = new Set<Promise<void>>();
  readonly #lists = new Map<string, { at: number; of: string; list: Promise<ResourceList> }>();

  constructor(deps: ResourcesDeps) {
    this.#deps = deps;
  }

  async read(
    place: ResourcePlace,
    wanted: readonly { server: string; uri: string }[],
  ): Promise<ReadResource[]> {
    const found = new Map<string, Promise<ReadResource[]>>();
    for (const { server: name } of wanted) {
      const server = place.servers.find((each) => each.name === name);
      if (server === undefined)
        throw new HoldfastError("UNPROCESSABLE", `This session has no MCP server that is called ${name}.`);
      if (found.has(name)) continue;
      const uris = wanted.filter((each) => each.server === name).map(({ uri }) => uri);
      found.set(name, this.#readFrom(place, server, uris));
    }
    const taken = new Map<string, number>();
    const results: ReadResource[] = [];
    for (const { server } of wanted) {
      const at = taken.get(server) ?? 0;
      taken.set(server, at + 1);
      results.push((await found.get(server))?.[at] ?? { problem: "it was not read" });
    }
    return results;
  }

  async #readFrom(
    place: ResourcePlace,
    server: GivenMcpServer,
    uris: readonly string[],
  ): Promise<ReadResource[]> {
    const results: ReadResource[] = [];
    try {
      await this.#ask(place, server, async (connection, ask) => {
        for (const uri of uris)
          results.push(await readOne(connection, uri, ask).catch((error) => toProblem(server, error)));
      });
    } catch (error) {
      const problem = toProblem(server, error);
      while (results.length < uris.length) results.push(problem);
    }
    return results;
  }

  list(place: ResourcePlace): Promise<ResourceList> {
    const now = this.#deps.clock.monotonic();
    const of = JSON.stringify(place.servers);
    const known = this.#lists.get(place.sessionId);
    if (known !== undefined && known.of === of && now - known.at < FRESH_MS) return known.list;
    const list = this.#list(place);
    this.#lists.delete(place.sessionId);
    this.#lists.set(place.sessionId, { at: now, of, list });
    const oldest = this.#lists.keys().next().value;
    if (this.#lists.size > KEPT && oldest !== undefined) this.#lists.delete(oldest);
    return list;
  }

  async #list(place: ResourcePlace): Promise<ResourceList> {
    const items: ResourceList["items"] = [];
    const problems: ResourceList["problems"] = [];
    await Promise.all(
      place.servers.map(async (server) => {
        try {
          await this.#ask(place, server, async ({ client }, ask) => {
            if (client.getServerCapabilities()?.resources === undefined) return;
            const { resources } = await client.listResources(undefined, ask);
            for (const { uri, name, title, description, mimeType } of resources.slice(
              0,
              RESOURCE_LIMITS.listed,
            ))
              items.push({ server: server.name, uri, name, title, description, mimeType });
          });
        } catch (error) {
          problems.push({ server: server.name, message: toProblem(server, error).problem });
        }
      }),
    );
    return { items, problems };
  }

  /** Uses a connection, and closes it: the answer does not wait for that. */
  async #ask<T>(
    place: ConnectPlace,
    server: GivenMcpServer,
    use: (connection: Connection, ask: Ask) => Promise<T>,
  ): Promise<T> {
    if (this.#open.size >= MAX_OPEN)
      throw new Error(`${MAX_OPEN} MCP servers are being read already; try again later`);
    const { launch, clock } = this.#deps;
    const { readMs } = RESOURCE_LIMITS;
    const late = new AbortController();
    const timer = clock.after(readMs, () =>
      late.abort(new Error(`it did not answer within ${readMs / 1_000} s`)),
    );
    const signal = AbortSignal.any([late.signal, this.#stopped.signal]);
    const ask = { signal, timeout: readMs };
    // With the client of MCP comes a tenth of what the server would load: only whoever uses it waits for it.
    const opening = import("./connect.ts").then(({ connect }) =>
      connect({ launch, clock }, place, server, ask),
    );
    const using = opening.then(async (connection) => {
      try {
        return await use(connection, ask);
      } catch (error) {
        throw connection.reasonOf(error);
      }
    });
    const closed = using
      .then(
        () => opening,
        () => opening,
      )
      .then((connection) => connection.close())
      .catch(() => undefined)
      .finally(() => this.#open.delete(closed));
    this.#open.add(closed);
    try {
      return await Promise.race([using, aborted(signal)]);
    } finally {
      timer.cancel();
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error("this server ends"));
    await Promise.all(this.#open);
  }
}

async function readOne({ client }: Connection, uri: string, ask: Ask): Promise<ReadResource> {
  const { contents } = await client.readResource({ uri }, ask);
  const { contents: most, bytes: room } = RESOURCE_LIMITS;
  let left: number = room;
  const taken = contents.slice(0, most).map((content): ReadContent => {
    const named = { uri: content.uri, mime: content.mimeType };
    const size =
      "text" in content ? Buffer.byteLength(content.text) : Math.floor((content.blob.length * 3) / 4);
    left -= size;
    if (left < 0) return { ...named, omitted: `it has more than ${room} bytes` };
    return "text" in content
      ? { ...named, text: content.text }
      : { ...named, bytes: Buffer.from(content.blob, "base64") };
  });
  if (contents.length > most)
    taken.push({ uri, omitted: `${contents.length - most} more contents are left out` });
  return { contents: taken };
}

/** Why a server could not be asked, without the values that it is told. */
function toProblem(server: GivenMcpServer, error: unknown): { problem: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  const told = secretMask(secretsOf([server]))(errorText(error) + cause);
  return { problem: redact(told).slice(0, TOLD).toWellFormed() };
}
