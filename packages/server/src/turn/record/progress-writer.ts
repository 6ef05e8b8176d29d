/**
 * Takes the ops of one turn to the store, in order (D-12).
 *
 * - One append is in flight at a time: what arrives meanwhile is the next one, and the first op of a tick leaves at the tick's end. No timer.
 * - A step that must be durable before its row (a blob, D-28) stands in the same line and is awaited in its turn.
 * - A refusal of storage is repeated with backoff; the bytes held are bounded by whoever listens to the account (D-34).
 * - CLAIM_LOST drops everything and is never repeated (D-17). Any other refusal is a fault of ours: it drops everything too and fails the turn.
 */
import { type Clock, isHoldfastError, retryStorage, storageRefusal } from "@holdfast/kernel";
import type { SessionId, TurnId } from "@holdfast/protocol";
import { joinDeltas, type ProgressOp, type Store } from "../../store/index.ts";
import type { ByteAccount } from "./byte-budget.ts";

/** Ops that are known only once something else is durable. */
export type LaterOps = () => Promise<ProgressOp[]>;

export type WriteFailure = { kind: "claimLost" } | { kind: "fault"; error: unknown };

export type ProgressTarget = { sessionId: SessionId; turnId: TurnId; epoch: number };

type Deps = {
  store: Store;
  clock: Clock;
  account: ByteAccount;
  /** Ends the repeating: the process is about to exit. */
  signal: AbortSignal;
  /** Called once; nothing is written afterwards. */
  onFailure(failure: WriteFailure): void;
};

type Entry = { bytes: number } & ({ op: ProgressOp } | { later: LaterOps });

/** Most bytes of ops in one append, so that one command never holds the writer for long. */
const BATCH_BYTES = 1024 * 1024;

/** About what a step holds that brings no content, in bytes. */
const LATER_BYTES = 512;

export class ProgressWriter {
  readonly #deps: Deps;
  readonly #target: ProgressTarget;
  #queue: Entry[] = [];
  #running = false;
  #failure: WriteFailure | undefined;
  #showsStorage = false;
  #idle: (() => void)[] = [];

  constructor(deps: Deps, target: ProgressTarget) {
    this.#deps = deps;
    this.#target = target;
  }

  get failure(): WriteFailure | undefined {
    return this.#failure;
  }

  push(ops: readonly ProgressOp[]): void {
    for (const op of ops) this.#enqueue({ op, bytes: progressSize(op) });
  }

  /** `bytes`: what the step holds in memory until it is done. */
  pushLater(later: LaterOps, bytes = LATER_BYTES): void {
    this.#enqueue({ later, bytes });
  }

  /** Resolves when everything pushed so far, and meanwhile, is committed or dropped. Never rejects: look at `failure`. */
  flushed(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Drops what is held and writes nothing more. */
  drop(failure: WriteFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#queue = [];
    this.#deps.account.close();
    this.#deps.onFailure(failure);
  }

  #enqueue(entry: Entry): void {
    if (this.#failure !== undefined) return;
    this.#queue.push(entry);
    this.#deps.account.add(entry.bytes);
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#next();
    } catch (error) {
      this.drop(isHoldfastError(error, "CLAIM_LOST") ? { kind: "claimLost" } : { kind: "fault", error });
    } finally {
      this.#running = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  async #next(): Promise<void> {
    const first = this.#queue[0];
    if (first === undefined) return;
    if ("later" in first) {
      this.#queue.shift();
      await this.#append(await this.#durably(first.later));
      this.#deps.account.remove(first.bytes);
      return;
    }
    const { ops, bytes } = this.#take();
    await this.#append(ops);
    this.#deps.account.remove(bytes);
  }

  /** The next ops up to a step or the batch's size, with deltas of one field made one (D-12). */
  #take(): { ops: ProgressOp[]; bytes: number } {
    const ops: ProgressOp[] = [];
    let count = 0;
    let bytes = 0;
    for (const entry of this.#queue) {
      if ("later" in entry || (count > 0 && bytes + entry.bytes > BATCH_BYTES)) break;
      count += 1;
      bytes += entry.bytes;
      ops.push(entry.op);
    }
    this.#queue.splice(0, count);
    return { ops: joinDeltas(ops), bytes };
  }

  async #append(ops: ProgressOp[]): Promise<void> {
    if (ops.length === 0 || this.#failure !== undefined) return;
    await this.#durably(() => {
      const clear: ProgressOp[] = this.#showsStorage ? [{ op: "turn", patch: { waitingFor: null } }] : [];
      return this.#deps.store.appendProgress({ ...this.#target, ops: [...clear, ...ops] });
    });
    this.#showsStorage = false;
  }

  #durably<T>(command: () => Promise<T>): Promise<T> {
    const { clock, signal } = this.#deps;
    return retryStorage({ clock, signal, onRefused: () => this.#showStorage() }, command);
  }

  /** Small enough that it may pass where the batch does not; when it does not either, nobody can be shown anything. */
  async #showStorage(): Promise<void> {
    if (this.#showsStorage) return;
    const op: ProgressOp = { op: "turn", patch: { waitingFor: { kind: "storage" } } };
    try {
      await this.#deps.store.appendProgress({ ...this.#target, ops: [op] });
      this.#showsStorage = true;
    } catch (error) {
      if (storageRefusal(error) === undefined) throw error;
    }
  }
}

const OVERHEAD = 128;

/** About how much memory an op holds, in bytes: its strings at two bytes per unit and a constant per value. Cheap rather than exact. */
const progressSize = (op: ProgressOp): number => OVERHEAD + sizeOf(op);

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length * 2;
  if (value === null || typeof value !== "object") return 8;
  let size = 16;
  for (const item of Object.values(value) as unknown[]) size += sizeOf(item);
  return size;
}
