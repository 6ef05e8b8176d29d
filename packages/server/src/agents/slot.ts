/**
 * What the pool knows of one agent of one session: who uses it, what lives of it, and which earlier generations are still being ended.
 *
 *   empty ─open─► opening ─launch─► launching ─opened─► live ─left─► empty
 *     ▲              └────failed────────┘
 *     └────────────────────┘
 *
 * From `launching` on its program may live. A slot that nobody uses, and of which nothing lives, is dropped by the pool.
 */
import type { Clock } from "@holdfast/kernel";
import type { LiveAgent, SessionId } from "@holdfast/protocol";
import type { AgentHandle, Reservation } from "./port.ts";

/** One opening, shared by all who ask for it. */
export type Opening = { promise: Promise<AgentHandle>; abort: AbortController; waiters: number };

export type SlotState =
  | { name: "empty" }
  | { name: "opening" | "launching"; opening: Opening }
  /** `session`: the fingerprint that it was opened with. `usedAt`: when its last prompt ended, or when one may have been about to follow; on the monotonic clock. */
  | { name: "live"; handle: AgentHandle; session: string; usedAt: number };

export type SlotName = SlotState["name"];
export type SlotEvent = "open" | "launch" | "opened" | "failed" | "left";

const AFTER: Readonly<Record<SlotName, Partial<Record<SlotEvent, SlotName>>>> = {
  empty: { open: "opening" },
  opening: { launch: "launching", failed: "empty" },
  launching: { opened: "live", failed: "empty" },
  live: { left: "empty" },
};

/** The state that an event leads to; `undefined` where it cannot happen. */
export const slotAfter = (name: SlotName, event: SlotEvent): SlotName | undefined => AFTER[name][event];

export class Slot {
  readonly sessionId: SessionId;
  readonly agent: string;
  /** Handles that left and may still have processes; each promise resolves when nothing of it lives. */
  readonly leaving = new Map<AgentHandle, Promise<void>>();
  /** Its process, and what that took with its descendants when it was last measured; `undefined` until then, and without a process. */
  process: Pick<LiveAgent, "pid" | "memoryBytes"> | undefined;
  readonly #clock: Clock;
  #state: SlotState = { name: "empty" };
  #holds = 0;
  #waiting = 0;
  #isBeyondCap = false;

  constructor(sessionId: SessionId, agent: string, clock: Clock) {
    this.sessionId = sessionId;
    this.agent = agent;
    this.#clock = clock;
  }

  get state(): SlotState {
    return this.#state;
  }

  /** Throws a RangeError where the event cannot happen. */
  become(event: SlotEvent, state: SlotState): void {
    const next = slotAfter(this.#state.name, event);
    if (next !== state.name) throw new RangeError(`A slot that is ${this.#state.name} was told ${event}.`);
    this.#state = state;
  }

  /** Its program may live from now on. */
  launch(): void {
    const { opening } = this.#state as Extract<SlotState, { opening: Opening }>;
    this.become("launch", { name: "launching", opening });
  }

  /** Whether this is its live handle. */
  has(handle: AgentHandle): boolean {
    return this.#state.name === "live" && this.#state.handle === handle;
  }

  /** Keeps it for a turn that is about to start or runs. `onRoom` is called when it is given back, or its holder begins to wait for a human. */
  keep(isBeyondCap: boolean, onRoom: () => void): Reservation {
    this.#holds += 1;
    this.#isBeyondCap ||= isBeyondCap;
    let isWaiting = false;
    let isReleased = false;
    const wait = (next: boolean) => {
      if (isReleased || next === isWaiting) return;
      isWaiting = next;
      this.#waiting += next ? 1 : -1;
      if (next) onRoom();
    };
    return {
      waiting: wait,
      release: () => {
        if (isReleased) return;
        wait(false);
        isReleased = true;
        this.#holds -= 1;
        if (this.#holds === 0) this.#isBeyondCap = false;
        this.use();
        onRoom();
      },
    };
  }

  /** Its prompt just ended, or may be about to follow. */
  use(): void {
    if (this.#state.name === "live") this.#state = { ...this.#state, usedAt: this.#clock.monotonic() };
  }

  get isKept(): boolean {
    return this.#holds > 0;
  }

  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  get isArmed(): boolean {
    return this.#state.name === "live" && this.#state.handle.isArmed === true;
  }

  get isBeyondCap(): boolean {
    return this.#isBeyondCap;
  }

  /** Whether it takes room: somebody keeps it, or something is live or being opened. */
  get isTaken(): boolean {
    return this.isKept || this.#state.name !== "empty";
  }

  /** `undefined` for one that is used, or that does not tell. */
  get idleSince(): number | undefined {
    if (this.#state.name !== "live" || this.isKept) return undefined;
    const { handle, usedAt } = this.#state;
    return handle.idleSince === undefined ? undefined : Math.max(handle.idleSince, usedAt);
  }

  describe(): LiveAgent[] {
    const { sessionId, agent, idleSince, process } = this;
    const closing = [...this.leaving].map(() => ({ sessionId, agent, state: "closing" as const }));
    if (this.#state.name === "empty") return closing;
    if (this.#state.name !== "live") return [{ sessionId, agent, state: "opening", ...process }, ...closing];
    const state = this.isWaiting ? "waiting" : idleSince === undefined ? "busy" : "idle";
    const idleMs = Math.max(0, this.#clock.monotonic() - (idleSince ?? 0));
    return [{ sessionId, agent, state, ...(state === "idle" ? { idleMs } : {}), ...process }, ...closing];
  }
}
