import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
/**
 * The calling thread's end of the reader thread. Started by the first request, ended by `close` or by a request's deadline; a thread that
 * died is replaced at the next request, after its predecessor is really gone. Reads are safe to lose: their callers get a 503.
 */
import { HoldfastError, systemClock, type Timer, wait } from "@holdfast/kernel";
import type { ReaderOptions } from "./reader-thread.ts";
import { type FromReader, fromWire, type ToReader } from "./wire.ts";
import { shuttingDown } from "./writer-client.ts";

/** ms a query may take unless its caller says otherwise; it also bounds how long a reader can keep the log from being reset. */
const QUERY_DEADLINE_MS = 60_000;
/** ms that queries already running get at close. */
const CLOSE_GRACE_MS = 5_000;
/** Requests waiting for the one thread at most. */
const MAX_WAITING = 1_000;

type Waiting = {
  label: string;
  resolve: (value: never) => void;
  reject: (error: Error) => void;
  deadline: Timer;
};
type Request = { kind: "query"; name: string; args: unknown } | { kind: "copy"; path: string };

export class QueryThread {
  readonly #options: Omit<ReaderOptions, "port">;
  readonly #waiting = new Map<number, Waiting>();
  #thread: { worker: Worker; port: MessagePort } | undefined;
  /** Settles when the previous thread is gone. */
  #previous: Promise<unknown> = Promise.resolve();
  #lastId = 0;
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(options: Omit<ReaderOptions, "port">) {
    this.#options = options;
  }

  /** Names of what is being read, oldest first. */
  reading(): string[] {
    return [...this.#waiting.values()].map((waiting) => waiting.label);
  }

  async request<T>(request: Request, deadlineMs = QUERY_DEADLINE_MS): Promise<T> {
    await this.#previous;
    if (this.#closed) throw shuttingDown();
    if (this.#waiting.size >= MAX_WAITING) {
      throw new HoldfastError("STORAGE_UNAVAILABLE", "Too many long reads are waiting; retry later.");
    }
    const { port } = (this.#thread ??= this.#start());
    this.#lastId += 1;
    const id = this.#lastId;
    const label = request.kind === "copy" ? "copy" : request.name;
    const answer = Promise.withResolvers<T>();
    const message: ToReader = { ...request, id };
    try {
      port.postMessage(message);
    } catch (error) {
      throw new HoldfastError("INTERNAL", `The arguments of ${label} cannot be sent to the reader.`, {
        cause: error,
      });
    }
    const deadline = systemClock.after(deadlineMs, () => {
      this.#abandon(`The read ${label} took longer than ${deadlineMs} ms.`);
    });
    this.#waiting.set(id, { label, resolve: answer.resolve, reject: answer.reject, deadline });
    return answer.promise;
  }

  /** Lets running queries end for a moment, then ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#waiting.size > 0) {
      const drained = new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
      const grace = new AbortController();
      await Promise.race([drained, wait(systemClock, CLOSE_GRACE_MS, grace.signal)]);
      grace.abort();
    }
    this.#abandon("The store is shutting down.");
    await this.#previous;
  }

  #start(): { worker: Worker; port: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    const workerData: ReaderOptions = { ...this.#options, port: port2 };
    const worker = new Worker(new URL(`./reader-thread${extension}`, import.meta.url), {
      workerData,
      transferList: [port2],
      execArgv: [],
      name: "reader",
    });
    const thread = { worker, port: port1 };
    port1.on("message", (message: FromReader) => this.#receive(message));
    worker.on("error", (error) => this.#lost(thread, error));
    worker.on("exit", () => this.#lost(thread, undefined));
    return thread;
  }

  #receive(message: FromReader): void {
    if (message.kind === "ready") return;
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    waiting.deadline.cancel();
    if (message.ok) waiting.resolve(message.value as never);
    else waiting.reject(fromWire(message.error));
    if (this.#waiting.size === 0) this.#drained?.();
  }

  #lost(thread: { worker: Worker; port: MessagePort }, error: unknown): void {
    if (this.#thread === thread) this.#abandon("The reader thread ended.", error);
  }

  /** Ends the thread whatever it does; everything that waits for it is refused. A new one may start when it is gone. */
  #abandon(reason: string, cause?: unknown): void {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread !== undefined) {
      thread.port.close();
      this.#previous = thread.worker.terminate();
    }
    const abandoned = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of abandoned) {
      waiting.deadline.cancel();
      waiting.reject(
        new HoldfastError(this.#closed ? "SHUTTING_DOWN" : "STORAGE_UNAVAILABLE", reason, { cause }),
      );
    }
  }
}
