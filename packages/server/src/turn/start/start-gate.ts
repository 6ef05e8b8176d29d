/**
 * The gate before every start: a turn gets its workspace and its place in the pool together or waits with neither, so that nobody
 * holds the one while waiting for the other.
 *
 *   request ─► permit ─► the turn runs ─► release ─┐
 *      │                                           ▼
 *      └► waits, first come first served ◄── wake: whoever may start asks again
 *
 * - A waiting session keeps its turn in the order until it starts or withdraws; those behind it do not overtake it where it waits.
 * - The durable lease is the store's; this only says whom to let try. A wake that gets lost is made up for by the sweeper.
 */
import type { SessionId, WaitingFor, WorkspaceId } from "@holdfast/protocol";
import type { AgentPool, Reservation } from "../../agents/index.ts";
import {
  afterEnd,
  isBeyondCap,
  leaseFor,
  mustWaitForPlace,
  type Running,
  type Start,
  type Waiting,
  worthWaking,
} from "./start-order.ts";

export type StartGateDeps = {
  pool: Pick<AgentPool, "reserve" | "onRoom">;
  /** Lets a session look again. Never called from inside `request`. */
  wake(sessionId: SessionId): void;
};

/** The right to start one turn. `release` when it has ended, or was not started after all; idempotent. */
export type Permit = { place: Reservation; release(): void };

export class StartGate {
  readonly #deps: StartGateDeps;
  readonly #stopListening: () => void;
  #running: readonly Running[] = [];
  #waiting: readonly Waiting[] = [];
  #isLooking = false;

  constructor(deps: StartGateDeps) {
    this.#deps = deps;
    this.#stopListening = deps.pool.onRoom(() => this.#look());
  }

  /** A permit, or what the session waits for now; it is woken when it is worth asking again. */
  request(start: Start): { permit: Permit } | { waitingFor: WaitingFor } {
    const at = this.#waiting.findIndex((each) => each.start.sessionId === start.sessionId);
    const earlier = at === -1 ? this.#waiting : this.#waiting.slice(0, at);
    const lease = leaseFor(start, earlier, this.#running);
    if (typeof lease !== "string") return this.#wait(start, at, lease);
    const beyondCap = isBeyondCap(start, this.#running);
    const { sessionId, agent } = start;
    const place = mustWaitForPlace(start, earlier, this.#running)
      ? undefined
      : this.#deps.pool.reserve({ sessionId, agent, beyondCap });
    if (place === undefined) return this.#wait(start, at, { kind: "pool" });
    this.#forget(sessionId);
    return { permit: this.#let({ ...start, lease }, place) };
  }

  /** The permit of a turn that its agent has begun already: it waits for nothing, and has the workspace where that is free. */
  begun(start: Start): Permit {
    const { sessionId, agent } = start;
    // What its session waited for holds nobody else back meanwhile.
    this.withdraw(sessionId);
    const place = this.#deps.pool.reserve({ sessionId, agent, beyondCap: true });
    if (place === undefined) throw new Error("A place beyond the cap is always to be had.");
    const lease = leaseFor(start, [], this.#running);
    return this.#let({ ...start, lease: typeof lease === "string" ? lease : "none" }, place);
  }

  #let(running: Running, place: Reservation): Permit {
    this.#running = [...this.#running, running];
    let isReleased = false;
    const release = () => {
      if (!isReleased) this.#release(running, place);
      isReleased = true;
    };
    return { place, release };
  }

  /** The session has nothing to start now. */
  withdraw(sessionId: SessionId): void {
    if (this.#forget(sessionId)) this.#look();
  }

  /** The sessions that wait, for whatever, in order to work in a workspace. */
  waitingIn(workspaceId: WorkspaceId): SessionId[] {
    return this.#waiting.flatMap(({ start }) => (start.workspaceId === workspaceId ? [start.sessionId] : []));
  }

  /** Lets everybody look again who may start as things are. */
  #look(): void {
    if (this.#isLooking || this.#waiting.length === 0) return;
    this.#isLooking = true;
    // Later, so that a wake never runs inside of what caused it; what happens until then is seen as well.
    queueMicrotask(() => {
      this.#isLooking = false;
      for (const sessionId of worthWaking(this.#waiting, this.#running)) this.#deps.wake(sessionId);
    });
  }

  close(): void {
    this.#stopListening();
    this.#waiting = [];
  }

  #wait(start: Start, at: number, waitingFor: WaitingFor): { waitingFor: WaitingFor } {
    const waitsFor = waitingFor.kind === "pool" ? "pool" : "workspace";
    const next: Waiting = { start, waitsFor };
    this.#waiting = at === -1 ? [...this.#waiting, next] : this.#waiting.with(at, next);
    return { waitingFor };
  }

  #release({ sessionId }: Running, place: Reservation): void {
    // Its entry may be another one by now: a lease may have been passed on to it.
    const ended = this.#running.find((each) => each.sessionId === sessionId);
    if (ended !== undefined) this.#running = afterEnd(this.#running, ended);
    place.release();
    this.#look();
  }

  /** True when it was waiting; those behind it may be next then. */
  #forget(sessionId: SessionId): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((each) => each.start.sessionId !== sessionId);
    if (this.#waiting.length === before) return false;
    this.#look();
    return true;
  }
}
