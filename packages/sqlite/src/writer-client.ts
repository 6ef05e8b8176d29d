import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
/**
 * The calling thread's end of the writer thread: batches the commands of a tick into one message, settles them when their commit is
 * reported, and turns every way the thread can die into the one fail-stop (D-34), after which nothing settles any more.
 *
 *   opening -> open -> closing -> closed;  open | closing -> failed
 */
import { errorText, HoldfastError, type Logger, systemClock, within } from "@holdfast/kernel";
import { approximateBytes } from "./approximate-bytes.ts";
import type { Note } from "./contract.ts";
import {
  type Command,
  fromWire,
  type FromWriter,
  type ToWriter,
  type WalState,
  type WireError,
} from "./wire.ts";
import type { WriterOptions } from "./writer-thread.ts";

/** Accepted and unanswered at most; beyond it the disk is far behind and callers get 503 instead of memory growing. */
const MAX_PENDING_COMMANDS = 100_000;
const MAX_PENDING_BYTES = 268_435_456;
/** ms for opening, which includes the migrations and the copy before them. */
const OPEN_DEADLINE_MS = 600_000;
/** ms for the accepted commands and the last checkpoint at close. */
const CLOSE_DEADLINE_MS = 30_000;

type Waiting = { resolve: (value: never) => void; reject: (error: Error) => void; bytes: number };
type State = "opening" | "open" | "closing" | "closed" | "failed";

export class WriterClient {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #logger: Logger;
  readonly #waiting = new Map<number, Waiting>();
  readonly #checkpoints = new Map<number, (state: WalState) => void>();
  readonly #noteListeners = new Set<(notes: Note[]) => void>();
  readonly #fatalListeners: ((error: Error) => void)[] = [];
  readonly #opened = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  /** What the log says when the write-ahead log cannot be reset: who reads. */
  readonly #describeReaders: () => string[];
  #drained: PromiseWithResolvers<void> | undefined;
  #batch: Command[] = [];
  #lastId = 0;
  #bytes = 0;
  #groups = 0;
  #commands = 0;
  #state: State = "opening";
  #fatal: Error | undefined;

  constructor(options: Omit<WriterOptions, "port">, logger: Logger, describeReaders: () => string[]) {
    this.#logger = logger;
    this.#describeReaders = describeReaders;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    const workerData: WriterOptions = { ...options, port: port2 };
    this.#worker = new Worker(new URL(`./writer-thread${extension}`, import.meta.url), {
      workerData,
      transferList: [port2],
      execArgv: [],
      name: `writer ${options.file}`,
    });
    this.#opened.promise.catch(() => undefined);
    port1.on("message", (message: FromWriter) => this.#receive(message));
    port1.on("messageerror", (error) => this.#fail(error));
    this.#worker.on("error", (error) =>
      this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
    this.#worker.on("exit", (code) => this.#exited(code));
  }

  /** Resolves when commands can run; rejects with the reason the database was refused. The thread is gone then. */
  async opened(): Promise<void> {
    try {
      const opened = this.#opened.promise.then(() => true);
      if ((await within(systemClock, OPEN_DEADLINE_MS, opened)) === true) return;
      throw new HoldfastError(
        "STORAGE_UNAVAILABLE",
        `The database did not open within ${OPEN_DEADLINE_MS} ms.`,
      );
    } catch (error) {
      this.#state = "closed";
      await this.#worker.terminate();
      this.#port.close();
      throw error;
    }
  }

  run<T>(name: string, args: unknown): Promise<T> {
    if (this.#state === "failed") return new Promise<T>(() => undefined);
    if (this.#state !== "open") return Promise.reject(shuttingDown());
    if (this.#waiting.size >= MAX_PENDING_COMMANDS || this.#bytes >= MAX_PENDING_BYTES) {
      return Promise.reject(
        new HoldfastError("STORAGE_UNAVAILABLE", "The store is too far behind to accept more; retry later."),
      );
    }
    const bytes = approximateBytes(args);
    this.#lastId += 1;
    const id = this.#lastId;
    this.#bytes += bytes;
    if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
    this.#batch.push([id, name, args, bytes]);
    return new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject, bytes }));
  }

  onNotes(listener: (notes: Note[]) => void): () => void {
    const own = (notes: Note[]) => listener(notes);
    this.#noteListeners.add(own);
    return () => this.#noteListeners.delete(own);
  }

  onFatal(listener: (error: Error) => void): void {
    this.#fatalListeners.push(listener);
    if (this.#fatal !== undefined) listener(this.#fatal);
  }

  pending(): { commands: number; bytes: number } {
    return { commands: this.#waiting.size, bytes: this.#bytes };
  }

  stats(): { groups: number; commands: number } {
    return { groups: this.#groups, commands: this.#commands };
  }

  checkpoint(): Promise<WalState> {
    if (this.#state === "failed") return new Promise(() => undefined);
    if (this.#state !== "open") return Promise.reject(shuttingDown());
    this.#flush();
    this.#lastId += 1;
    const id = this.#lastId;
    this.#post({ kind: "checkpoint", id });
    return new Promise((resolve) => this.#checkpoints.set(id, resolve));
  }

  /** From here on commands are refused; those accepted before still finish. */
  refuse(): void {
    if (this.#state === "open") this.#state = "closing";
  }

  /** Resolves when everything accepted before is settled, or can no longer be. */
  async drained(): Promise<void> {
    this.#flush();
    if (this.#waiting.size === 0 || this.#state === "failed") return;
    this.#drained ??= Promise.withResolvers<void>();
    await within(systemClock, CLOSE_DEADLINE_MS, this.#drained.promise);
  }

  /** Ends the thread behind the accepted commands. After a fail-stop it is ended as it is, without touching the files. */
  async close(): Promise<void> {
    this.refuse();
    if (this.#state === "closing") {
      this.#flush();
      this.#post({ kind: "close" });
      const done = await within(
        systemClock,
        CLOSE_DEADLINE_MS,
        this.#ended.promise.then(() => true),
      );
      if (done !== true)
        this.#fail(new Error(`The writer did not finish within ${CLOSE_DEADLINE_MS} ms of close.`));
    }
    await this.#worker.terminate();
    this.#port.close();
  }

  #flush(): void {
    if (this.#batch.length === 0 || this.#state === "failed") return;
    const batch = this.#batch;
    this.#batch = [];
    try {
      this.#post(batch);
    } catch {
      for (const command of batch) this.#postAlone(command);
    }
  }

  /** Finds the command of a batch whose args cannot be cloned; the others go their way. */
  #postAlone(command: Command): void {
    try {
      this.#post([command]);
    } catch (error) {
      const message = `The arguments of ${command[1]} cannot be sent to the writer.`;
      this.#settle(command[0])?.reject(new HoldfastError("INTERNAL", message, { cause: error }));
    }
  }

  #post(message: ToWriter): void {
    this.#port.postMessage(message);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    this.#bytes -= waiting.bytes;
    if (this.#waiting.size === 0) this.#drained?.resolve();
    return waiting;
  }

  #receive(message: FromWriter): void {
    if (this.#state === "failed") return;
    if (!("kind" in message)) {
      const [answers, notes, commits, commands] = message;
      this.#groups += commits;
      this.#commands += commands;
      if (notes.length > 0) this.#publish(notes);
      this.#answer(answers);
      return;
    }
    switch (message.kind) {
      case "ready":
        this.#state = "open";
        return this.#opened.resolve();
      case "refused":
        this.#state = "closed";
        return this.#opened.reject(fromWire(message.error));
      case "fatal":
        return this.#fail(new Error(message.message, { cause: new Error(message.cause) }));
      case "checkpointed":
        this.#checkpoints.get(message.id)?.(message.state);
        this.#checkpoints.delete(message.id);
        return;
      case "wal":
        return this.#logger.warn(
          { walBytes: message.walBytes, truncated: message.truncated, readers: this.#describeReaders() },
          "a reader kept the write-ahead log from being reset",
        );
      case "log":
        return this.#logger[message.level](message.fields, message.message);
      case "closed":
        this.#state = "closed";
        return this.#ended.resolve();
    }
  }

  #publish(notes: Note[]): void {
    for (const listener of this.#noteListeners) {
      try {
        listener(notes);
      } catch (error) {
        this.#logger.error({ error: String(error) }, "a listener of committed notes failed");
      }
    }
  }

  #answer(answers: readonly unknown[]): void {
    for (let at = 0; at < answers.length; at += 3) {
      const waiting = this.#settle(answers[at] as number);
      if (answers[at + 1] === true) waiting?.resolve(answers[at + 2] as never);
      else waiting?.reject(fromWire(answers[at + 2] as WireError));
    }
  }

  #exited(code: number): void {
    if (this.#state === "open" || this.#state === "closing" || this.#state === "opening") {
      this.#fail(new Error(`The writer thread ended with code ${code}.`));
    }
  }

  #fail(error: Error): void {
    if (this.#state === "failed" || this.#state === "closed") return;
    const wasOpening = this.#state === "opening";
    this.#state = "failed";
    this.#fatal = error;
    if (wasOpening) return this.#opened.reject(error);
    this.#logger.error({ error: error.message, cause: errorText(error.cause) }, "the store stopped");
    this.#ended.resolve();
    this.#drained?.resolve();
    if (this.#fatalListeners.length === 0) {
      queueMicrotask(() => {
        throw error;
      });
    }
    for (const listener of this.#fatalListeners) listener(error);
  }
}

export function shuttingDown(): HoldfastError {
  return new HoldfastError("SHUTTING_DOWN", "The store is shutting down; retry after the restart.");
}
