/**
 * Gives to the agent of a running turn what people say meanwhile (D-6, A-28).
 *
 *   look ─► [ offerSteer ] ─► the agent ─┬► injected               ─► [ endSteer ] taken
 *                                        ├► promptRequired, failed ─► [ endSteer ] returned: nothing more goes into this turn
 *                                        └► nobody can tell        ─► [ endSteer ] unknown
 *
 * - One after another, in their order, and each is stored as delivered before the agent hears of it: whoever dies on the way leaves it to the end
 *   of the turn, and it is never given twice.
 * - What was returned runs ahead of the queue, and so does what comes behind it.
 */
import { type Clock, faultPoint, isHoldfastError, type Logger, retryStorage } from "@holdfast/kernel";
import type { MessageId } from "@holdfast/protocol";
import type { AgentHandle, SteerResult } from "../../agents/index.ts";
import type { OfferedSteer, StartedTurn, SteerEnd, Store } from "../../store/index.ts";
import { TURN_ACTOR } from "../actor.ts";
import { maskOf } from "../record/index.ts";

type Deps = {
  store: Store;
  clock: Clock;
  logger: Logger;
  started: StartedTurn;
  /** False once the turn is being stopped or has ended. */
  goesOn: () => boolean;
  /** The message is in the history now, and the agent has it. */
  taken: (messageId: MessageId) => void;
  /** Ends the repeating of refused writes. */
  signal: AbortSignal;
};

export class Steering {
  readonly #deps: Deps;
  #handle: AgentHandle | undefined;
  #isWanted = false;
  #isGiving = false;
  /** The agent did not take one. */
  #isOver = false;
  #given: Promise<void> = Promise.resolve();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** A prompt of the turn goes out on this handle. */
  prompted(handle: AgentHandle): void {
    this.#handle = handle;
    if (this.#isWanted) this.look();
  }

  /** There may be something to give. */
  look(): void {
    this.#isWanted = true;
    if (this.#isGiving || this.#handle?.features.steer !== "yes") return;
    this.#isGiving = true;
    this.#given = this.#giveAll(this.#handle);
  }

  /** Resolves when what is being given has its end; the handle sees to it that this is soon after the prompt's. */
  async settled(): Promise<void> {
    this.#isOver = true;
    await this.#given;
  }

  async #giveAll(handle: AgentHandle): Promise<void> {
    try {
      while (this.#isWanted && !this.#isOver && this.#deps.goesOn()) {
        this.#isWanted = false;
        if (await this.#giveNext(handle)) this.#isWanted = true;
      }
    } catch (error) {
      const { logger, started } = this.#deps;
      // What was given and has no end gets it with the turn.
      const fields = { sessionId: started.session.id, turnId: started.turn.id };
      if (!isHoldfastError(error, "CLAIM_LOST"))
        logger.warn({ ...fields, error }, "what was said meanwhile could not be given to the running turn");
    } finally {
      this.#isGiving = false;
    }
  }

  async #giveNext(handle: AgentHandle): Promise<boolean> {
    const { store, started } = this.#deps;
    const offered = await store.offerSteer({
      turnId: started.turn.id,
      epoch: started.epoch,
      actor: TURN_ACTOR,
    });
    if (offered === undefined) return false;
    faultPoint("turn.steer-offered");
    const { info, parts } = offered.message;
    const result = (await handle.steer?.({ messageId: info.id, parts })) ?? NOT_TAKEN;
    faultPoint("turn.steer-answered");
    if (result.outcome === "promptRequired" || result.outcome === "failed") this.#isOver = true;
    try {
      await this.#end(offered, endOf(result, maskOf(started)));
    } finally {
      if (result.outcome === "injected") result.goOn?.();
    }
    return true;
  }

  async #end({ input }: OfferedSteer, end: SteerEnd): Promise<void> {
    const { store, started } = this.#deps;
    const command = { turnId: input.turnId, epoch: started.epoch, actor: TURN_ACTOR, end };
    await retryStorage(this.#deps, () => store.endSteer(command));
    if (end.outcome === "taken") this.#deps.taken(input.messageId);
  }
}

const NOT_TAKEN: SteerResult = { outcome: "promptRequired" };

function endOf(result: SteerResult, mask: (text: string) => string): SteerEnd {
  switch (result.outcome) {
    case "injected":
      return { outcome: "taken" };
    case "promptRequired":
      return { outcome: "returned" };
    case "failed":
      return { outcome: "returned", detail: mask(result.message) };
    case "unknown":
      return { outcome: "unknown" };
  }
}
