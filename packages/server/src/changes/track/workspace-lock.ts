import type { WorkspaceId } from "@holdfast/protocol";

/** Work on the snapshots of one workspace goes one after another, in the order it was asked for; that of different ones side by side. */
export class WorkspaceLocks {
  readonly #tails = new Map<WorkspaceId, Promise<unknown>>();

  /** Runs `work` when everything asked for before has ended, however it did. */
  run<T>(workspaceId: WorkspaceId, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(workspaceId) ?? Promise.resolve();
    const result = before.then(work);
    const tail: Promise<unknown> = result
      .catch(() => undefined)
      .finally(() => {
        if (this.#tails.get(workspaceId) === tail) this.#tails.delete(workspaceId);
      });
    this.#tails.set(workspaceId, tail);
    return result;
  }
}
