/**
 * Work on files that is not one transaction (W-9, W-11): an intent that holds the write leases of its workspaces, steps that are stored before they are
 * done, and an end in any case.
 *
 *   begin ─► work: step, step ... ─► end                       done | undone | conflict
 *               │ fails, or its server dies
 *               ▼
 *             taken (a new epoch) ─► settle: forward or back ─► end
 *               ▲                       │ fails
 *               └─────── later ─────────┘                      after SETTLE_TRIES the keeper gives it up, or it waits for the next look or start
 *
 * - One owner at a time: what a former owner still writes is refused.
 * - Only what nobody works at is settled: this process's own, and those of dead owners whose files are on this host.
 * - One result per Idempotency-Key: a repetition joins the work, or waits for it where another process does it. What was undone is no result, so that
 *   its key begins anew (D-5).
 */
import {
  backoffMs,
  type Clock,
  errorText,
  HoldfastError,
  type Logger,
  newId,
  type Timer,
  wait,
} from "@holdfast/kernel";
import type { InstanceId, JsonObject, OperationId, WorkspaceId } from "@holdfast/protocol";
import type { Applied, Operation, OperationKind, Store } from "../store/index.ts";
import { HeldOperation } from "./held-operation.ts";

/** How often one is tried before its keeper gives it up, within some 4 minutes with the tries themselves, and the waits between two looks, in ms. */
const SETTLE_TRIES = 12;
const SETTLE_WAIT = { base: 500, cap: 30_000, jitter: 0 };
/** Most that one look settles; the rest comes with the next. */
const LOOK_LIMIT = 1_000;
/** How long a start waits for what a dead server's processes are still at work on, and the waits between its looks, in ms. */
const START_MS = 10_000;
const START_WAIT = { base: 50, cap: 2_000, jitter: 0 };
/** How long a repetition waits for work of another process, and between its looks, in ms. */
const REPETITION_MS = 60_000;
const REPETITION_LOOK_MS = 100;

/** This process, as the owner of operations. */
export type Owner = { instanceId: InstanceId; host: string };

export type OperationsDeps = {
  store: Pick<
    Store,
    "takeOperation" | "advanceOperation" | "endOperation" | "getOperation" | "listOperations"
  >;
  clock: Clock;
  logger: Logger;
  owner: Owner;
  /** Turns that wait for the workspace may start now. */
  wakeWorkspace(workspaceId: WorkspaceId): void;
};

/** Why one cannot be settled yet though nothing failed: somebody is still at work on its files. A start waits a moment for it. */
export class NotYet extends Error {}

/** What the operations of one kind are, for those who end them. Both acts may be repeated. */
export type OperationKeeper = {
  /** Ends it forward or back, by what is there. `isLeft`: nobody works at it any more, but what a dead server started may. Rejects when it cannot be told yet. */
  settle(operation: Operation, isLeft: boolean): Promise<void>;
  /** Ends it without touching anything more; without this it is tried again and again, every 30 s at most. */
  giveUp?: ((operation: Operation) => Promise<void>) | undefined;
};

type Acts<D extends JsonObject> = {
  settle: (held: HeldOperation<D>, isLeft: boolean) => Promise<void>;
  giveUp?: (held: HeldOperation<D>) => Promise<void>;
};

/** A keeper of operations whose stored data `read` understands. */
export function keeperOf<D extends JsonObject>(
  storeOf: () => Pick<Store, "advanceOperation" | "endOperation">,
  read: (data: JsonObject) => D,
  acts: Acts<D>,
): OperationKeeper {
  const held = (operation: Operation) => new HeldOperation(storeOf(), operation, read(operation.data));
  const { giveUp } = acts;
  return {
    settle: async (operation, isLeft) => acts.settle(held(operation), isLeft),
    giveUp: giveUp && ((operation) => giveUp(held(operation))),
  };
}

type Work<D extends JsonObject, R> = {
  /** Stores the intent; a repeated key answers the operation that it began. */
  begin(own: { operationId: OperationId; instanceId: InstanceId }): Promise<Applied<Operation>>;
  /** What `begin` stores. */
  data: D;
  /** Does the work and ends the operation. */
  work(held: HeldOperation<D>): Promise<R>;
  /** The answer of a repetition, from the operation that has ended. */
  repeated?(ended: Operation): Promise<R>;
};

export class Operations {
  readonly #deps: OperationsDeps;
  readonly #keepers: Partial<Record<OperationKind, OperationKeeper>>;
  /** The work of this process that runs, and what it settles now. */
  readonly #working = new Map<OperationId, Promise<unknown>>();
  readonly #settling = new Set<OperationId>();
  readonly #tries = new Map<OperationId, number>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(deps: OperationsDeps, keepers: Partial<Record<OperationKind, OperationKeeper>>) {
    this.#deps = deps;
    this.#keepers = keepers;
  }

  /** Runs one to its end; a failure settles it and is rejected with. Rejects what `begin` rejects, and WORKSPACE_BUSY when a repetition waits too long. */
  async run<D extends JsonObject, R>(act: Work<D, R>): Promise<Applied<R>> {
    const { owner, clock } = this.#deps;
    const id = newId("opr", clock.now());
    const begun = act.begin({ operationId: id, instanceId: owner.instanceId });
    const own = begun.then(({ value, replayed }) => (replayed ? undefined : this.#work(value, act)));
    // Known from before the commit, so that no look takes it for something left. A refused beginning is told by `begun`.
    this.#working.set(id, own);
    own.catch(() => undefined).finally(() => this.#working.delete(id));
    const { value, replayed } = await begun;
    if (!replayed) return { value: (await own) as R, replayed: false };
    const joined = this.#working.get(value.id) as Promise<R> | undefined;
    if (joined !== undefined) return { value: await joined, replayed: true };
    const ended = await this.#ended(value);
    // It did nothing after all.
    if (ended.state === "undone") return this.run(act);
    if (act.repeated === undefined) throw new Error(`${value.kind} has no answer for a repetition.`);
    return { value: await act.repeated(ended), replayed: true };
  }

  /** Settles what a dead server left; before anybody asks for anything. Never rejects: what cannot be settled, or not even read, is tried again. */
  async recover(): Promise<void> {
    const { clock } = this.#deps;
    const end = clock.monotonic() + START_MS;
    for (let looks = 1; ; looks += 1) {
      const { left, isBusy } = await this.#look().catch(() => ({ left: 1, isBusy: false }));
      if (isBusy && clock.monotonic() < end) await wait(clock, backoffMs(looks, START_WAIT, 0));
      else if (left > 0) return this.#later(1);
      else return;
    }
  }

  /** Settles what nobody works at; what is left is tried again. Answers how many are left. Rejects when the store does. */
  async settleLeft(): Promise<number> {
    const { left } = await this.#look();
    if (left > 0) this.#later(1);
    return left;
  }

  async #look(): Promise<{ left: number; isBusy: boolean }> {
    const { store, owner } = this.#deps;
    const kinds = Object.keys(this.#keepers) as OperationKind[];
    const running = await store.listOperations({ kinds, state: "running", limit: LOOK_LIMIT });
    const ours = running.filter(
      ({ id, owner: { instanceId, host, isAlive } }) =>
        !this.#working.has(id) &&
        !this.#settling.has(id) &&
        (instanceId === owner.instanceId || (!isAlive && (host === undefined || host === owner.host))),
    );
    let left = 0;
    let isBusy = false;
    // The oldest first.
    for (const { id } of ours.reverse()) {
      if (this.#isStopped) break;
      // Another look may have taken it meanwhile.
      const result = this.#settling.has(id) ? "left" : await this.#settle(id, true);
      if (result === "ended") continue;
      left += 1;
      isBusy ||= result === "busy";
    }
    return { left, isBusy };
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #work<D extends JsonObject, R>(operation: Operation, act: Work<D, R>): Promise<R> {
    try {
      return await act.work(new HeldOperation(this.#deps.store, operation, act.data));
    } catch (error) {
      if ((await this.#settle(operation.id, false)) !== "ended") this.#later(1);
      throw error;
    } finally {
      this.#wake(operation);
    }
  }

  #wake({ workspaceId, leases }: Operation): void {
    for (const id of new Set([workspaceId, ...leases])) this.#deps.wakeWorkspace(id);
  }

  /** Takes an operation and ends it. Never rejects. */
  async #settle(id: OperationId, isLeft: boolean): Promise<"ended" | "left" | "busy"> {
    const { store, owner, logger } = this.#deps;
    let operation: Operation | undefined;
    this.#settling.add(id);
    try {
      operation = await store.takeOperation({ operationId: id, instanceId: owner.instanceId });
      if (operation !== undefined) {
        await this.#keeper(operation).settle(operation, isLeft);
        logger.info(
          { operationId: id, kind: operation.kind },
          "settled an operation that stopped in the middle",
        );
        this.#wake(operation);
      }
      this.#tries.delete(id);
      return "ended";
    } catch (error) {
      const fields = { operationId: id, kind: operation?.kind, error: errorText(error) };
      logger.warn(fields, "an operation that stopped in the middle cannot be settled yet");
      // The store refused: that says nothing of the operation.
      if (operation === undefined) return "left";
      const tries = (this.#tries.get(id) ?? 0) + 1;
      this.#tries.set(id, tries);
      if (error instanceof NotYet) return "busy";
      return tries < SETTLE_TRIES ? "left" : await this.#giveUp(operation);
    } finally {
      this.#settling.delete(id);
    }
  }

  /** Nothing stays in the way for ever: its files are somebody's to look at now. When that cannot be stored either, the next look tries again. */
  async #giveUp(operation: Operation): Promise<"ended" | "left"> {
    const keeper = this.#keeper(operation);
    if (keeper.giveUp === undefined) return "left";
    const { logger } = this.#deps;
    const fields = { operationId: operation.id, kind: operation.kind };
    logger.error(fields, "an operation could not be settled; its files are left as they are");
    try {
      await keeper.giveUp(operation);
      this.#tries.delete(operation.id);
      this.#wake(operation);
      return "ended";
    } catch (error) {
      logger.error({ ...fields, error: errorText(error) }, "the end of an operation could not be stored");
      return "left";
    }
  }

  #keeper({ kind }: Operation): OperationKeeper {
    const keeper = this.#keepers[kind];
    if (keeper === undefined) throw new Error(`Nobody keeps operations of kind ${kind} here.`);
    return keeper;
  }

  /** Looks again until nothing is left, or the server stops. */
  #later(look: number): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = this.#deps.clock.after(backoffMs(look, SETTLE_WAIT, 0), () => {
      this.#timer = undefined;
      void this.#look()
        .catch(() => ({ left: 1 }))
        .then(({ left }) => (left > 0 ? this.#later(look + 1) : undefined));
    });
  }

  /** Work that another process does, or that this one settles. */
  async #ended(operation: Operation): Promise<Operation> {
    const { store, clock } = this.#deps;
    const { id } = operation;
    const end = clock.monotonic() + REPETITION_MS;
    for (let now: Operation | undefined = operation; now !== undefined; now = await store.getOperation(id)) {
      if (now.state !== "running") return now;
      if (clock.monotonic() > end) break;
      await wait(clock, REPETITION_LOOK_MS);
    }
    throw new HoldfastError("WORKSPACE_BUSY", `${id} has not ended yet.`, { data: { holder: id } });
  }
}
