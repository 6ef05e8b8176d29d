import type { Exchange } from "./record-log.ts";

export type PendingRequest = { method: string; path: string; key: string; body?: string | undefined };

/** Commands that nobody answered, by key: to be repeated in a later life, where each must take effect once (D-5). */
export class Pending {
  readonly #requests = new Map<string, PendingRequest>();

  take(exchanges: readonly Exchange[]): void {
    for (const { method, path, key, body, answer } of exchanges) {
      if (method === "GET" || key === undefined) continue;
      const isSettled = answer !== undefined && answer.status !== 503;
      if (isSettled) this.#requests.delete(key);
      else this.#requests.set(key, { method, path, key, body });
    }
  }

  all(): PendingRequest[] {
    return [...this.#requests.values()];
  }
}
