/**
 * The live agent sessions of this server, one per (session, agent). Each has a slot, whose states `slot.ts` draws.
 *
 * Invariants: one opening at a time per slot, shared by all who ask; a handle leaves its slot before anybody hears of its exit; a slot whose
 * handle is closing is not opened again before nothing of the old one lives; a handle whose place is kept is never evicted; no more programs
 * than the cap live at once, save for children of running turns and those that wait for a human; after `dispose` nothing is opened and
 * nothing is left.
 */
import { errorText, HoldfastError, silentLogger, within, type Clock, type Logger } from "@holdfast/kernel";
import { abortedError, type LiveAgent, type LiveAgentList, type SessionId } from "@holdfast/protocol";
import { chooseEvictions, POOL_LIMITS, roomFor, type PoolLimits, type Resident } from "./eviction.ts";
import { sessionFingerprint } from "./fingerprint.ts";
import {
  AgentFailure,
  type AgentHandle,
  type AgentPool,
  type Backend,
  type LoginRequest,
  type OpenRequest,
  type Reservation,
} from "./port.ts";
import { type Opening, Slot } from "./slot.ts";
import { type Measured, Upkeep } from "./upkeep.ts";

export type PoolDeps = {
  /** The backend that runs this agent; `undefined` when there is no such agent. */
  backendOf(agent: string): Promise<Backend | undefined>;
  clock: Clock;
  logger?: Logger | undefined;
  limits?: Partial<PoolLimits> | undefined;
  /** Measures every process tree that is ours. Without it memory is not limited. */
  measure?: (() => Promise<Measured[]>) | undefined;
};

/** Logins that run at once: each is a process of its own, beside the places of sessions. */
const MAX_LOGINS = 4;

/** After the grace of a dispose, how long SIGKILL may take (A-10: 10 s deadline). */
const KILL_DEADLINE_MS = 10_000;

/** What lists show last, in this order. */
const SHOWN_LAST = ["opening", "closing"];

/** Makes the pool. */
export function createPool(deps: PoolDeps): AgentPool {
  return new Pool(deps);
}

class Pool implements AgentPool {
  readonly #deps: PoolDeps;
  readonly #logger: Logger;
  readonly #limits: PoolLimits;
  readonly #slots = new Map<string, Slot>();
  readonly #upkeep: Upkeep;
  readonly #listeners = new Set<() => void>();
  readonly #logins = new Set<Promise<void>>();
  readonly #disposing = new AbortController();
  #isDisposed = false;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.#logger = deps.logger ?? silentLogger;
    this.#limits = { ...POOL_LIMITS, ...deps.limits };
    this.#upkeep = new Upkeep({
      clock: deps.clock,
      logger: this.#logger,
      measure: deps.measure,
      isAnyLive: () => this.#all().some(({ state }) => state.name === "live"),
      tidy: () => this.#tidy(),
      onMeasured: (measured) => this.#take(measured),
    });
  }

  reserve(request: { sessionId: SessionId; agent: string; beyondCap?: boolean }): Reservation | undefined {
    const { sessionId, agent, beyondCap = false } = request;
    if (this.#find(sessionId, agent)?.isTaken !== true && !beyondCap) {
      const evicted = roomFor(this.#residents(), this.#limits);
      if (evicted === undefined) return undefined;
      for (const slot of evicted) this.#evict(slot);
    }
    const slot = this.#slotOf(sessionId, agent);
    return slot.keep(beyondCap, () => this.#tellRoom(slot));
  }

  onRoom(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  list(): LiveAgentList {
    const rank = ({ state }: LiveAgent) => SHOWN_LAST.indexOf(state);
    const items = this.#all().flatMap((slot) => slot.describe());
    return { items: items.toSorted((one, other) => rank(one) - rank(other)), limit: this.#limits.maxLive };
  }

  async acquire(request: OpenRequest): Promise<{ handle: AgentHandle; live: boolean }> {
    this.#refuseWhenDisposed();
    const live = this.#find(request.sessionId, request.agent);
    if (live?.state.name === "live" && live.state.handle.alive) {
      const { handle, session } = live.state;
      if (!(await this.#isOutdated(handle, session, request))) {
        live.use();
        if (handle.alive) return { handle, live: true };
      } else if (live.has(handle)) {
        // Its program, directory or MCP servers are others now: a new generation takes over, with the same session of the agent.
        void this.#leave(live, handle);
      }
      this.#refuseWhenDisposed();
    }
    const slot = this.#slotOf(request.sessionId, request.agent);
    const running = "opening" in slot.state ? slot.state.opening : undefined;
    if (running?.abort.signal.aborted) {
      // It is being wound down for somebody who left; whoever comes now gets one of his own.
      await running.promise.catch(() => undefined);
      return await this.acquire(request);
    }
    const opening = running ?? this.#open(slot, request);
    return { handle: await this.#join(opening, request.signal), live: running !== undefined };
  }

  find(sessionId: SessionId, agent: string): AgentHandle | undefined {
    const state = this.#find(sessionId, agent)?.state;
    return state?.name === "live" && state.handle.alive ? state.handle : undefined;
  }

  closeIdle(sessionId: SessionId, agent: string): boolean {
    const slot = this.#find(sessionId, agent);
    if (slot?.isTaken !== true) return true;
    if (slot.idleSince === undefined) return false;
    this.#evict(slot);
    return true;
  }

  async authenticate(request: LoginRequest): Promise<void> {
    this.#refuseWhenDisposed();
    const backend = await this.#deps.backendOf(request.agent);
    if (backend?.authenticate === undefined) {
      const message = `${request.agent} takes no login from here. Log in with the program itself.`;
      throw new HoldfastError("UNPROCESSABLE", message);
    }
    if (this.#logins.size >= MAX_LOGINS)
      throw new HoldfastError(
        "RATE_LIMITED",
        `At most ${MAX_LOGINS} logins run at once. Try again when one has ended.`,
      );
    const signal = AbortSignal.any([request.signal, this.#disposing.signal]);
    const login = backend.authenticate({ ...request, signal });
    const left = login.catch(() => undefined).finally(() => this.#logins.delete(left));
    this.#logins.add(left);
    await login;
  }

  async closeSession(sessionId: SessionId): Promise<void> {
    await this.#close(this.#all().filter((slot) => slot.sessionId === sessionId));
  }

  async dispose(graceMs: number): Promise<void> {
    this.#isDisposed = true;
    this.#disposing.abort();
    this.#upkeep.stop();
    this.#listeners.clear();
    const closing = Promise.all([this.#close(this.#all(), graceMs), ...this.#logins]);
    await within(this.#deps.clock, graceMs + KILL_DEADLINE_MS, closing);
  }

  #all(): Slot[] {
    return [...this.#slots.values()];
  }

  #find(sessionId: SessionId, agent: string): Slot | undefined {
    return this.#slots.get(keyOf(sessionId, agent));
  }

  #slotOf(sessionId: SessionId, agent: string): Slot {
    const key = keyOf(sessionId, agent);
    const slot = this.#slots.get(key) ?? new Slot(sessionId, agent, this.#deps.clock);
    this.#slots.set(key, slot);
    return slot;
  }

  #refuseWhenDisposed(): void {
    if (this.#isDisposed)
      throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down; try again later.");
  }

  /** Only a handle without a prompt, and without background tasks, may be replaced. */
  async #isOutdated(handle: AgentHandle, session: string, request: OpenRequest): Promise<boolean> {
    if (handle.idleSince === undefined || handle.isArmed === true) return false;
    if (session !== sessionFingerprint(request)) return true;
    const backend = await this.#deps.backendOf(request.agent);
    const now = await backend?.fingerprint?.(request.agent);
    return now !== undefined && now !== handle.process?.fingerprint;
  }

  #open(slot: Slot, request: OpenRequest): Opening {
    // One that died, and whose exit was not heard of yet.
    if (slot.state.name === "live") void this.#leave(slot, slot.state.handle);
    const abort = new AbortController();
    const promise = this.#start(slot, { ...request, signal: abort.signal })
      .catch((error: unknown) => {
        slot.become("failed", { name: "empty" });
        throw error;
      })
      .finally(() => this.#tellRoom(slot));
    promise.catch(() => undefined);
    const opening = { abort, waiters: 0, promise };
    slot.become("open", { name: "opening", opening });
    return opening;
  }

  async #start(slot: Slot, request: OpenRequest): Promise<AgentHandle> {
    const maxLive = slot.isBeyondCap ? Number.POSITIVE_INFINITY : this.#limits.maxLive;
    // Two programs on one session of an agent would fight for its files.
    await Promise.all(slot.leaving.values());
    await this.#launch(slot, maxLive);
    const backend = await this.#deps.backendOf(request.agent);
    if (backend === undefined) {
      const message = `There is no agent ${request.agent}.`;
      const data = { agent: request.agent, phase: "spawn", message } as const;
      throw new AgentFailure("unavailable", { name: "AgentError", data });
    }
    const handle = await backend.open(request);
    if (request.signal.aborted) {
      await handle.close(0);
      throw aborted();
    }
    const session = sessionFingerprint(request);
    slot.become("opened", { name: "live", handle, session, usedAt: this.#deps.clock.monotonic() });
    this.#upkeep.plan();
    handle.onExit(() => {
      if (slot.has(handle)) void this.#leave(slot, handle);
    });
    return handle;
  }

  /** What was evicted for this opening, or for another one, may not be gone yet: its program and the new one together would exceed the cap. */
  async #launch(slot: Slot, maxLive: number): Promise<void> {
    for (;;) {
      const leaving = this.#all().flatMap((each) => [...each.leaving.values()]);
      const live = this.#all().filter(
        ({ state, isWaiting }) => state.name === "launching" || (state.name === "live" && !isWaiting),
      );
      // In one go with the look, or two of them would take the same room.
      if (leaving.length === 0 || live.length + leaving.length < maxLive) return slot.launch();
      await Promise.race(leaving);
    }
  }

  /** Waits for a shared opening; it is stopped when nobody waits for it any more. */
  async #join(opening: Opening, signal: AbortSignal): Promise<AgentHandle> {
    opening.waiters += 1;
    let leave: () => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(aborted());
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    });
    try {
      return await Promise.race([opening.promise, left]);
    } finally {
      signal.removeEventListener("abort", leave);
      opening.waiters -= 1;
      if (opening.waiters === 0) opening.abort.abort();
    }
  }

  /** Takes a handle out of its slot at once; resolves when nothing of it lives. Never rejects. */
  #leave(slot: Slot, handle: AgentHandle, graceMs?: number): Promise<void> {
    if (slot.has(handle)) slot.become("left", { name: "empty" });
    const closed = handle
      .close(graceMs)
      .catch((error: unknown) => {
        const { sessionId, agent } = slot;
        this.#logger.error({ sessionId, agent, error: errorText(error) }, "an agent could not be closed");
      })
      .finally(() => {
        slot.leaving.delete(handle);
        this.#tellRoom(slot);
      });
    slot.leaving.set(handle, closed);
    return closed;
  }

  #evict(slot: Slot): void {
    if (slot.state.name === "live") void this.#leave(slot, slot.state.handle);
  }

  #residents(): Resident<Slot>[] {
    return this.#all()
      .filter(({ isTaken }) => isTaken)
      .map((slot) => ({
        key: slot,
        idleSince: slot.idleSince,
        isWaiting: slot.isWaiting,
        isArmed: slot.isArmed,
        bytes: slot.process?.memoryBytes ?? 0,
      }));
  }

  #tidy(): void {
    const now = this.#deps.clock.monotonic();
    for (const slot of chooseEvictions(this.#residents(), now, this.#limits)) this.#evict(slot);
  }

  #take(measured: readonly Measured[]): void {
    for (const slot of this.#all()) slot.process = undefined;
    for (const { sessionId, agent, pid, bytes } of measured) {
      const slot = this.#find(sessionId, agent);
      if (slot !== undefined) slot.process = { pid, memoryBytes: bytes };
    }
    this.#tidy();
    // They may take less than before.
    this.#tellRoom();
  }

  /** There may be room again; a slot that nothing needs any more is dropped. */
  #tellRoom(slot?: Slot): void {
    if (slot !== undefined && !slot.isTaken && slot.leaving.size === 0)
      this.#slots.delete(keyOf(slot.sessionId, slot.agent));
    for (const listener of this.#listeners) listener();
  }

  async #close(slots: readonly Slot[], graceMs?: number): Promise<void> {
    await Promise.all(
      slots.flatMap((slot) => {
        // What left before is hurried.
        const closing = [...slot.leaving.keys()].map((handle) => handle.close(graceMs));
        const { state } = slot;
        if (state.name === "live") return [...closing, this.#leave(slot, state.handle, graceMs)];
        if (state.name === "empty") return closing;
        state.opening.abort.abort();
        return [...closing, state.opening.promise.catch(() => undefined)];
      }),
    );
  }
}

function aborted(): AgentFailure {
  return new AgentFailure("aborted", abortedError("The opening of the agent was stopped."));
}

/** Neither ids hold a space. */
function keyOf(sessionId: SessionId, agent: string): string {
  return `${sessionId} ${agent}`;
}
