/** The listening server of the API and the page: the routes behind a listener, and a close that ends every stream. */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  Access,
  type Exposure,
  Listener,
  openEventStream,
  OpenStreams,
  problemReply,
  type TokenStore,
} from "@holdfast/edge";
import { type Clock, HoldfastError, type Logger, randomHex } from "@holdfast/kernel";
import type { Agent, LiveAgentList, Diagnostics, Health, SessionId } from "@holdfast/protocol";
import { getRequestListener } from "@hono/node-server";
import type { Events } from "../events/index.ts";
import type { Permissions } from "../permission/index.ts";
import type { Sessions } from "../session/index.ts";
import type { Worktrees } from "../worktree/index.ts";
import { createApp } from "./app.ts";
import { documentOf } from "./describe.ts";
import { createEventSink } from "./event-sink.ts";
import type { PageFiles } from "./page.ts";
import type { ChangesDoor } from "./route.ts";
import { ROUTES } from "./routes/index.ts";

export type HttpDeps = {
  sessions: Sessions;
  worktrees: Worktrees;
  permissions: Pick<Permissions, "reply">;
  turns: { wake(sessionId: SessionId): void };
  changes: ChangesDoor;
  catalog: { list(): Promise<Agent[]> };
  /** The agents that live now. */
  pool: { list(): LiveAgentList };
  events: Events;
  /** Browser tokens; the store is one. */
  tokens: TokenStore;
  serverToken: string;
  /** The key of this server's file, by which it proves itself (I-6). */
  proofKey: string;
  /** Makes and keeps a new server token; absent when it was given from outside. */
  replaceToken?: (() => string) | undefined;
  clock: Clock;
  logger: Logger;
  version: string;
  health(): Health | Promise<Health>;
  /** Findings of the store, for `doctor` (D-38). */
  diagnose(): Promise<Diagnostics>;
  /** Names beside loopback under which the server is reached (HOLDFAST_ALLOWED_HOSTS). */
  allowedHosts: readonly string[];
  exposure: Exposure;
  /** The built page, when there is one. */
  page?: PageFiles | undefined;
};

export type Http = {
  /** Port 0 takes any free one. Rejects UNPROCESSABLE for an unsafe bind, and what the system says when the address is taken. */
  listen(host: string, port: number): Promise<{ url: string; port: number }>;
  /** From now on nothing new is started (SHUTTING_DOWN); reads and streams go on. */
  drain(): void;
  /** Ends every stream, lets open requests finish for at most 5 s, then cuts what is left. Idempotent. */
  close(): Promise<void>;
};

/** The OpenAPI document of the API as it is. */
export function openApiDocument(version: string): Promise<Record<string, unknown>> {
  return documentOf(ROUTES, version);
}

export function createHttp(deps: HttpDeps): Http {
  return new HttpServer(deps);
}

class HttpServer implements Http {
  readonly #deps: HttpDeps;
  readonly #listener: Listener;
  readonly #streams: OpenStreams;
  readonly #stopping = new AbortController();
  #isDraining = false;

  constructor(deps: HttpDeps) {
    this.#deps = deps;
    this.#streams = new OpenStreams(deps.clock);
    this.#listener = new Listener({ ...deps, answer: this.#createAnswer() });
  }

  listen(host: string, port: number): Promise<{ url: string; port: number }> {
    return this.#listener.listen(host, port);
  }

  drain(): void {
    this.#isDraining = true;
  }

  async close(): Promise<void> {
    this.drain();
    this.#stopping.abort();
    this.#streams.closeAll();
    await this.#listener.close();
  }

  #createAnswer(): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
    const deps = this.#deps;
    const access = new Access(deps);
    access.onRevoked((id) => this.#streams.closeOf(id));
    let document: Promise<Record<string, unknown>> | undefined;
    const app = createApp(ROUTES, {
      rooms: {
        sessions: deps.sessions,
        worktrees: deps.worktrees,
        permissions: deps.permissions,
        changes: deps.changes,
        catalog: deps.catalog,
        pool: deps.pool,
        access,
        stream: async (outgoing, target, resume, credential) => {
          const openSink = () => createEventSink(openEventStream(outgoing), target, deps.clock);
          this.#streams.keep(await deps.events.subscribe(target, resume, openSink), credential);
        },
        health: () => deps.health(),
        diagnose: () => deps.diagnose(),
        describe: () => (document ??= openApiDocument(deps.version)),
        wake: (sessionId) => deps.turns.wake(sessionId),
      },
      clock: deps.clock,
      logger: deps.logger,
      page: deps.page,
      isDraining: () => this.#isDraining,
      stopping: this.#stopping.signal,
    });
    return getRequestListener((request, env) => app.fetch(request, env), {
      overrideGlobalObjects: false,
      errorHandler: unreadableRequest,
    });
  }
}

/** What the adapter could not make a request of, though the guard let it pass. */
function unreadableRequest(): Response {
  const { status, body, headers } = problemReply(
    new HoldfastError("INVALID_REQUEST", "The request could not be read."),
    randomHex(8),
  );
  return new Response(JSON.stringify(body), { status, headers: headers ?? {} });
}
