import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Frame, RequestLine } from "./record-log.ts";

export type ToRecorder =
  | { type: "begin"; file: string }
  | { type: "target"; url: string; token: string }
  | { type: "request"; id: string; line: Omit<RequestLine, "kind"> }
  | { type: "cut"; id: string }
  | { type: "drain" };

export type FromRecorder =
  | ({ type: "frame"; id: string } & Omit<Frame, "n">)
  | { type: "ended"; id: string; complete: boolean; status?: number | undefined; body?: string | undefined }
  | { type: "drained" };

/** A complete answer, as the orchestrator needs it to go on. What counts is in the recorder's file. */
export type Received = { status: number; body: unknown };
export type LiveFrame = Omit<Frame, "n">;
export type OpenStream = { ended: Promise<void>; cut(): void };

type Waiting = {
  done: (received: Received | undefined) => void;
  onFrame?: (frame: LiveFrame) => void;
};

const program = join(import.meta.dirname, "recorder-process.ts");

/** The orchestrator's end of the recorder process. One file per life of a server. */
export class Recorder {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, Waiting>();
  #drained: (() => void) | undefined;
  #count = 0;

  constructor() {
    this.#child = fork(program, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (message) => this.#take(message as FromRecorder));
    this.#child.on("exit", () => this.#lost());
  }

  begin(file: string): void {
    this.#tell({ type: "begin", file });
  }

  target(url: string, token: string): void {
    this.#tell({ type: "target", url, token });
  }

  /** `undefined` when no complete answer came. */
  request(line: Omit<RequestLine, "kind">): Promise<Received | undefined> {
    return new Promise((done) => {
      this.#send(line, { done });
    });
  }

  stream(line: Omit<RequestLine, "kind" | "method">, onFrame: (frame: LiveFrame) => void): OpenStream {
    let id = "";
    const ended = new Promise<void>((resolve) => {
      id = this.#send({ method: "GET", ...line }, { done: () => resolve(), onFrame });
    });
    return { ended, cut: () => this.#tell({ type: "cut", id }) };
  }

  /** Reads what is left in the sockets of a server that is gone, and closes the file. */
  async drain(): Promise<void> {
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.#tell({ type: "drain" });
    await drained;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  #send(line: Omit<RequestLine, "kind">, waiting: Waiting): string {
    this.#count += 1;
    const id = `r${this.#count}`;
    this.#waiting.set(id, waiting);
    this.#tell({ type: "request", id, line });
    return id;
  }

  #tell(message: ToRecorder): void {
    this.#child.send(message);
  }

  #take(message: FromRecorder): void {
    if (message.type === "drained") {
      this.#drained?.();
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.type === "frame") {
      const { event, data, id: _id } = message;
      waiting?.onFrame?.({ event, data });
      return;
    }
    this.#waiting.delete(message.id);
    const { complete, status, body } = message;
    const answer = { status: status ?? 0, body: body ? (JSON.parse(body) as unknown) : undefined };
    waiting?.done(complete ? answer : undefined);
  }

  #lost(): void {
    for (const { done } of this.#waiting.values()) done(undefined);
    this.#waiting.clear();
    this.#drained?.();
  }
}
