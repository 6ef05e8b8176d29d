/** capnweb over one WebSocket, which is kept for all groups: the first one on it redeems the ref. */
import { newWebSocketRpcSession } from "capnweb";
import { HoldfastConnectionError } from "../error.ts";
import { type IntentTransport, NoWayError } from "../intent.ts";
import { intentsOverHttp } from "../intents-over-http.ts";
import { TRANSPORT_LIMITS, type TransportConfig } from "../transport.ts";
import { rpcAddress } from "./rpc-address.ts";
import { type Pipelined, type RefStub, sendGroup } from "./send-group.ts";

type Main = Disposable & { redeem(secret: string): RefStub };

/**
 * Calls of a ref over a WebSocket of this platform (S-27), made when there is something to send, and closed by `close`. `token` is the ref's secret. What is too long for the server's door goes as a
 * request of its own; where no connection comes about, this is no way (NoWayError).
 */
export function intentsOverSocket(config: TransportConfig): IntentTransport {
  const rest = intentsOverHttp(config);
  let connection: Connection | undefined;
  return {
    send: (group, context) =>
      sendGroup(group, context, {
        rest,
        ask(make, signal) {
          if (connection === undefined || connection.isOver) connection = new Connection(config);
          return connection.ask(make, signal);
        },
      }),
    close: () => connection?.close(),
  };
}

class Connection {
  readonly #socket: WebSocket;
  readonly #main: Main;
  #ref: (RefStub & Partial<Disposable>) | undefined;
  readonly #token: string;
  readonly #timeoutMs: number;
  #isOpened = false;
  #end: Error | undefined;

  constructor({ url, token = "", limits }: TransportConfig) {
    this.#token = token;
    this.#timeoutMs = { ...TRANSPORT_LIMITS, ...limits }.requestTimeoutMs;
    this.#socket = socketTo(rpcAddress(url).replace(/^http/, "ws"));
    this.#socket.addEventListener("open", () => (this.#isOpened = true));
    this.#socket.addEventListener("close", ({ code }) => this.#over(`it was closed with ${code}`));
    this.#main = newWebSocketRpcSession(this.#socket) as unknown as Main;
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** After a missed deadline it is closed: what it still brings would be of calls that are made again elsewhere. */
  async ask(
    make: (stub: RefStub) => Pipelined[],
    signal: AbortSignal,
  ): Promise<PromiseSettledResult<unknown>[]> {
    const late = () => this.#over(`nothing came in ${this.#timeoutMs} ms`);
    const left = () => this.#over("it was left");
    const timer = setTimeout(late, this.#timeoutMs);
    signal.addEventListener("abort", left, { once: true });
    try {
      const ref = (this.#ref ??= this.#main.redeem(this.#token));
      const answers = await Promise.allSettled(make(ref));
      if (!this.#isOpened) throw new NoWayError("No WebSocket to the server came about.", this.#end);
      if (answers.some(({ status }) => status === "rejected")) this.#drop(ref);
      return answers;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", left);
    }
  }

  close(): void {
    this.#over("it was closed");
  }

  /** It may have been the redemption that was refused: it is tried again with the next group. */
  #drop(ref: Partial<Disposable>): void {
    this.#ref = undefined;
    if (!this.isOver) ref[Symbol.dispose]?.();
  }

  #over(why: string): void {
    if (this.#end !== undefined) return;
    this.#end = new HoldfastConnectionError(`The connection ended: ${why}.`);
    this.#main[Symbol.dispose]();
  }
}

function socketTo(address: string): WebSocket {
  try {
    return new WebSocket(address);
  } catch (error) {
    throw new NoWayError("There are no WebSockets here, or not to this address.", error);
  }
}
