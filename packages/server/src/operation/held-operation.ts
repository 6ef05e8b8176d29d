import type { Actor, JsonObject, OperationId, WorkspaceId, WorktreeId } from "@holdfast/protocol";
import type { Operation, OperationClaim, OperationKind, OperationState, Store } from "../store/index.ts";

/**
 * A running operation in the hands of its owner. `D` is what its kind stores, one form per step, each with only what that step needs. Every write rejects
 * CLAIM_LOST once another owner has taken the operation.
 */
export class HeldOperation<D extends JsonObject> {
  readonly id: OperationId;
  readonly kind: OperationKind;
  readonly workspaceId: WorkspaceId;
  readonly worktreeId: WorktreeId | undefined;
  readonly actor: Actor;
  /** Goes with every command that writes for the operation. */
  readonly claim: OperationClaim;
  readonly #store: Pick<Store, "advanceOperation" | "endOperation">;
  #data: D;

  constructor(store: Pick<Store, "advanceOperation" | "endOperation">, operation: Operation, data: D) {
    this.id = operation.id;
    this.kind = operation.kind;
    this.workspaceId = operation.workspaceId;
    this.worktreeId = operation.worktreeId;
    this.actor = operation.actor;
    this.claim = { id: operation.id, epoch: operation.epoch };
    this.#store = store;
    this.#data = data;
  }

  /** The step that was stored last. */
  get data(): D {
    return this.#data;
  }

  /** Stores the step, durably, before it is done. */
  async advance(data: D): Promise<void> {
    await this.#store.advanceOperation({ operation: this.claim, data: data });
    this.#data = data;
  }

  /** Ends it where no row ends with it. */
  async end(state: Exclude<OperationState, "running">, data: D = this.#data): Promise<void> {
    await this.#store.endOperation({ operation: this.claim, state, data: data });
    this.#data = data;
  }
}
