/**
 * Acts of review as operations: a durable intent that holds the write leases of its workspaces, one result per Idempotency-Key, and an end in any case.
 * A repeated key joins the act while it runs and gets its first result later; an act that was undone is no result, so the key begins another (D-5).
 */
import {
  backoffMs,
  errorText,
  faultPoint,
  HoldfastError,
  isHoldfastError,
  newId,
  type Timer,
} from "@holdfast/kernel";
import type { ChangeOperation, ChangeResult, OperationId, WorkspaceId } from "@holdfast/protocol";
import type { Applied, Operation } from "../../store/index.ts";
import { carryOut, giveUp, settle, stoppedRefusal } from "./carry-out.ts";
import type { ReviewDeps, Reviewer } from "./deps.ts";
import { dataOf, type OperationData, type Plan, toJson } from "./plan.ts";
import type { ReviewRepository } from "./review-repository.ts";

export type ReviewKind = ChangeOperation["kind"];
export const REVIEW_KINDS: readonly ReviewKind[] = ["apply", "accept", "reject", "undo"];

/** How often an act that failed halfway is tried to be ended, within some 4 minutes, and the waits between, in ms. */
const SETTLE_TRIES = 12;
const SETTLE_WAIT = { base: 500, cap: 30_000, jitter: 0 };
/** Most operations that one start recovers in a row. */
const RECOVER_LIMIT = 1_000;

export type Intent = {
  kind: ReviewKind;
  workspaceId: WorkspaceId;
  leases: WorkspaceId[];
  undoes?: OperationId | undefined;
};

/** What a preparation made: nothing of it is written yet. `repo` is of the place whose files the plan names. */
export type Prepared = { plan: Plan; repo: ReviewRepository };

export class Operations {
  readonly #deps: ReviewDeps;
  readonly #running = new Map<OperationId, Promise<ChangeResult>>();
  readonly #timers = new Set<Timer>();
  #isStopped = false;

  constructor(deps: ReviewDeps) {
    this.#deps = deps;
  }

  /** Runs an act to its end. Rejects WORKSPACE_BUSY with `holder`, IDEMPOTENCY_MISMATCH, and what the preparation refuses; nothing is written then. */
  async run(
    intent: Intent,
    reviewer: Reviewer,
    prepare: (operation: Operation) => Promise<Prepared>,
  ): Promise<Applied<ChangeResult>> {
    const { store, clock } = this.#deps;
    const operationId = newId("opr", clock.now());
    const data: OperationData = {
      stage: "begun",
      ...(intent.undoes === undefined ? {} : { undoes: intent.undoes }),
    };
    const begin = store.beginOperation({
      ...reviewer,
      operationId,
      kind: intent.kind,
      workspaceId: intent.workspaceId,
      leases: intent.leases,
      data: toJson(data),
    });
    const act = begin.then(({ value, replayed }) =>
      replayed ? undefined : this.#perform(value, intent, data, prepare),
    );
    const own = act.then(() => this.#resultOf(operationId));
    own.catch(() => undefined);
    this.#running.set(operationId, own);
    try {
      const { value, replayed } = await begin;
      if (!replayed) return { value: await own, replayed: false };
      return { value: await this.#first(value), replayed: true };
    } finally {
      this.#running.delete(operationId);
    }
  }

  /** Ends what a dead server left, before anybody listens. Never rejects: what cannot be ended is logged and tried again later. */
  async recover(): Promise<void> {
    const left = await this.#deps.store.listOperations({
      kinds: REVIEW_KINDS,
      state: "running",
      limit: RECOVER_LIMIT,
    });
    for (const operation of left.reverse()) await this.#end(operation, 0);
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #perform(
    operation: Operation,
    intent: Intent,
    data: OperationData,
    prepare: (operation: Operation) => Promise<Prepared>,
  ): Promise<void> {
    const { kind } = operation;
    faultPoint(`changes.${kind}.begun`);
    let isPlanned = false;
    try {
      await this.#requireQuiet(intent.leases);
      await this.#deps.watch.exclusive(intent.leases, async () => {
        const { plan, repo } = await prepare(operation);
        isPlanned = true;
        await carryOut(this.#deps, operation, { ...data, plan }, repo);
      });
    } catch (error) {
      await this.#afterFailure(operation, isPlanned);
      throw error;
    } finally {
      for (const id of intent.leases) this.#deps.wakeWorkspace(id);
    }
  }

  /** Turns of a shared workspace hold no lease, but they write all the same. */
  async #requireQuiet(workspaceIds: readonly WorkspaceId[]): Promise<void> {
    for (const id of workspaceIds) {
      const users = await this.#deps.store.workspaceUsers(id);
      const user = users.find(({ liveTurnId }) => liveTurnId !== undefined);
      const workspace = user === undefined ? undefined : await this.#deps.store.getWorkspace(id);
      if (user !== undefined && workspace?.concurrency === "shared")
        throw new HoldfastError(
          "WORKSPACE_BUSY",
          `A turn of session ${user.sessionId} works in workspace ${id}. Wait for its end.`,
          { data: { holder: user.sessionId } },
        );
    }
  }

  /** What failed before its plan wrote nothing and ends here; what failed later ended itself, or is ended now. */
  async #afterFailure(operation: Operation, isPlanned: boolean): Promise<void> {
    const now = await this.#deps.store.getOperation(operation.id).catch(() => operation);
    if (now?.state !== "running") return;
    if (isPlanned) this.#later(operation.id, 0);
    else await this.#end(now, 0);
  }

  /** Judges a running operation and ends it. */
  async #end(operation: Operation, tries: number): Promise<void> {
    const { store, repositories, logger } = this.#deps;
    try {
      const data = dataOf(operation);
      const root = data.plan?.root;
      const repo = await repositories.at(operation.workspaceId, root).catch((error: unknown) => {
        if (!isHoldfastError(error)) throw error;
        return undefined;
      });
      const end =
        repo === undefined
          ? await giveUp(this.#deps, operation, data)
          : await settle(this.#deps, operation, data, repo);
      logger.info({ operation: operation.id, kind: operation.kind, end }, "ended a review that was left");
    } catch (error) {
      logger.warn({ operation: operation.id, error: errorText(error) }, "a review could not be ended yet");
      const now = await store.getOperation(operation.id).catch(() => operation);
      if (now?.state !== "running") return;
      if (tries + 1 < SETTLE_TRIES) this.#later(operation.id, tries + 1);
      else await this.#abandon(now);
    }
  }

  /** Nothing stays in the way for ever: its files are somebody's to look at now. When that cannot be stored either, the next start tries again. */
  async #abandon(operation: Operation): Promise<void> {
    const { logger } = this.#deps;
    logger.error({ operation: operation.id }, "a review could not be ended; its files are left as they are");
    await giveUp(this.#deps, operation, dataOf(operation)).catch((error: unknown) =>
      logger.error(
        { operation: operation.id, error: errorText(error) },
        "the end of a review could not be stored",
      ),
    );
  }

  #later(id: OperationId, tries: number): void {
    if (this.#isStopped || tries >= SETTLE_TRIES) return;
    const { clock } = this.#deps;
    const timer = clock.after(backoffMs(tries + 1, SETTLE_WAIT, 0), () => {
      this.#timers.delete(timer);
      void this.#again(id, tries);
    });
    this.#timers.add(timer);
  }

  async #again(id: OperationId, tries: number): Promise<void> {
    try {
      const operation = await this.#deps.store.getOperation(id);
      if (operation?.state !== "running") return;
      await this.#end(operation, tries);
      this.#deps.wakeWorkspace(operation.workspaceId);
    } catch {
      this.#later(id, tries + 1);
    }
  }

  /** The first result of a repeated key. */
  async #first(operation: Operation): Promise<ChangeResult> {
    const running = this.#running.get(operation.id);
    if (running !== undefined) return running;
    return this.#resultOf(operation.id);
  }

  async #resultOf(id: OperationId): Promise<ChangeResult> {
    const { store } = this.#deps;
    const operation = await store.getOperation(id);
    if (operation === undefined) throw new HoldfastError("NOT_FOUND", `No operation has the id ${id}.`);
    const { plan, moved } = dataOf(operation);
    if (operation.state === "conflict") throw stoppedRefusal(operation, moved ?? []);
    if (operation.state !== "done" || plan === undefined)
      throw new HoldfastError("WORKSPACE_BUSY", `${id} has not ended yet.`, { data: { holder: id } });
    const ids = new Set(plan.changeIds);
    const rows = await store.listChanges({ workspaceId: operation.workspaceId });
    return {
      operationId: id,
      applied: plan.applied,
      changes: rows.filter((row) => ids.has(row.id)).map(({ key: _key, oldKey: _old, ...change }) => change),
    };
  }
}
