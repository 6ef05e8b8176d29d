/**
 * The turns that agents of one session start by themselves: an agent that has begun waits, unread, until its turn is there; those turns go before
 * all that is queued, and wait only for the end of the one that runs.
 */
import { type Clock, faultPoint, HoldfastError, isHoldfastError, newId } from "@holdfast/kernel";
import { type InstanceId, ownWorkPart, type SessionId } from "@holdfast/protocol";
import type { AgentHandle } from "../../agents/index.ts";
import type { StartedTurn, Store } from "../../store/index.ts";
import { agentActor } from "../actor.ts";
import type { Permit, StartGate } from "./start-gate.ts";

type Deps = {
  store: Store;
  clock: Clock;
  instanceId: InstanceId;
  gate: StartGate;
  /** True once nothing new may start. */
  isStopping(): boolean;
};

type OwnTurn = { started: StartedTurn; permit: Permit; writes: true; begun: AgentHandle };

export class OwnTurns {
  readonly #deps: Deps;
  readonly #sessionId: SessionId;
  /** The newest handle of each agent. */
  readonly #handles = new Map<string, AgentHandle>();
  /** Agents that have begun, in that order. */
  readonly #begun = new Set<AgentHandle>();
  #isOver = false;

  constructor(deps: Deps, sessionId: SessionId) {
    this.#deps = deps;
    this.#sessionId = sessionId;
  }

  /** A turn uses this handle. */
  known(handle: AgentHandle): void {
    this.#handles.set(handle.agent, handle);
  }

  began(agent: string): void {
    const handle = this.#handles.get(agent);
    if (handle === undefined) return;
    if (this.#isOver || this.#deps.isStopping()) handle.letGo?.();
    else this.#begun.add(handle);
  }

  /** Whether a turn of its own is still to start on this handle. */
  waitsFor(handle: AgentHandle): boolean {
    return this.#begun.has(handle) && handle.hasBegun === true;
  }

  /** No such turn starts any more. */
  letGo(): void {
    this.#isOver = true;
    for (const handle of this.#begun) handle.letGo?.();
    this.#begun.clear();
  }

  /** Starts the next one; `undefined` when there is none, or its session does not take it. Rejects with what the store says; it waits on then. */
  async claim(): Promise<OwnTurn | undefined> {
    for (const handle of this.#begun) {
      if (!this.waitsFor(handle)) {
        this.#begun.delete(handle);
        continue;
      }
      try {
        const claimed = await this.#start(handle);
        this.#begun.delete(handle);
        if (claimed !== undefined) return claimed;
      } catch (error) {
        if (!isHoldfastError(error, "NOT_FOUND")) throw error;
        this.#begun.delete(handle);
      }
      handle.letGo?.();
    }
    return undefined;
  }

  /** `undefined` in an archived session. */
  async #start(handle: AgentHandle): Promise<OwnTurn | undefined> {
    const { store, gate } = this.#deps;
    const session = await store.getSession(this.#sessionId);
    if (session === undefined || session.time.archived !== undefined) return undefined;
    const { agent } = handle;
    const { id: sessionId, workspaceId } = session;
    const concurrency = (await store.getWorkspace(workspaceId))?.concurrency;
    const permit = gate.begun({
      sessionId,
      agent,
      workspaceId,
      ancestors: [],
      writes: concurrency !== "shared",
    });
    try {
      const started = await this.#claim(agent);
      if (started !== undefined) return { started, permit, writes: true, begun: handle };
      throw new HoldfastError("SESSION_BUSY", `A turn of session ${sessionId} is not written down yet.`);
    } catch (error) {
      permit.release();
      throw error;
    }
  }

  #claim(agent: string): Promise<StartedTurn | undefined> {
    faultPoint("turn.own-begun");
    const { store, clock, instanceId } = this.#deps;
    const now = clock.now();
    const [sessionId, messageId] = [this.#sessionId, newId("msg", now)];
    return store.startAgentTurn({
      sessionId,
      instanceId,
      agent,
      turnId: newId("trn", now),
      messageId,
      parts: [ownWorkPart({ id: newId("prt", now), sessionId, messageId }, now)],
      assistantMessageId: newId("msg", now),
      agentSessionId: newId("ags", now),
      actor: agentActor(agent),
      writes: true,
    });
  }
}
