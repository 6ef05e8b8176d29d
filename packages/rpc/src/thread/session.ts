/**
 * One session of capnweb, with the gate before it. Calls, dropped stubs and the chunks that a peer took are told to the other thread, which knows what a handle
 * stands for; nothing of that is here.
 */
import { RpcSession, type RpcTransport } from "capnweb";
import type { Gate } from "../gate/index.ts";
import { RPC_LIMITS } from "../limits.ts";
import type { FromThread, Outcome, StubWords } from "../wire.ts";
import { isJson } from "./json.ts";
import { errorOf, type RpcError, shownError } from "./rpc-error.ts";
import { createStub, type Keeper } from "./stub.ts";

/** What a session says, without its number. */
export type Say = (words: DistributiveOmit<FromThread, "session">) => void;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Chunks; never reached. */
const STREAM_ROOM = 2 ** 40;

type Waiting = { resolve(value: unknown): void; reject(error: Error): void };

export class Session implements RpcTransport, Keeper {
  readonly #gate: Gate;
  readonly #say: Say;
  readonly #rpc: RpcSession;
  readonly #calls = new Map<number, Waiting>();
  readonly #streams = new Map<number, ReadableStreamDefaultController<unknown>>();
  readonly #lengths = new Map<number, number[]>();
  #lastCall = 0;
  #inbox: string[] = [];
  #deliver: ((text: string) => void) | undefined;
  /** Resolves once a message is wanted and none is there. */
  #onIdle: (() => void) | undefined;
  #isOver = false;

  constructor(gate: Gate, main: StubWords, say: Say) {
    this.#gate = gate;
    this.#say = say;
    this.#rpc = new RpcSession(this, createStub(main, this), { onSendError: shownError });
  }

  /** A message that the gate let through. */
  hear(text: string): void {
    if (this.#isOver) return;
    const deliver = this.#deliver;
    this.#deliver = undefined;
    if (deliver === undefined) this.#inbox.push(text);
    else deliver(text);
  }

  /** Whether the session holds more than it may. */
  get isFull(): boolean {
    return this.#rpc.getStats().exports > RPC_LIMITS.liveExports;
  }

  /** Resolves when all that was heard is answered; rejects when the session broke. */
  async settled(): Promise<void> {
    if (this.#inbox.length > 0 || this.#deliver === undefined)
      await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#rpc.drain();
  }

  settle(call: number, outcome: Outcome): void {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (waiting === undefined) return;
    if ("error" in outcome) waiting.reject(errorOf(outcome.error));
    else if ("stub" in outcome) waiting.resolve(createStub(outcome.stub, this));
    else if ("stream" in outcome) waiting.resolve(this.#open(outcome.stream));
    else waiting.resolve(outcome.value);
  }

  chunks(stream: number, chunks: readonly string[]): void {
    const controller = this.#streams.get(stream);
    if (controller === undefined) return;
    const lengths = this.#lengths.get(stream) ?? [];
    for (const chunk of chunks) {
      lengths.push(chunk.length);
      controller.enqueue(JSON.parse(chunk) as unknown);
    }
  }

  endStream(stream: number, error: RpcError | undefined): void {
    const controller = this.#streams.get(stream);
    this.#forget(stream);
    if (error === undefined) controller?.close();
    else controller?.error(error);
  }

  /** Ends it without a word to the peer. Idempotent. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#rpc.getRemoteMain()[Symbol.dispose]();
    // Never settled: nobody is left who would hear how they ended.
    this.#calls.clear();
  }

  call(handle: number, method: string, args: readonly unknown[]): Promise<unknown> {
    const call = (this.#lastCall += 1);
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#say({ type: "call", call, handle, method, args: isJson(args) ? args : undefined });
    });
  }

  drop(handle: number): void {
    this.#say({ type: "drop", handle });
  }

  // The transport of capnweb.

  async send(text: string): Promise<void> {
    if (this.#isOver) return;
    this.#gate.sent(text);
    this.#say({ type: "text", text });
  }

  receive(): Promise<string> {
    const next = this.#inbox.shift();
    if (next !== undefined) return Promise.resolve(next);
    this.#onIdle?.();
    return new Promise((resolve) => (this.#deliver = resolve));
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onIdle?.();
    this.#say({ type: "ended" });
  }

  /** A stream of the other thread, which bounds what waits in it: so here is room for everything, and each chunk that is taken is told. */
  #open(stream: number): ReadableStream<unknown> {
    this.#lengths.set(stream, []);
    return new ReadableStream<unknown>(
      {
        start: (controller) => void this.#streams.set(stream, controller),
        pull: () => this.#took(stream),
        cancel: () => {
          if (!this.#streams.has(stream)) return;
          this.#forget(stream);
          this.#say({ type: "streamLeft", stream });
        },
      },
      { highWaterMark: STREAM_ROOM },
    );
  }

  /** All but what still waits was taken. */
  #took(stream: number): void {
    const controller = this.#streams.get(stream);
    const lengths = this.#lengths.get(stream);
    if (controller === undefined || lengths === undefined) return;
    const waiting = STREAM_ROOM - (controller.desiredSize ?? STREAM_ROOM);
    const taken = lengths.splice(0, Math.max(0, lengths.length - waiting));
    const length = taken.reduce((sum, one) => sum + one, 0);
    if (length > 0) this.#say({ type: "streamTook", stream, length });
  }

  #forget(stream: number): void {
    this.#streams.delete(stream);
    this.#lengths.delete(stream);
  }
}
