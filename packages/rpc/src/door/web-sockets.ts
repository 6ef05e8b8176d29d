import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "@holdfast/kernel";
import { type WebSocket, WebSocketServer } from "ws";
import { RPC_LIMITS } from "../limits.ts";
import type { Places } from "./places.ts";

/** Codes with which a connection is closed (RFC 6455, 7.4). */
export const CLOSE = {
  stopped: 1001,
  unsupported: 1003,
  refused: 1008,
  broken: 1011,
  replaced: 1012,
  busy: 1013,
} as const;

/** Between two signs of life, in ms; who gives none is gone. */
const SIGN_MS = 30_000;
/** For the peer's half of a close, in ms. */
const CLOSE_MS = 2_000;

/** One connection that stays. Texts only; whatever else comes ends it. */
export type TextSocket = {
  send(text: string | Buffer): void;
  /** Bytes that the peer has not taken. */
  backlog(): number;
  /** Reads no more until `resume`. */
  pause(): void;
  resume(): void;
  /** Says why, as far as a peer still listens. Idempotent. */
  close(code: number, reason: string): void;
};

/** What a connection tells. `onClose` comes once, whoever closed. */
export type SocketEars = { onText(text: string): void; onClose(): void };

/** Makes WebSockets of requests for one (S-29): bounded messages, no compression, signs of life. */
export class WebSockets {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: RPC_LIMITS.messageBytes,
  });
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #open = new Set<WebSocket>();

  constructor(clock: Clock, places: Places) {
    this.#clock = clock;
    this.#places = places;
  }

  /** Takes the connection over. `greet` is called once it stands. */
  accept(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    address: string,
    greet: (socket: TextSocket) => SocketEars,
  ): void {
    const leave = this.#places.take(address);
    if (leave === undefined) {
      socket.end(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
      );
      return;
    }
    socket.once("close", leave);
    this.#server.handleUpgrade(incoming, socket, head, (webSocket) => this.#keep(webSocket, greet));
  }

  /** Closes every connection. */
  stop(): void {
    for (const webSocket of this.#open)
      closeOf(webSocket, this.#clock, CLOSE.stopped, "The server is shutting down.");
  }

  #keep(webSocket: WebSocket, greet: (socket: TextSocket) => SocketEars): void {
    this.#open.add(webSocket);
    const ears = greet({
      send: (text) => {
        if (webSocket.readyState === webSocket.OPEN) webSocket.send(text, { binary: false });
      },
      backlog: () => webSocket.bufferedAmount,
      pause: () => webSocket.pause(),
      resume: () => webSocket.resume(),
      close: (code, reason) => closeOf(webSocket, this.#clock, code, reason),
    });
    let isThere = true;
    let sign: Timer | undefined;
    const watch = (): void => {
      sign = this.#clock.after(SIGN_MS, () => {
        if (!isThere) return webSocket.terminate();
        isThere = false;
        webSocket.ping();
        watch();
      });
    };
    watch();
    webSocket.on("pong", () => (isThere = true));
    webSocket.on("message", (data, isBinary) => {
      isThere = true;
      if (isBinary) closeOf(webSocket, this.#clock, CLOSE.unsupported, "Messages are text.");
      // Of a server, one whole message is one buffer.
      else ears.onText((data as Buffer).toString());
    });
    // What is wrong with a frame is said by `ws` itself; the close follows.
    webSocket.on("error", () => undefined);
    webSocket.once("close", () => {
      sign?.cancel();
      this.#open.delete(webSocket);
      ears.onClose();
    });
  }
}

function closeOf(webSocket: WebSocket, clock: Clock, code: number, reason: string): void {
  if (webSocket.readyState !== webSocket.OPEN) return;
  // A paused connection would not hear the other half of the close.
  webSocket.resume();
  webSocket.close(code, reason);
  const timer = clock.after(CLOSE_MS, () => webSocket.terminate());
  webSocket.once("close", () => timer.cancel());
}
