/**
 * What stands before capnweb (S-12): each message of a peer is parsed and must be one of those that our clients send, in the shape in which they send it. A
 * message that names what is not there never reaches capnweb either. One gate per session; it also hears what capnweb sends, because ids are counted and not sent.
 *
 *   peer ──► push, pull, release, abort ──────────────► capnweb
 *   peer ──► resolve, reject of our streams' writes ──►
 */
import { RPC_LIMITS } from "../limits.ts";
import { admitData, admitRoot } from "./expression.ts";
import { Refusal } from "./refusal.ts";

/** `end`: the peer goes, and capnweb need not be told in the peer's words. */
export type Admitted = "message" | "call" | "end";

export class Gate {
  readonly #methods: ReadonlySet<string>;
  /** The peer's results that it did not release, and how many calls each waits for. */
  readonly #results = new Map<number, number>();
  #lastResult = 0;
  /** Writes of our streams that the peer did not answer. */
  readonly #writes = new Set<number>();
  #lastOurs = 0;

  /** `methods`: what any stub of this door may be asked; each stub knows its own beside. */
  constructor(methods: ReadonlySet<string>) {
    this.#methods = methods;
  }

  /** Lets a message through. Throws Refusal: nothing more of this peer may be heard then. */
  admit(text: string): Admitted {
    const message = parse(text);
    const [kind, first, second] = message;
    switch (kind) {
      case "push":
        requireLength(message, 2);
        return this.#push(first);
      case "pull":
        requireLength(message, 2);
        if (!this.#results.has(first as number))
          throw new Refusal("A pull names a result that is not there.");
        return "message";
      case "release":
        requireLength(message, 3);
        return this.#release(first, second);
      case "resolve":
      case "reject":
        requireLength(message, 3);
        if (!this.#writes.delete(first as number)) throw new Refusal("Nothing was asked of the peer.");
        admitData(second);
        return "message";
      case "abort":
        return "end";
      default:
        throw new Refusal("There is no such message here.");
    }
  }

  /** Counts what capnweb sends. Of all messages these alone take an id. */
  sent(text: string): void {
    if (text.startsWith('["stream",')) this.#writes.add((this.#lastOurs += 1));
    else if (text.startsWith('["pipe"') || text.startsWith('["push",')) this.#lastOurs += 1;
  }

  #push(expression: unknown): Admitted {
    const { uses, method } = admitRoot(expression, this.#methods);
    let depth = 0;
    for (const id of uses) {
      const below = id > 0 ? this.#results.get(id) : 0;
      if (below === undefined) throw new Refusal("A push names a result that is not there.");
      depth = Math.max(depth, below + 1);
    }
    if (depth > RPC_LIMITS.chainDepth)
      throw new Refusal(`At most ${RPC_LIMITS.chainDepth} calls wait for each other.`);
    if (this.#results.size >= RPC_LIMITS.liveExports)
      throw new Refusal(`At most ${RPC_LIMITS.liveExports} results are held at once.`);
    this.#results.set((this.#lastResult += 1), depth);
    return method === undefined ? "message" : "call";
  }

  /** A result is introduced once; of a stub, capnweb counts how often it was. */
  #release(id: unknown, count: unknown): Admitted {
    if (!Number.isSafeInteger(id) || id === 0 || !Number.isSafeInteger(count) || (count as number) < 1)
      throw new Refusal("A release names a result or a stub, and how often it was given.");
    if ((id as number) > 0 && (count !== 1 || !this.#results.delete(id as number)))
      throw new Refusal("A release names a result that is not there.");
    return "message";
  }
}

function parse(text: string): unknown[] {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new Refusal("A message is JSON.");
  }
  if (!Array.isArray(message)) throw new Refusal("A message is an array.");
  return message as unknown[];
}

function requireLength(message: readonly unknown[], length: number): void {
  if (message.length !== length) throw new Refusal(`A ${String(message[0])} has ${length - 1} parts.`);
}
