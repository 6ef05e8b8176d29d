import type { Clock } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import type { Ending } from "../end/index.ts";
import { type Circuit, type CircuitLimits, CLOSED, noteCrash, openForMs } from "./circuit.ts";

/** How far a crash reached: a start that failed before `initialize` counts against the agent in every session. */
export type CrashScope = "start" | "session";

/** `unknown`: the end says nothing about the agent's health, such as a stop of ours. */
export type CrashVerdict = CrashScope | "none" | "unknown";

/** The circuits of this process: one per agent session, one per agent. They live in memory; a restart begins with all of them closed. */
export class CrashBudgets {
  readonly #clock: Clock;
  readonly #limits: CircuitLimits;
  readonly #circuits = new Map<string, Circuit>();

  constructor(clock: Clock, limits: CircuitLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** False when every circuit is closed, so that nobody needs to look. */
  get any(): boolean {
    return this.#circuits.size > 0;
  }

  /** How long no turn of this agent may start in this session, in ms. */
  blockedForMs(sessionId: SessionId, agent: string): number {
    const now = this.#clock.monotonic();
    const keys = [ofSession(sessionId, agent), ofAgent(agent)];
    return Math.max(...keys.map((key) => openForMs(this.#circuits.get(key) ?? CLOSED, now)));
  }

  crashed(sessionId: SessionId, agent: string, scope: CrashScope): void {
    this.#crash(ofSession(sessionId, agent));
    if (scope === "start") this.#crash(ofAgent(agent));
  }

  endedWell(sessionId: SessionId, agent: string): void {
    this.#circuits.delete(ofSession(sessionId, agent));
    this.#circuits.delete(ofAgent(agent));
  }

  /** A person says to try again: the session's circuits close, and those of the agents in them. */
  closeByHand(sessionId: SessionId): void {
    const prefix = ofSession(sessionId, "");
    for (const key of this.#circuits.keys()) {
      if (!key.startsWith(prefix)) continue;
      this.#circuits.delete(key);
      this.#circuits.delete(ofAgent(key.slice(prefix.length)));
    }
  }

  #crash(key: string): void {
    const circuit = this.#circuits.get(key) ?? CLOSED;
    this.#circuits.set(key, noteCrash(circuit, this.#limits, this.#clock.monotonic()));
  }
}

const ofSession = (sessionId: SessionId, agent: string): string => `${sessionId}/${agent}`;
const ofAgent = (agent: string): string => `*/${agent}`;

/** A crash counts by how far the agent had come; what is no crash closes the circuit when the agent did answer. */
export function crashOf(ending: Ending): CrashVerdict {
  if (ending.by === "prompt") {
    if (ending.result.outcome === "crashed") return "session";
    return ending.result.outcome === "killed" ? "unknown" : "none";
  }
  if (ending.by !== "open" || ending.failure.kind !== "crashed") return "unknown";
  const { error } = ending.failure;
  const early =
    error.name === "AgentError" && (error.data.phase === "spawn" || error.data.phase === "initialize");
  return early ? "start" : "session";
}
