/**
 * What an agent begins by itself, outside of every prompt, where its record says that it may: nothing of it passes, and nothing behind it is
 * read, until somebody attends to it or lets it go.
 *
 *   nothing ─hold─► waiting ─go on─► nothing; what waited passes in the order of the wire
 */
import type { Quirks } from "../catalog/index.ts";
import { isObject } from "./wire-message.ts";
import type { Request } from "./wire.ts";

/** Messages that wait once nobody pauses the reading, because the program is gone, and their bytes together. */
const MAX_WAITING = 1_000;
const MAX_WAITING_BYTES = 1024 * 1024;

/** What waits on the wire of one connection. */
export class WaitingWork {
  #passes: (() => void)[] = [];
  #bytes = 0;
  #gone = Promise.withResolvers<void>();

  get isWaiting(): boolean {
    return this.#passes.length > 0;
  }

  /** Keeps one more message; the promise resolves when it has passed. `undefined`, and it is not kept, when too much waits. */
  hold(bytes: number, pass: () => void): Promise<void> | undefined {
    if (this.#passes.length >= MAX_WAITING || this.#bytes + bytes > MAX_WAITING_BYTES) {
      if (this.isWaiting) return undefined;
    }
    this.#passes.push(pass);
    this.#bytes += bytes;
    return this.#gone.promise;
  }

  /** Everything that waits passes now; what begins anew on the way waits again. */
  goOn(): void {
    const [passes, gone] = [this.#passes, this.#gone];
    this.#passes = [];
    this.#bytes = 0;
    this.#gone = Promise.withResolvers();
    for (const pass of passes) pass();
    gone.resolve();
  }
}

/** What only a turn can answer. */
const ASKING = new Set(["session/request_permission", "fs/write_text_file", "elicitation/create"]);

/** Whether a request is one that an agent asks in the course of its work, in this session. */
export function asksInWork({ method, params }: Request, sessionId: string | undefined): boolean {
  return ASKING.has(method) && isObject(params) && params["sessionId"] === sessionId;
}

/**
 * Where claude-agent-acp says in a `usage_update` whose work it was that has just ended. Its other kind, `human`, is the end of a prompt, which has an
 * answer of its own.
 */
const ORIGIN = "_claude/origin";
const OWN = new Set<unknown>(["task-notification", "peer", "coordinator", "observer", "observer-activity"]);

/** Whether an update says that what the agent did by itself has ended. */
export function endsOwnWork({ startsTurns }: Quirks, update: Record<string, unknown>): boolean {
  if (startsTurns === undefined || update["sessionUpdate"] !== "usage_update") return false;
  const meta = update["_meta"];
  const origin = isObject(meta) ? meta[ORIGIN] : undefined;
  return isObject(origin) && OWN.has(origin["kind"]);
}
