import type { Conversation } from "./conversation.ts";
import type { SideRequest } from "./side-requests.ts";
import type { Usage } from "./usage.ts";

/** One recorded request. */
export interface ModelRequest {
  /** From 1, in order of arrival. */
  number: number;
  path: string;
  body: Record<string, unknown>;
  conversation: Conversation;
  /** Which request of its turn it was, from 0. */
  answer: number;
  /** Set when it was not the user's turn. */
  side?: SideRequest;
  /** What the model says that it used: once the answer is over and whole. */
  usage?: Usage;
  /** True once the answer is over, whole or not. */
  ended: boolean;
  /** True when the client left before the end, or the script cut the connection. */
  aborted: boolean;
}

/** Most requests kept. */
export const MAX_REQUESTS = 1000;
/** Most bytes of request bodies kept. */
export const MAX_LOGGED_BYTES = 64 * 1024 * 1024;

/** The recorded requests, bounded by number and bytes: the oldest go first. */
export class RequestLog {
  readonly requests: ModelRequest[] = [];
  readonly #sizes: number[] = [];
  readonly #waiting = new Set<(request: ModelRequest) => void>();
  #bytes = 0;
  #count = 0;

  /** Records a request and tells those who wait for it. */
  add(fields: Omit<ModelRequest, "number" | "ended" | "aborted">, bytes: number): ModelRequest {
    const request: ModelRequest = { number: ++this.#count, ...fields, ended: false, aborted: false };
    this.requests.push(request);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    while (
      this.requests.length > MAX_REQUESTS ||
      (this.#bytes > MAX_LOGGED_BYTES && this.requests.length > 1)
    ) {
      this.requests.shift();
      this.#bytes -= this.#sizes.shift() ?? 0;
    }
    for (const tell of this.#waiting) tell(request);
    return request;
  }

  /** Resolves with the first matching request, recorded or coming; rejects after `timeoutMs`. */
  waitFor(matches: (request: ModelRequest) => boolean, timeoutMs: number): Promise<ModelRequest> {
    const known = this.requests.find(matches);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const tell = (request: ModelRequest): void => {
        if (!matches(request)) return;
        stop();
        resolve(request);
      };
      const timer = setTimeout(() => {
        stop();
        reject(
          new Error(
            `no matching model request within ${timeoutMs} ms; ${this.requests.length} were recorded`,
          ),
        );
      }, timeoutMs);
      const stop = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(tell);
      };
      this.#waiting.add(tell);
    });
  }
}
