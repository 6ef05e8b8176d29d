/**
 * A listening server: limits of connections and time, the guard before everything, and a close that has an end. What goes wrong before a request
 * reaches whoever answers it is a problem document too.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  type Clock,
  errorText,
  HoldfastError,
  isHoldfastError,
  type Logger,
  randomHex,
  wait,
} from "@holdfast/kernel";
import { guard } from "./guard.ts";
import { type Exposure, HostPolicy, requireSafeBind, urlOf } from "./host-policy.ts";
import { problemReply } from "./problem.ts";
import { send } from "./reply.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

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

/** Requests for a WebSocket that somebody takes. All others are answered as if they had not asked for one. */
export type Upgrade = {
  takes(target: string): boolean;
  /** Owns the socket of a request that the guard let pass. */
  take(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
};

export type ListenerOptions = {
  /** Answers a request that the guard let pass; the security headers and `x-request-id` are set. Never rejects. */
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;
  /** Absent: nobody takes a WebSocket. Who does ends what is open before `close`. */
  upgrade?: Upgrade | undefined;
  /** Names beside loopback under which the server is reached. */
  allowedHosts: readonly string[];
  exposure: Exposure;
  clock: Clock;
  logger: Logger;
};

/** Somebody else has the address. */
export const isAddressInUse = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE";

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  #policy = new HostPolicy(0, []);
  #isClosing = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = this.#createServer();
  }

  /**
   * Port 0 takes any free one, which with `isAnyPortFine` also stands in for one that is taken. Rejects UNPROCESSABLE for an unsafe bind, and what the system
   * says when the address is taken.
   */
  async listen(
    host: string,
    port: number,
    { isAnyPortFine = false } = {},
  ): Promise<{ url: string; port: number }> {
    const { allowedHosts, exposure } = this.#options;
    requireSafeBind(host, allowedHosts, exposure);
    await this.#bind(host, port).catch((error: unknown) => {
      if (!isAnyPortFine || !isAddressInUse(error)) throw error;
      return this.#bind(host, 0);
    });
    const { address, port: actual } = this.#server.address() as AddressInfo;
    this.#policy = new HostPolicy(actual, allowedHosts);
    // The name may lead to another program on the same port: of the two loopback addresses only one is taken.
    return { url: urlOf(host === "localhost" ? address : host, actual), port: actual };
  }

  #bind(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** Takes no more connections, lets open requests finish for at most 5 s, then cuts what is left. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (!this.#server.listening) return;
    const { clock } = this.#options;
    let isClosed = false;
    this.#server.close(() => (isClosed = true));
    const end = clock.monotonic() + CLOSE_MS;
    const hasClosed = (): boolean => isClosed;
    while (!hasClosed() && clock.monotonic() < end) {
      this.#server.closeIdleConnections();
      await wait(clock, CLOSE_STEP_MS);
    }
    this.#server.closeAllConnections();
  }

  #createServer(): Server {
    const { answer, logger, upgrade } = this.#options;
    const limits = {
      ...(upgrade === undefined
        ? {}
        : { shouldUpgradeCallback: (incoming: IncomingMessage) => isTaken(upgrade, incoming) }),
      requireHostHeader: false,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: HEADER_BYTES,
    };
    const server = createServer(limits, (incoming, outgoing) => {
      outgoing.setHeaders(new Map(Object.entries(SECURITY_HEADERS)));
      outgoing.setHeader("x-request-id", randomHex(8));
      if (this.#isClosing) outgoing.setHeader("connection", "close");
      try {
        guard(incoming, this.#policy);
      } catch (error) {
        return sendProblem(logger, outgoing, error);
      }
      void answer(incoming, outgoing);
    });
    server.maxConnections = CONNECTIONS;
    server.on("clientError", refuseUnreadable);
    if (upgrade !== undefined)
      server.on("upgrade", (incoming, socket, head) => this.#upgrade(upgrade, incoming, socket, head));
    server.on("checkExpectation", (_incoming, outgoing: ServerResponse) => {
      outgoing.setHeader("x-request-id", randomHex(8));
      const refusal = new HoldfastError("INVALID_REQUEST", "No expectation but 100-continue is met.");
      sendProblem(logger, outgoing, refusal);
    });
    return server;
  }

  #upgrade(upgrade: Upgrade, incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    try {
      if (this.#isClosing) throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down.");
      guard(incoming, this.#policy);
      // Where the server cannot be told before which requests are taken, the others come here too.
      if (!isTaken(upgrade, incoming))
        throw new HoldfastError("NOT_FOUND", "No WebSocket is served at this path.");
    } catch (error) {
      return refuse(socket, error);
    }
    upgrade.take(incoming, socket, head);
  }
}

function isTaken(upgrade: Upgrade, { headers, url }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket" && upgrade.takes(url ?? "");
}

/** Answers with the problem that a thrown value stands for, and logs what a client may not see. */
export function sendProblem(logger: Logger, outgoing: ServerResponse, error: unknown): void {
  const requestId = String(outgoing.getHeader("x-request-id"));
  if (!isHoldfastError(error) || error.status >= 500)
    logger.error(
      { requestId, error: error instanceof Error ? error.stack : errorText(error) },
      "a request failed",
    );
  send(outgoing, problemReply(error, requestId));
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
  refuse(socket, new HoldfastError("INVALID_REQUEST", detail));
}

/** Answers a request for which there is no response object, and ends the connection. */
function refuse(socket: Duplex, error: unknown): void {
  const requestId = randomHex(8);
  const { status, body } = problemReply(error, requestId);
  const text = JSON.stringify(body);
  const headers = {
    ...SECURITY_HEADERS,
    "x-request-id": requestId,
    "content-type": "application/problem+json",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      ...lines,
      `content-length: ${Buffer.byteLength(text)}`,
      "connection: close",
      "",
      text,
    ].join("\r\n"),
  );
}
