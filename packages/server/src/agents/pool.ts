/**
 * The live agent sessions of this server, one per (session, agent).
 *
 * Invariants: one opening at a time per key, shared by all who ask; a handle leaves the map before anybody hears of its exit; a key whose
 * handle is closing is not opened again before nothing of the old one lives; a busy handle is never evicted; after `dispose` nothing is
 * opened and nothing is left.
 */
import { HoldfastError, within, type Clock, type Timer } from "@holdfast/kernel";
import { abortedError, type SessionId } from "@holdfast/protocol";
import { chooseEvictions, POOL_LIMITS, type PoolLimits } from "./eviction.ts";
import { AgentFailure, type AgentHandle, type AgentPool, type Backend, type OpenRequest } from "./port.ts";

export type PoolDeps = {
  /** The backend that runs this agent; `undefined` when there is no such agent. */
  backendOf(agent: string): Promise<Backend | undefined>;
  clock: Clock;
  limits?: Partial<PoolLimits> | undefined;
};

type Opening = { promise: Promise<AgentHandle>; abort: AbortController; waiters: number };

/** After the grace of a dispose, how long SIGKILL may take (A-10: 10 s deadline). */
const KILL_DEADLINE_MS = 10_000;

/** Between two looks for handles to evict (A-8: sampled every 10 s). */
const SWEEP_MS = 10_000;

/** Makes the pool. */
export function createPool(deps: PoolDeps): AgentPool {
  return new Pool(deps);
}

class Pool implements AgentPool {
  readonly #deps: PoolDeps;
  readonly #live = new Map<string, AgentHandle>();
  readonly #opening = new Map<string, Opening>();
  /** Handles that left the map and may still have processes. */
  readonly #leaving = new Map<AgentHandle, Promise<void>>();
  /** When each was last handed out; its prompt may follow. */
  readonly #usedAt = new Map<AgentHandle, number>();
  readonly #limits: PoolLimits;
  #sweep: Timer | undefined;
  #isDisposed = false;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.#limits = { ...POOL_LIMITS, ...deps.limits };
  }

  async acquire(request: OpenRequest): Promise<{ handle: AgentHandle; live: boolean }> {
    if (this.#isDisposed)
      throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down; try again later.");
    const key = keyOf(request.sessionId, request.agent);
    const live = this.find(request.sessionId, request.agent);
    if (live !== undefined) {
      this.#usedAt.set(live, this.#deps.clock.monotonic());
      return { handle: live, live: true };
    }
    const running = this.#opening.get(key);
    if (running?.abort.signal.aborted) {
      // It is being wound down for somebody who left; whoever comes now gets one of his own.
      await running.promise.catch(() => undefined);
      return await this.acquire(request);
    }
    const opening = running ?? this.#open(key, request);
    return { handle: await this.#join(opening, request.signal), live: running !== undefined };
  }

  find(sessionId: SessionId, agent: string): AgentHandle | undefined {
    const handle = this.#live.get(keyOf(sessionId, agent));
    return handle?.alive === true ? handle : undefined;
  }

  async closeSession(sessionId: SessionId): Promise<void> {
    const prefix = keyOf(sessionId, "");
    await this.#closeAll((key) => key.startsWith(prefix));
  }

  async dispose(graceMs: number): Promise<void> {
    this.#isDisposed = true;
    this.#sweep?.cancel();
    await within(
      this.#deps.clock,
      graceMs + KILL_DEADLINE_MS,
      this.#closeAll(() => true, graceMs),
    );
  }

  #open(key: string, request: OpenRequest): Opening {
    const abort = new AbortController();
    const opening: Opening = {
      abort,
      waiters: 0,
      promise: this.#start(key, { ...request, signal: abort.signal }),
    };
    this.#opening.set(key, opening);
    const forget = () => {
      if (this.#opening.get(key) === opening) this.#opening.delete(key);
    };
    opening.promise = opening.promise.finally(forget);
    opening.promise.catch(() => undefined);
    return opening;
  }

  async #start(key: string, request: OpenRequest): Promise<AgentHandle> {
    const stale = this.#live.get(key);
    if (stale !== undefined) void this.#leave(key, stale);
    // Two programs on one session of an agent would fight for its files.
    await Promise.all([...this.#leaving].flatMap(([handle, left]) => (isOf(handle, request) ? [left] : [])));
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
    this.#live.set(key, handle);
    this.#usedAt.set(handle, this.#deps.clock.monotonic());
    this.#planSweep();
    handle.onExit(() => void this.#leave(key, handle));
    return handle;
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

  /** Takes a handle out of the map at once; resolves when nothing of it lives. */
  #leave(key: string, handle: AgentHandle, graceMs?: number): Promise<void> {
    if (this.#live.get(key) === handle) this.#live.delete(key);
    this.#usedAt.delete(handle);
    const closed = handle.close(graceMs).finally(() => this.#leaving.delete(handle));
    this.#leaving.set(handle, closed);
    return closed;
  }

  #planSweep(): void {
    if (this.#sweep !== undefined || this.#isDisposed || this.#live.size === 0) return;
    this.#sweep = this.#deps.clock.after(SWEEP_MS, () => {
      this.#sweep = undefined;
      this.#evict();
      this.#planSweep();
    });
  }

  #evict(): void {
    const residents = [...this.#live].map(([key, handle]) => {
      const { idleSince } = handle;
      const usedAt = this.#usedAt.get(handle) ?? 0;
      return { key, idleSince: idleSince === undefined ? undefined : Math.max(idleSince, usedAt) };
    });
    for (const key of chooseEvictions(residents, this.#deps.clock.monotonic(), this.#limits)) {
      const handle = this.#live.get(key);
      if (handle !== undefined) void this.#leave(key, handle);
    }
  }

  async #closeAll(isMeant: (key: string) => boolean, graceMs?: number): Promise<void> {
    const openings = [...this.#opening].filter(([key]) => isMeant(key)).map(([, opening]) => opening);
    for (const opening of openings) opening.abort.abort();
    const handles = [...this.#live].filter(([key]) => isMeant(key));
    const leaving = [...this.#leaving.keys()].filter((handle) =>
      isMeant(keyOf(handle.sessionId, handle.agent)),
    );
    await Promise.all([
      ...handles.map(([key, handle]) => this.#leave(key, handle, graceMs)),
      ...leaving.map((handle) => handle.close(graceMs)),
      ...openings.map((opening) => opening.promise.catch(() => undefined)),
    ]);
  }
}

function aborted(): AgentFailure {
  return new AgentFailure("aborted", abortedError("The opening of the agent was stopped."));
}

function isOf(handle: AgentHandle, request: OpenRequest): boolean {
  return handle.sessionId === request.sessionId && handle.agent === request.agent;
}

/** Neither ids hold a space. */
function keyOf(sessionId: SessionId, agent: string): string {
  return `${sessionId} ${agent}`;
}
