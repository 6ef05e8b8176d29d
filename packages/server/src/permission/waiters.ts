import type { PermissionId } from "@holdfast/protocol";

/** What the agent is told. `cancelled`: the turn is being stopped, or nobody can answer any more. */
export type PermissionAnswer = "once" | "reject" | "cancelled";

/** Who in this process waits for the answer to a request. Each waiter is settled once; settling an unknown one does nothing. */
export class Waiters {
  readonly #waiting = new Map<PermissionId, (answer: PermissionAnswer) => void>();

  open(id: PermissionId): Promise<PermissionAnswer> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
    });
  }

  settle(id: PermissionId, answer: PermissionAnswer): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(answer);
  }

  settleAll(answer: PermissionAnswer): void {
    for (const id of this.#waiting.keys()) this.settle(id, answer);
  }

  get size(): number {
    return this.#waiting.size;
  }
}
