/**
 * A ref whose calls outlive the connection, and the program (S-27). Each call is an intent that is stored before it is sent. The calls of one tick are a group,
 * which is sent together, in order, and again the same until each of them has its answer; the server knows a repetition by its operation id. Groups go one after
 * another. A call that needs one that failed fails without being sent, and nothing else does.
 */
import { type MutatingRefMethod, type RefArgs, type RefResult } from "@holdfast/protocol";
import { backoffMs, delay } from "./delay.ts";
import { HoldfastApiError } from "./error.ts";
import { newId } from "./id.ts";
import {
  type Intent,
  type IntentError,
  type IntentStore,
  type IntentTransport,
  isSettled,
  NoWayError,
  type Outcome,
  type ResultOf,
  resultsIn,
} from "./intent.ts";
import { chooseRef } from "./ref-secret.ts";

/** Between two tries, in ms: 1 s doubling to 5 min (S-5). */
const RETRY = { baseMs: 1_000, capMs: 300_000 };
/** A server may ask for more, up to this, in ms. */
const LONGEST_WAIT_MS = 3_600_000;
/** Calls with an outcome that are kept, so that it can be asked for after a restart. */
const MOST_KEPT = 1_000;

/** A call was refused for good, or one that it needs was. */
export class RefCallError extends Error {
  readonly code: string;

  constructor({ code, message }: IntentError) {
    super(message);
    this.name = "RefCallError";
    this.code = code;
  }
}

/** Arguments in which a value may be the result of an earlier call. */
export type Loose<T> = T extends object ? { [K in keyof T]: Loose<T[K]> | ResultOf } : T | ResultOf;

export type RefCall<T> = {
  opId: string;
  /** Resolves when the call is stored: from then on it is made, whatever happens to this program. */
  stored: Promise<void>;
  /** The answer, however long it takes. Rejects with RefCallError. */
  result: Promise<T>;
  /** Stands for a part of the answer in the arguments of later calls. */
  field(...path: string[]): ResultOf;
};

export type DurableRefOptions = {
  intents: IntentStore;
  /** Ways to the server: the first is tried first, and after one that gave no answer, or is not there, the next. */
  transports: readonly [IntentTransport, ...IntentTransport[]];
  now?: () => number;
  random?: () => number;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type DurableRef = {
  call<M extends MutatingRefMethod>(
    method: M,
    args: Loose<RefArgs<M>>,
    options?: { after?: readonly string[] },
  ): RefCall<RefResult<M>>;
  /** The answer of a call of this program or of one before it. Rejects with RefCallError, NOT_FOUND where nobody knows it any more. */
  result(opId: string): Promise<unknown>;
  /** Calls without an outcome, in their order. */
  waiting(): Intent[];
  /** Tries now what waits for its next try. */
  retry(): void;
  /** Sends nothing more; what is stored is sent when the ref is made durable again. */
  close(): Promise<void>;
};

/** Takes up what an earlier program left, and goes on with it. Rejects when the intents cannot be read. */
export async function durable(options: DurableRefOptions): Promise<DurableRef> {
  const ref = new Durable(options);
  await ref.open();
  return ref;
}

type Waiter = { resolve: (result: unknown) => void; reject: (error: Error) => void };
type Tick = { batchId: string; intents: Intent[]; stored: Promise<void> };

class Durable implements DurableRef {
  readonly #options: Required<DurableRefOptions>;
  readonly #intents = new Map<string, Intent>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #closing = new AbortController();
  #nudge = new AbortController();
  #tick: Tick | undefined;
  #sending: Promise<void> | undefined;
  #nextSeq = 1;
  #way = 0;

  constructor(options: DurableRefOptions) {
    this.#options = { now: Date.now, random: Math.random, wait: delay, ...options };
  }

  async open(): Promise<void> {
    const left = await this.#options.intents.load();
    for (const intent of left.toSorted((one, other) => one.seq - other.seq)) {
      // Nobody heard what became of it.
      if (intent.state === "in_flight") intent.state = "pending";
      delete intent.nextRetryAt;
      this.#intents.set(intent.opId, intent);
      this.#nextSeq = Math.max(this.#nextSeq, intent.seq + 1);
    }
    this.#send();
  }

  call<M extends MutatingRefMethod>(
    method: M,
    args: Loose<RefArgs<M>>,
    { after = [] }: { after?: readonly string[] } = {},
  ): RefCall<RefResult<M>> {
    if (this.#closing.signal.aborted) throw new Error("This ref was closed.");
    const opId = newId("sop");
    const tick = (this.#tick ??= this.#begin());
    const dependsOn = [...new Set([...after, ...resultsIn(args)])];
    const unknown = dependsOn.find(
      (id) => !this.#intents.has(id) && !tick.intents.some((intent) => intent.opId === id),
    );
    if (unknown !== undefined) throw new Error(`No call of this ref has the id ${unknown}.`);
    tick.intents.push({
      opId,
      batchId: tick.batchId,
      seq: this.#nextSeq++,
      method,
      args,
      dependsOn,
      state: "pending",
      attempts: 0,
    });
    const result = tick.stored.then(() => this.result(opId)) as Promise<RefResult<M>>;
    // Whoever does not ask for it is not told.
    result.catch(() => undefined);
    return { opId, stored: tick.stored, result, field: (...path) => ({ $result: opId, path }) };
  }

  result(opId: string): Promise<unknown> {
    const intent = this.#intents.get(opId);
    if (intent === undefined)
      return Promise.reject(
        new RefCallError({ code: "NOT_FOUND", message: `Nobody knows the call ${opId}.` }),
      );
    if (intent.state === "acked") return Promise.resolve(resultOf(intent));
    if (intent.state === "failed") return Promise.reject(errorOf(intent));
    return new Promise((resolve, reject) => {
      this.#waiters.set(opId, [...(this.#waiters.get(opId) ?? []), { resolve, reject }]);
    });
  }

  waiting(): Intent[] {
    return [...this.#intents.values()].filter((intent) => !isSettled(intent));
  }

  retry(): void {
    this.#nudge.abort();
    this.#send();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#tick?.stored.catch(() => undefined);
    await this.#sending;
    for (const transport of this.#options.transports) transport.close?.();
  }

  /** Gathers the calls of this tick. */
  #begin(): Tick {
    const intents: Intent[] = [];
    const stored = this.#store(intents);
    stored.catch(() => undefined);
    return { batchId: newId("bat"), intents, stored };
  }

  /** At the end of the tick. */
  async #store(intents: readonly Intent[]): Promise<void> {
    await delay(0);
    this.#tick = undefined;
    for (const intent of intents) await choose(intent);
    await this.#options.intents.save(intents);
    for (const intent of intents) this.#intents.set(intent.opId, intent);
    this.#send();
  }

  #send(): void {
    if (this.#closing.signal.aborted) return;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      // Something may have been stored since it looked for the last time.
      if (this.waiting().length > 0) this.#send();
    });
  }

  async #sendAll(): Promise<void> {
    const { signal } = this.#closing;
    for (let first = this.waiting()[0]; first !== undefined; first = this.waiting()[0]) {
      const group = [...this.#intents.values()].filter(({ batchId }) => batchId === first?.batchId);
      const waitMs = await this.#sendGroup(group);
      if (signal.aborted) return;
      if (waitMs === undefined) continue;
      this.#nudge = new AbortController();
      await this.#options.wait(waitMs, AbortSignal.any([signal, this.#nudge.signal]));
      if (signal.aborted) return;
    }
  }

  /** Answers how long to wait before the next try, undefined when every call of the group has its outcome. */
  async #sendGroup(group: Intent[]): Promise<number | undefined> {
    const { intents } = this.#options;
    const open = group.filter((intent) => !isSettled(intent));
    try {
      for (const intent of open) {
        intent.state = "in_flight";
        intent.attempts += 1;
        delete intent.nextRetryAt;
      }
      await intents.save(open);
      await this.#sendSomehow(group);
      return undefined;
    } catch (error) {
      const left = open.filter((intent) => !isSettled(intent));
      // Something of it was done: what is left begins its tries anew.
      if (left.length < open.length) for (const intent of left) intent.attempts = 1;
      return this.#postpone(left, error);
    }
  }

  /** By the first way that is there. Rejects when there is none, or nobody knows what became of it: the next try is by another way. */
  async #sendSomehow(group: Intent[]): Promise<void> {
    const { transports } = this.#options;
    const context = {
      intentOf: (opId: string) => this.#intents.get(opId),
      tell: (outcome: Outcome) => this.#settle(outcome),
      signal: this.#closing.signal,
    };
    for (let missing = 1; ; missing += 1) {
      const way = transports[this.#way % transports.length] ?? transports[0];
      try {
        return await way.send(group, context);
      } catch (error) {
        this.#way += 1;
        if (!(error instanceof NoWayError) || missing >= transports.length) throw error;
      }
    }
  }

  async #postpone(open: Intent[], error: unknown): Promise<number> {
    const { now, random, intents } = this.#options;
    const attempts = Math.max(...open.map((intent) => intent.attempts), 1);
    const asked = error instanceof HoldfastApiError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(backoffMs(attempts, RETRY, random()), Math.min(asked, LONGEST_WAIT_MS));
    const code = error instanceof HoldfastApiError ? error.code : "NO_ANSWER";
    for (const intent of open) {
      intent.state = "pending";
      intent.nextRetryAt = now() + waitMs;
      intent.lastError = { code, message: error instanceof Error ? error.message : String(error) };
    }
    // What is stored says `in_flight` then, which a start takes for the same.
    await intents.save(open).catch(() => undefined);
    return waitMs;
  }

  async #settle(outcome: Outcome): Promise<void> {
    const intent = this.#intents.get(outcome.opId);
    if (intent === undefined || isSettled(intent)) return;
    const settled: Intent = { ...intent };
    delete settled.nextRetryAt;
    delete settled.lastError;
    if ("result" in outcome) Object.assign(settled, { state: "acked", result: outcome.result });
    else Object.assign(settled, { state: "failed", lastError: outcome.error });
    const dropped = this.#oldest();
    await this.#options.intents.save([settled], dropped);
    for (const opId of dropped) this.#intents.delete(opId);
    Object.assign(intent, settled);
    if (intent.state === "acked") delete intent.lastError;
    const waiters = this.#waiters.get(intent.opId) ?? [];
    this.#waiters.delete(intent.opId);
    for (const { resolve, reject } of waiters)
      if (intent.state === "acked") resolve(resultOf(intent));
      else reject(errorOf(intent));
  }

  /** Outcomes beyond those that are kept, which nothing that waits needs. */
  #oldest(): string[] {
    const needed = new Set(this.waiting().flatMap(({ dependsOn }) => dependsOn));
    const settled = [...this.#intents.values()].filter(
      (intent) => isSettled(intent) && !needed.has(intent.opId),
    );
    return settled.slice(0, Math.max(0, settled.length + 1 - MOST_KEPT)).map(({ opId }) => opId);
  }
}

/** A ref that is asked for is chosen here, and kept with the intent: no lost answer loses its secret (S-25). */
async function choose(intent: Intent): Promise<void> {
  if (intent.method !== "attenuate" || "secretHash" in intent.args) return;
  const chosen = await chooseRef();
  if (chosen === undefined) return;
  const { refId, secretHash, secret } = chosen;
  intent.args = { ...intent.args, refId, secretHash };
  intent.kept = { secret };
}

const resultOf = ({ result, kept }: Intent): unknown =>
  kept === undefined ? result : { ...(result as object), ...kept };

const errorOf = ({ lastError }: Intent): RefCallError =>
  new RefCallError(lastError ?? { code: "INTERNAL", message: "The call failed." });
