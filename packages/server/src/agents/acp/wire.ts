/**
 * The one serial loop of a connection: everything that an agent writes passes here in wire order.
 *
 *   stdout ─► lines ─► session/update ─► listener.update, awaited before the next line
 *                   ├► responses, requests ─► listener.passed, then the SDK, in the same order
 *                   └► noise, dropped lines, other notifications ─► listener.stray
 *
 * Invariants: nothing asynchronous stands between a line and its listener, so when a response passes, all updates before it were applied and
 * none after it was; while the listener is not ready nothing more is read, so the agent waits; nothing that is no request is ever answered.
 */
import type { Readable, Writable } from "node:stream";
import type { AnyMessage, AnyRequest, AnyResponse, Stream } from "@agentclientprotocol/sdk";
import { LineSplitter, type Line } from "../../process/index.ts";
import { droppedResponseId, readLine } from "./wire-message.ts";

export type Request = Pick<AnyRequest, "method" | "params">;

/** Who listens to the loop. All calls come in wire order; only `update` and `asked` may make the loop wait. */
export type WireListener = {
  update(sessionId: string, update: Record<string, unknown>, bytes: number): Promise<void> | undefined;
  /** A response to our own request `method` passes. */
  answered(method: string, response: AnyResponse): void;
  /** The agent asks something, in a line of that length; it is passed on once the promise has resolved. */
  asked(request: Request, bytes: number): Promise<void> | undefined;
  /** What fits nowhere: `kind` names it, `text` is the start or end of it. */
  stray(kind: string, bytes: number, text: string): void;
};

/** What a response that was too long is replaced by, so that whoever waits for it hears of it. */
export const RESPONSE_TOO_LARGE = -32_099;

/** Notifications that the SDK hands on; every other one but updates is a stray. */
const CANCEL_REQUEST = "$/cancel_request";
export const ELICITATION_COMPLETE = "elicitation/complete";
const FORWARDED = new Set([CANCEL_REQUEST, ELICITATION_COMPLETE]);

export class Wire {
  /** What the SDK connects to. */
  readonly stream: Stream;
  /** Resolves when stdout has ended and everything before its end was passed on; never rejects. */
  readonly ended: Promise<void>;
  readonly #listener: WireListener;
  readonly #pending = new Map<string | number, string>();
  readonly #released: Promise<void>;
  #release: () => void = () => undefined;
  #toSdk: ReadableStreamDefaultController<AnyMessage> | undefined;
  #noiseLines = 0;
  #hasEnded = false;

  constructor(pipes: { stdin: Writable; stdout: Readable }, listener: WireListener) {
    this.#listener = listener;
    this.#released = new Promise((resolve) => (this.#release = resolve));
    this.stream = {
      readable: new ReadableStream<AnyMessage>({
        start: (controller) => {
          this.#toSdk = controller;
        },
        cancel: () => {
          this.#toSdk = undefined;
        },
      }),
      writable: new WritableStream<AnyMessage>({ write: (message) => this.#send(pipes.stdin, message) }),
    };
    this.ended = this.#run(pipes.stdout);
  }

  /** True when nothing more comes. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Lines so far that were no message. */
  get noiseLines(): number {
    return this.#noiseLines;
  }

  /** From now on the loop waits for nobody: the connection is being given up, and its end must be reached. */
  release(): void {
    this.#release();
  }

  async #run(stdout: Readable): Promise<void> {
    const splitter = new LineSplitter();
    try {
      for await (const chunk of stdout) {
        for (const line of splitter.push(chunk as Buffer)) {
          const ready = this.#passSafely(line);
          if (ready !== undefined) await ready.catch(() => undefined);
        }
      }
    } catch {
      // The pipe broke, which is one way for it to end.
    }
    const last = splitter.end();
    if (last !== undefined) await this.#passSafely(last)?.catch(() => undefined);
    this.#hasEnded = true;
    try {
      this.#toSdk?.close();
    } catch {
      // The SDK gave up on it before.
    }
  }

  /** A listener that breaks at one line must not stop the loop: whoever waits would wait for ever. */
  #passSafely(line: Line): Promise<void> | undefined {
    try {
      return this.#pass(line);
    } catch {
      return undefined;
    }
  }

  #pass(line: Line): Promise<void> | undefined {
    if ("dropped" in line) return this.#drop(line.dropped);
    const { text } = line;
    const read = readLine(text);
    switch (read.is) {
      case "update": {
        const ready = this.#listener.update(read.sessionId, read.update, text.length);
        return ready && Promise.race([ready, this.#released]);
      }
      case "response":
        return this.#answer(read.message, text);
      case "request":
        return this.#ask(read.message, text.length);
      case "notification":
        if (FORWARDED.has(read.method)) return this.#forward(read.message);
        return this.#listener.stray(read.method, text.length, text) as undefined;
      case "noise":
        this.#noiseLines += 1;
        return this.#listener.stray("noise", text.length, text) as undefined;
    }
  }

  #ask(request: AnyRequest, bytes: number): Promise<void> | undefined {
    let ready: Promise<void> | undefined;
    try {
      ready = this.#listener.asked(request, bytes);
    } finally {
      // Also when the listener breaks: the agent waits for an answer.
      if (ready === undefined) this.#forward(request);
    }
    return ready && Promise.race([ready, this.#released]).then(() => this.#forward(request));
  }

  #answer(response: AnyResponse, text: string): undefined {
    const method = response.id === null ? undefined : this.#pending.get(response.id);
    if (method === undefined || response.id === null) {
      this.#listener.stray("response", text.length, text);
      return;
    }
    this.#pending.delete(response.id);
    try {
      this.#listener.answered(method, response);
    } finally {
      // Also when the listener breaks: somebody waits for this message.
      this.#forward(response);
    }
  }

  #drop(dropped: { bytes: number; head: string; tail: string }): undefined {
    const id = droppedResponseId(dropped.head, dropped.tail);
    if (id !== undefined && this.#pending.has(id)) {
      const message = `the answer has ${dropped.bytes} bytes, which is more than one line may have`;
      this.#answer({ jsonrpc: "2.0", id, error: { code: RESPONSE_TOO_LARGE, message } }, "");
    }
    this.#listener.stray("oversized", dropped.bytes, dropped.tail);
  }

  #forward(message: AnyMessage): undefined {
    try {
      this.#toSdk?.enqueue(message);
    } catch {
      // The SDK closed its side; the connection is ending.
    }
  }

  /** Resolves also when the pipe is broken: the end of stdout, which follows, must find everything that was said before it. */
  #send(stdin: Writable, message: AnyMessage): Promise<void> {
    if ("method" in message && "id" in message && message.id !== null) {
      this.#pending.set(message.id, message.method);
    }
    return new Promise((resolve) => {
      if (!stdin.writable) return resolve();
      stdin.write(`${JSON.stringify(message)}\n`, () => resolve());
    });
  }
}
