/**
 * The listening server: limits of connections and time, the guard before everything, and a close that ends every stream. What goes wrong
 * before a request reaches the application is a problem document too.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Clock, HoldfastError, type Logger, randomHex, wait } from "@holdfast/kernel";
import type { Agent, LiveAgentList, Diagnostics, Health, SessionId } from "@holdfast/protocol";
import { getRequestListener } from "@hono/node-server";
import type { Events } from "../events/index.ts";
import type { Permissions } from "../permission/index.ts";
import type { Sessions } from "../session/index.ts";
import type { Worktrees } from "../worktree/index.ts";
import { Access, type TokenStore } from "./access.ts";
import { createApp, sendProblem } from "./app.ts";
import { documentOf } from "./describe.ts";
import { guard } from "./guard.ts";
import { type Exposure, HostPolicy, requireSafeBind, urlOf } from "./host-policy.ts";
import type { PageFiles } from "./page.ts";
import { problemReply } from "./problem.ts";
import type { ChangesDoor } from "./route.ts";
import { ROUTES } from "./routes/index.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { Streams } from "./stream.ts";

/** Connections at once, and milliseconds for the headers, for a whole request, and between two requests. */
const CONNECTIONS = 4_096;
const HEADERS_MS = 10_000;
const REQUEST_MS = 60_000;
const KEEP_ALIVE_MS = 30_000;
const CHECK_MS = 2_000;
const HEADER_BYTES = 32 * 1024;
/** How long open requests may take to end after `close`, in ms. */
const CLOSE_MS = 5_000;
const CLOSE_STEP_MS = 20;

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
  readonly #server: Server;
  readonly #streams: Streams;
  readonly #stopping = new AbortController();
  #policy: HostPolicy;
  #isDraining = false;

  constructor(deps: HttpDeps) {
    this.#deps = deps;
    this.#policy = new HostPolicy(0, []);
    this.#streams = new Streams(deps.events, deps.clock);
    this.#server = this.#createServer(this.#createListener());
  }

  async listen(host: string, port: number): Promise<{ url: string; port: number }> {
    requireSafeBind(host, this.#deps.allowedHosts, this.#deps.exposure);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    const { address, port: actual } = this.#server.address() as AddressInfo;
    this.#policy = new HostPolicy(actual, this.#deps.allowedHosts);
    // The name may lead to another program on the same port: of the two loopback addresses only one is taken.
    return { url: urlOf(host === "localhost" ? address : host, actual), port: actual };
  }

  drain(): void {
    this.#isDraining = true;
  }

  async close(): Promise<void> {
    this.drain();
    this.#stopping.abort();
    this.#streams.closeAll();
    if (!this.#server.listening) return;
    let isClosed = false;
    this.#server.close(() => (isClosed = true));
    const end = this.#deps.clock.monotonic() + CLOSE_MS;
    const hasClosed = (): boolean => isClosed;
    while (!hasClosed() && this.#deps.clock.monotonic() < end) {
      this.#server.closeIdleConnections();
      await wait(this.#deps.clock, CLOSE_STEP_MS);
    }
    this.#server.closeAllConnections();
  }

  #createListener(): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
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
        streams: this.#streams,
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

  #createServer(listener: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>): Server {
    const options = {
      requireHostHeader: false,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: HEADER_BYTES,
    };
    const server = createServer(options, (incoming, outgoing) => {
      outgoing.setHeaders(new Map(Object.entries(SECURITY_HEADERS)));
      outgoing.setHeader("x-request-id", randomHex(8));
      if (this.#stopping.signal.aborted) outgoing.setHeader("connection", "close");
      try {
        guard(incoming, this.#policy);
      } catch (error) {
        return sendProblem(this.#deps.logger, outgoing, error);
      }
      void listener(incoming, outgoing);
    });
    server.maxConnections = CONNECTIONS;
    server.on("clientError", refuseUnreadable);
    server.on("checkExpectation", (_incoming, outgoing: ServerResponse) => {
      outgoing.setHeader("x-request-id", randomHex(8));
      sendProblem(
        this.#deps.logger,
        outgoing,
        new HoldfastError("INVALID_REQUEST", "No expectation but 100-continue is met."),
      );
    });
    return server;
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

/** Bytes that are no request: answered as far as the socket still takes an answer, then cut. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const detail =
    error.code === "HPE_HEADER_OVERFLOW"
      ? `The headers are larger than ${HEADER_BYTES} bytes.`
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "The request did not arrive in time."
        : "The bytes are not an HTTP request.";
  const requestId = randomHex(8);
  const { status, body } = problemReply(new HoldfastError("INVALID_REQUEST", detail), requestId);
  const text = JSON.stringify(body);
  const headers = {
    ...SECURITY_HEADERS,
    "x-request-id": requestId,
    "content-type": "application/problem+json",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    [
      `HTTP/1.1 ${status} Bad Request`,
      ...lines,
      `content-length: ${Buffer.byteLength(text)}`,
      "connection: close",
      "",
      text,
    ].join("\r\n"),
  );
}
