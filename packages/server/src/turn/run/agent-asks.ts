import type { Clock, Logger } from "@holdfast/kernel";
import type { QuestionAnswer } from "@holdfast/protocol";
import type { AgentQuestion, NotAllowed, Reservation, TurnSink } from "../../agents/index.ts";
import type { Permissions, Questions } from "../../permission/index.ts";
import type { StartedTurn } from "../../store/index.ts";
import type { Recorder } from "../record/index.ts";
import { HumanWaits } from "./human-waits.ts";

type Deps = {
  permissions: Permissions;
  questions: Questions;
  clock: Clock;
  logger: Logger;
  place: Pick<Reservation, "waiting">;
  recorder: Pick<Recorder, "notAllowed" | "messageOf">;
  /** Aborts when the turn is being stopped. */
  stopping: AbortSignal;
  /** Somebody may be asked; the function that it answers is called when that is over. */
  begun: () => () => void;
};

/** What the agent of one turn asks of people. */
export class AgentAsks {
  readonly #deps: Deps;
  readonly #started: StartedTurn;
  readonly #humans: HumanWaits;

  constructor(deps: Deps, started: StartedTurn) {
    const { session, turn } = started;
    this.#deps = deps;
    this.#started = started;
    this.#humans = new HumanWaits(deps, {
      begun: deps.begun,
      failed: (error, text) =>
        deps.logger.error({ sessionId: session.id, turnId: turn.id, agent: turn.agent, error }, text),
    });
  }

  async permission(...[ask, withdrawn]: Parameters<TurnSink["ask"]>): ReturnType<TurnSink["ask"]> {
    const { permissions, recorder, stopping } = this.#deps;
    const { callId } = ask;
    const asking = this.#asking(callId);
    const request = {
      ...asking,
      signal: withdrawn === undefined ? asking.signal : AbortSignal.any([asking.signal, withdrawn]),
      approvalMode: this.#started.session.approvalMode,
      ask,
    };
    const tell = (why: NotAllowed) => {
      if (callId !== undefined) recorder.notAllowed(callId, why);
    };
    // The agent may hear of a stop, and fail the call, before the request's row has ended.
    const stop = () => tell("cancelled");
    stopping.addEventListener("abort", stop, { once: true });
    try {
      const answer = await this.#humans.ask(() => permissions.ask(request), "cancelled");
      if (typeof answer !== "object" && answer !== "once" && answer !== "reject") tell(answer);
      return answer;
    } finally {
      stopping.removeEventListener("abort", stop);
    }
  }

  question({ callId, ...ask }: AgentQuestion, withdrawn: AbortSignal): Promise<QuestionAnswer> {
    const request = { ...this.#asking(callId), ask, withdrawn };
    return this.#humans.ask(() => this.#deps.questions.ask(request), { action: "cancel" });
  }

  #asking(callId: string | undefined) {
    const { session, turn, epoch, input } = this.#started;
    const { recorder, stopping } = this.#deps;
    return {
      sessionId: session.id,
      turnId: turn.id,
      epoch,
      agent: turn.agent,
      timeoutMs: input?.permissionTimeoutMs,
      call: callId === undefined ? undefined : { messageId: recorder.messageOf(callId), callId },
      signal: stopping,
    };
  }
}
