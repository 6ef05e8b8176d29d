/**
 * What an agent says between its turns: state of the agent session applies at any time, everything else is a note. There is no turn to
 * fail and no claim to defend here: a refused write is logged and dropped.
 */
import { type Clock, HoldfastError, isHoldfastError, type Logger, wait } from "@holdfast/kernel";
import type { Actor, AgentSessionId, SessionId, TurnId } from "@holdfast/protocol";
import type { NoteEvent, PastEvent, StateEvent } from "../../agents/index.ts";
import type { Store } from "../../store/index.ts";
import { agentActor } from "../actor.ts";
import { isNote, noteOp } from "./note.ts";
import { changePast, isPast } from "./past.ts";
import { statePatch } from "./state-patch.ts";
import { isDefaultTitle, presentableTitle } from "./title.ts";

/** Most events that wait for the store; an agent that says more between its turns is not kept. */
const MAX_WAITING = 64;

/** How often, and after how many ms, the end of a turn is looked for. */
const BUSY_LOOKS = 20;
const BUSY_MS = 250;

export type IdleOrigin = { sessionId: SessionId; agentSessionId: AgentSessionId; agent: string };

/** The newest turn of a session and its claim, under which notes are written. */
export type LastTurn = { turnId: TurnId; epoch: number };

export class IdleEvents {
  readonly #deps: { store: Store; clock: Clock; logger: Logger };
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(deps: { store: Store; clock: Clock; logger: Logger }) {
    this.#deps = deps;
  }

  /** `after`: what was said before is still being written then. */
  emit(
    origin: IdleOrigin,
    last: LastTurn | undefined,
    event: StateEvent | NoteEvent,
    after?: Promise<unknown>,
  ): void {
    if (this.#waiting >= MAX_WAITING) return this.#drop(origin, event, "too many wait for the store");
    this.#waiting += 1;
    this.#line = Promise.all([this.#line, after])
      .then(() => this.#write(origin, last, event))
      .catch((error: unknown) =>
        this.#drop(origin, event, error instanceof HoldfastError ? error.code : "fault"),
      )
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Resolves when everything said so far is written or dropped. */
  async settled(): Promise<void> {
    await this.#line;
  }

  async #write(origin: IdleOrigin, last: LastTurn | undefined, event: StateEvent | NoteEvent): Promise<void> {
    const { store } = this.#deps;
    const { sessionId, agentSessionId, agent } = origin;
    const actor = agentActor(agent);
    if (isNote(event)) {
      if (last !== undefined) await store.appendProgress({ sessionId, ...last, ops: [noteOp(agent, event)] });
    } else if (event.type === "info") {
      await this.#title(sessionId, actor, event.title);
    } else if (isPast(event)) {
      await this.#past(origin, event);
    } else if (event.type !== "usage") {
      await store.updateAgentSession({ agentSessionId, patch: statePatch(event), actor });
    }
  }

  /** What comes right behind a turn's end is about a turn that takes no change yet. */
  async #past(origin: IdleOrigin, event: PastEvent): Promise<void> {
    const { store, clock } = this.#deps;
    for (let looks = 1; ; looks += 1) {
      try {
        await changePast(store, origin, event);
        return;
      } catch (error) {
        if (looks === BUSY_LOOKS || !isHoldfastError(error, "SESSION_BUSY")) throw error;
      }
      await wait(clock, BUSY_MS);
    }
  }

  async #title(sessionId: SessionId, actor: Actor, text: string): Promise<void> {
    const title = presentableTitle(text);
    const session = await this.#deps.store.getSession(sessionId);
    if (title === undefined || session === undefined || !isDefaultTitle(session.title)) return;
    await this.#deps.store.patchSession({ sessionId, patch: { title }, actor });
  }

  #drop(origin: IdleOrigin, event: StateEvent | NoteEvent, reason: string): void {
    this.#deps.logger.debug(
      { ...origin, type: event.type, reason },
      "what an agent said between its turns is not kept",
    );
  }
}
