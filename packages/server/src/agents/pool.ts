/**
 * The live agent sessions of this server, one per (session, agent).
 *
 *   reserve ─► acquire ─► opening ─► live ─┬─ place released: idle ─► evicted, outdated, expired ─► leaving ─► gone
 *                                          └─ its child ends ──────────────────────────────────────┘
 *
 * Invariants: one opening at a time per key, shared by all who ask; a handle leaves the map before anybody hears of its exit; a key whose
 * handle is closing is not opened again before nothing of the old one lives; a handle whose place is kept is never evicted; no more programs
 * than the cap live at once, save for children of running turns and those that wait for a human; after `dispose` nothing is opened and
 * nothing is left.
 */
import {
  errorText,
  HoldfastError,
  silentLogger,
  within,
  type Clock,
  type Logger,
  type Timer,
} from "@holdfast/kernel";
import { abortedError, type LiveAgent, type LiveAgentList, type SessionId } from "@holdfast/protocol";
import { chooseEvictions, POOL_LIMITS, roomFor, type PoolLimits, type Resident } from "./eviction.ts";
import { Places } from "./places.ts";
import {
  AgentFailure,
  type AgentHandle,
  type AgentPool,
  type Backend,
  type OpenRequest,
  type Place,
} from "./port.ts";

/** What the processes of one live handle take. */
export type Measured = { sessionId: SessionId; agent: string; pid: number; bytes: number };

export type PoolDeps = {
  /** The backend that runs this agent; `undefined` when there is no such agent. */
  backendOf(agent: string): Promise<Backend | undefined>;
  clock: Clock;
  logger?: Logger | undefined;
  limits?: Partial<PoolLimits> | undefined;
  /** Measures every process tree that is ours. Without it memory is not limited. */
  measure?: (() => Promise<Measured[]>) | undefined;
};

type Opening = { promise: Promise<AgentHandle>; abort: AbortController; waiters: number };

/** After the grace of a dispose, how long SIGKILL may take (A-10: 10 s deadline). */
const KILL_DEADLINE_MS = 10_000;

/** Between two looks at idle time and memory (A-8: sampled every 10 s). */
const SWEEP_MS = 10_000;

/** Makes the pool. */
export function createPool(deps: PoolDeps): AgentPool {
  return new Pool(deps);
}

class Pool implements AgentPool {
  readonly #deps: PoolDeps;
  readonly #live = new Map<string, AgentHandle>();
  readonly #opening = new Map<string, Opening>();
  /** Openings whose program may live already. */
  readonly #launching = new Set<string>();
  /** Handles that left the map and may still have processes. */
  readonly #leaving = new Map<AgentHandle, Promise<void>>();
  readonly #places: Places;
  readonly #directories = new WeakMap<AgentHandle, string>();
  #measured = new Map<string, Measured>();
  readonly #limits: PoolLimits;
  readonly #listeners = new Set<() => void>();
  #sweep: Timer | undefined;
  #isMeasuring = false;
  #isDisposed = false;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.#limits = { ...POOL_LIMITS, ...deps.limits };
    this.#places = new Places(deps.clock, () => this.#tellRoom());
  }

  reserve(request: { sessionId: SessionId; agent: string; beyondCap?: boolean }): Place | undefined {
    const key = keyOf(request.sessionId, request.agent);
    const isThere = this.#live.has(key) || this.#opening.has(key) || this.#places.isKept(key);
    if (!isThere && request.beyondCap !== true) {
      const evicted = roomFor(this.#residents(), this.#limits);
      if (evicted === undefined) return undefined;
      for (const each of evicted) this.#evict(each);
    }
    return this.#places.keep(key, request.beyondCap === true);
  }

  onRoom(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  list(): LiveAgentList {
    const now = this.#deps.clock.monotonic();
    const opening = [...this.#opening.keys()].filter((key) => !this.#live.has(key));
    const items: LiveAgent[] = [
      ...[...this.#live].map(([key, handle]) => this.#describe(key, handle, now)),
      ...opening.map((key) => ({ ...namesOf(key), state: "opening" as const, ...this.#memoryOf(key) })),
      ...[...this.#leaving.keys()].map(({ sessionId, agent }) => ({
        sessionId,
        agent,
        state: "closing" as const,
      })),
    ];
    return { items, limit: this.#limits.maxLive };
  }

  async acquire(request: OpenRequest): Promise<{ handle: AgentHandle; live: boolean }> {
    this.#refuseWhenDisposed();
    const key = keyOf(request.sessionId, request.agent);
    const live = this.find(request.sessionId, request.agent);
    if (live !== undefined) {
      if (!(await this.#isOutdated(live, request))) {
        this.#places.use(key);
        if (live.alive) return { handle: live, live: true };
      } else if (this.#live.get(key) === live) {
        // Its program or its directory is another one now: a new generation takes over, with the same session of the agent.
        void this.#leave(key, live);
      }
      this.#refuseWhenDisposed();
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

  closeIdle(sessionId: SessionId, agent: string): boolean {
    const key = keyOf(sessionId, agent);
    const isUsed = this.#live.has(key)
      ? this.#idleSince(key) === undefined
      : this.#opening.has(key) || this.#places.isKept(key);
    if (!isUsed) this.#evict(key);
    return !isUsed;
  }

  async closeSession(sessionId: SessionId): Promise<void> {
    const prefix = keyOf(sessionId, "");
    await this.#closeAll((key) => key.startsWith(prefix));
  }

  async dispose(graceMs: number): Promise<void> {
    this.#isDisposed = true;
    this.#sweep?.cancel();
    this.#listeners.clear();
    await within(
      this.#deps.clock,
      graceMs + KILL_DEADLINE_MS,
      this.#closeAll(() => true, graceMs),
    );
  }

  #refuseWhenDisposed(): void {
    if (this.#isDisposed)
      throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down; try again later.");
  }

  /** Only a handle without a prompt may be replaced. */
  async #isOutdated(handle: AgentHandle, request: OpenRequest): Promise<boolean> {
    if (handle.idleSince === undefined) return false;
    if (this.#directories.get(handle) !== request.directory) return true;
    const backend = await this.#deps.backendOf(request.agent);
    const now = await backend?.fingerprint?.(request.agent);
    return now !== undefined && now !== handle.processFingerprint;
  }

  #open(key: string, request: OpenRequest): Opening {
    const abort = new AbortController();
    const beyondCap = this.#places.isBeyondCap(key);
    const opening: Opening = {
      abort,
      waiters: 0,
      promise: this.#start(key, { ...request, signal: abort.signal }, beyondCap),
    };
    this.#opening.set(key, opening);
    const forget = () => {
      this.#launching.delete(key);
      if (this.#opening.get(key) === opening) this.#opening.delete(key);
      this.#tellRoom();
    };
    opening.promise = opening.promise.finally(forget);
    opening.promise.catch(() => undefined);
    return opening;
  }

  async #start(key: string, request: OpenRequest, beyondCap: boolean): Promise<AgentHandle> {
    const stale = this.#live.get(key);
    if (stale !== undefined) void this.#leave(key, stale);
    // Two programs on one session of an agent would fight for its files.
    await Promise.all([...this.#leaving].flatMap(([handle, left]) => (isOf(handle, request) ? [left] : [])));
    await this.#launch(key, beyondCap ? Number.POSITIVE_INFINITY : this.#limits.maxLive);
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
    this.#directories.set(handle, request.directory);
    this.#places.use(key);
    this.#planSweep();
    handle.onExit(() => void this.#leave(key, handle));
    return handle;
  }

  /** What was evicted for this opening, or for another one, may not be gone yet: its program and the new one together would exceed the cap. */
  async #launch(key: string, maxLive: number): Promise<void> {
    while (this.#leaving.size > 0) {
      const live = [...this.#live.keys()].filter((each) => !this.#places.isWaiting(each)).length;
      if (live + this.#launching.size + this.#leaving.size < maxLive) break;
      await Promise.race(this.#leaving.values());
    }
    // In one go with the look above, or two of them would take the same room.
    this.#launching.add(key);
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

  /** Takes a handle out of the map at once; resolves when nothing of it lives. Never rejects. */
  #leave(key: string, handle: AgentHandle, graceMs?: number): Promise<void> {
    if (this.#live.get(key) === handle) this.#live.delete(key);
    this.#places.forget(key);
    const closed = handle
      .close(graceMs)
      .catch((error: unknown) =>
        (this.#deps.logger ?? silentLogger).error(
          { ...namesOf(key), error: errorText(error) },
          "an agent could not be closed",
        ),
      )
      .finally(() => {
        this.#leaving.delete(handle);
        this.#tellRoom();
      });
    this.#leaving.set(handle, closed);
    return closed;
  }

  #evict(key: string): void {
    const handle = this.#live.get(key);
    if (handle !== undefined) void this.#leave(key, handle);
  }

  #residents(): Resident<string>[] {
    const keys = new Set([...this.#live.keys(), ...this.#opening.keys(), ...this.#places.keys()]);
    return [...keys].map((key) => ({
      key,
      idleSince: this.#idleSince(key),
      isWaiting: this.#places.isWaiting(key),
      bytes: this.#measured.get(key)?.bytes ?? 0,
    }));
  }

  /** `undefined` for one that is used, or that does not tell. */
  #idleSince(key: string): number | undefined {
    const since = this.#live.get(key)?.idleSince;
    if (since === undefined || this.#places.isKept(key)) return undefined;
    return Math.max(since, this.#places.usedAt(key));
  }

  #planSweep(): void {
    if (this.#sweep !== undefined || this.#isDisposed || this.#live.size === 0) return;
    this.#sweep = this.#deps.clock.after(SWEEP_MS, () => {
      this.#sweep = undefined;
      this.#tidy();
      void this.#measure();
      this.#planSweep();
    });
  }

  #tidy(): void {
    const now = this.#deps.clock.monotonic();
    for (const key of chooseEvictions(this.#residents(), now, this.#limits)) this.#evict(key);
  }

  async #measure(): Promise<void> {
    const { measure, logger = silentLogger } = this.#deps;
    if (measure === undefined || this.#isMeasuring) return;
    this.#isMeasuring = true;
    try {
      const measured = await measure();
      this.#measured = new Map(measured.map((each) => [keyOf(each.sessionId, each.agent), each]));
      if (this.#isDisposed) return;
      this.#tidy();
      // They may take less than before.
      this.#tellRoom();
    } catch (error) {
      logger.warn({ error: errorText(error) }, "the memory of agents could not be measured");
    } finally {
      this.#isMeasuring = false;
    }
  }

  #describe(key: string, handle: AgentHandle, now: number): LiveAgent {
    const idleSince = this.#idleSince(key);
    const state = this.#places.isWaiting(key) ? "waiting" : idleSince === undefined ? "busy" : "idle";
    const idle = state === "idle" && idleSince !== undefined ? { idleMs: Math.max(0, now - idleSince) } : {};
    return { sessionId: handle.sessionId, agent: handle.agent, state, ...idle, ...this.#memoryOf(key) };
  }

  #memoryOf(key: string): Pick<LiveAgent, "pid" | "memoryBytes"> {
    const measured = this.#measured.get(key);
    return measured === undefined ? {} : { pid: measured.pid, memoryBytes: measured.bytes };
  }

  #tellRoom(): void {
    for (const listener of this.#listeners) listener();
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

function namesOf(key: string): { sessionId: SessionId; agent: string } {
  const [sessionId = "", agent = ""] = key.split(" ");
  return { sessionId: sessionId as SessionId, agent };
}
