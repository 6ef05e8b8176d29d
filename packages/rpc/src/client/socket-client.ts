/** capnweb over one WebSocket that is kept, as a program wants it: bounded messages, no redirects, a deadline for each call. */
import { RpcSession, type RpcStub, type RpcTransport } from "capnweb";
import { WebSocket } from "ws";
import { type ClientOptions, NoDoor } from "./no-door.ts";

export class SocketClient<Main> {
  readonly #options: ClientOptions;
  #connection: Connection<Main> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Whether the next call finds a connection. */
  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Calls what `ask` asks of the main stub, on the connection that is there, or on a new one, on which it is the first message. Rejects with NoDoor, with what the call rejects
   * with, or with why nobody knows. `kept` holds what is worth keeping for later calls of this connection. After a missed deadline the connection is closed: what it still brings would be of a call that was given up.
   */
  async call<T>(ask: (main: RpcStub<Main>, kept: Map<string, unknown>) => PromiseLike<T>): Promise<T> {
    const connection = (this.#connection ??= this.#connect());
    const late = Promise.withResolvers<never>();
    const timer = this.#options.clock.after(this.#options.deadlineMs, () => {
      late.reject(new Error("deadline"));
      connection.close();
    });
    try {
      return await Promise.race([ask(connection.main, connection.kept), late.promise]);
    } catch (error) {
      throw connection.noDoor ?? error;
    } finally {
      timer.cancel();
    }
  }

  close(): void {
    this.#connection?.close();
  }

  #connect(): Connection<Main> {
    const connection = new Connection<Main>(this.#options, () => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    return connection;
  }
}

class Connection<Main> implements RpcTransport {
  readonly main: RpcStub<Main>;
  /** Stubs that live as long as the connection, by names of whoever calls. */
  readonly kept = new Map<string, unknown>();
  /** Why it never stood. */
  noDoor: NoDoor | undefined;
  readonly #socket: WebSocket;
  readonly #waiting: string[] = [];
  readonly #heard: string[] = [];
  #listener: { resolve(text: string): void; reject(error: Error): void } | undefined;
  #end: Error | undefined;

  constructor({ url, deadlineMs, mostBytes }: ClientOptions, onEnd: () => void) {
    const address = new URL(url);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, {
      maxPayload: mostBytes,
      perMessageDeflate: false,
      handshakeTimeout: deadlineMs,
      followRedirects: false,
    });
    this.#socket = socket;
    socket.on("open", () => this.#waiting.splice(0).forEach((text) => socket.send(text)));
    socket.on("message", (data) => this.#hear((data as Buffer).toString()));
    socket.on("unexpected-response", (_request, response) => {
      this.noDoor = new NoDoor(response.statusCode ?? 0, "", response.headers["retry-after"] ?? null);
      response.destroy();
      this.#over(this.noDoor, onEnd);
    });
    socket.on("error", (error) => this.#over(error, onEnd));
    socket.on("close", (code) => this.#over(new Error(`closed with ${code}`), onEnd));
    this.main = new RpcSession<Main>(this).getRemoteMain();
  }

  send(text: string): void {
    if (this.#socket.readyState === this.#socket.CONNECTING) this.#waiting.push(text);
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  receive(): Promise<string> {
    const next = this.#heard.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => (this.#listener = { resolve, reject }));
  }

  abort(): void {
    this.close();
  }

  close(): void {
    this.#socket.close();
  }

  #hear(text: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) this.#heard.push(text);
    else listener.resolve(text);
  }

  #over(error: Error, onEnd: () => void): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    onEnd();
    this.#listener?.reject(error);
    this.#socket.terminate();
  }
}
