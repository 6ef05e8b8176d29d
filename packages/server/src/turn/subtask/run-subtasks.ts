/**
 * The subtasks of one turn, before anything else of it: each is one turn of a child session, one after another.
 *
 *   session made ─► named by a running call of the parent ─► input admitted ─► its turn runs ─► ended ─► the call ends
 *
 * - A child's turn has its name in the parent's rows before it can start: whoever ends a dead parent finds it there (`end/drop-children.ts`).
 * - A parent that is stopped stops its child, and ends when that has ended. A shutdown stops both, so that each says so.
 * - A child has deadlines of its own, and no time of it counts for the parent. One that cannot start is given up.
 */
import {
  type Clock,
  faultPoint,
  HoldfastError,
  isHoldfastError,
  type Logger,
  newId,
  retryStorage,
  storageRefusal,
} from "@holdfast/kernel";
import {
  type Part,
  type PartOf,
  type SessionError,
  type SessionId,
  SUBTASK_TOOL,
  subtaskMetadata,
  subtasksPart,
  type TextPart,
  type Turn,
  type TurnId,
} from "@holdfast/protocol";
import type { ToolUpdate } from "../../agents/index.ts";
import type { StartedTurn, Store } from "../../store/index.ts";
import type { Ending } from "../end/index.ts";
import { answerParts, finalTexts } from "../final-text.ts";
import type { Recorder } from "../record/index.ts";
import { childInput, childSession } from "./child.ts";
import { subtaskReport, type SubtaskResult } from "./subtask-report.ts";

/** What a turn asks of the room about the turns of its children. */
export type Children = {
  /** It has something to start. */
  wake(sessionId: SessionId): void;
  /** Records the cancel, then tells its agent. Rejects NOT_FOUND. */
  cancel(turnId: TurnId): Promise<unknown>;
  /** The terminal turn, `undefined` once `timeoutMs` passed. Rejects NOT_FOUND when its session was deleted. */
  finished(turnId: TurnId, timeoutMs: number): Promise<Turn | undefined>;
  /** A turn of it runs here and in no lane of its own: recovery lets it be until what is answered is called. */
  hold(sessionId: SessionId): () => void;
};

type Deps = {
  store: Pick<Store, "createSession" | "admitInput" | "getTurn" | "messagesOfTurn">;
  clock: Clock;
  logger: Logger;
  settings: { toolIdleMs: number };
  recorder: Pick<Recorder, "emit" | "storage" | "flushed">;
  children: Children;
  /** Aborts when the parent's turn is being stopped, for whatever reason. */
  stopping: AbortSignal;
  /** Ends every repeating of refused writes: the process is about to exit. */
  signal: AbortSignal;
  isShutdown: () => boolean;
  /** False once the parent's turn takes nothing more. */
  isLive: () => boolean;
};

type SubtaskPart = PartOf<"subtask">;

/** How often the end of a child's turn is asked for, in ms: a look, not a deadline. */
const LOOK_MS = 3_600_000;

/** Whether there is anything to run before the agent of a turn. */
export const hasSubtasks = ({ message }: Pick<StartedTurn, "message">): boolean =>
  message.parts.some(({ type }) => type === "subtask");

/** What the subtasks came to, as the agent is to be told, or how the parent's turn ends without a prompt. Rejects when the store fails. */
export async function runSubtasks(deps: Deps, started: StartedTurn): Promise<TextPart | Ending> {
  const { info, parts } = started.message;
  const results: SubtaskResult[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.type !== "subtask") continue;
    const result = deps.stopping.aborted ? undefined : await resultOf(deps, started, part);
    if (result === undefined || deps.stopping.aborted) return { by: "stop" };
    const error = refusedField(result, index);
    if (error !== undefined) return { by: "open", failure: { kind: "unavailable", error } };
    results.push(result);
  }
  const isAlone = parts.every((part) => part.type === "subtask" || isIgnored(part));
  const now = deps.clock.now();
  const place = { id: newId("prt", now), sessionId: info.sessionId, messageId: info.id };
  return subtasksPart(place, subtaskReport(results, isAlone), now);
}

const isIgnored = (part: Part): boolean => part.type === "text" && part.ignored === true;

/** `undefined` when the parent's turn is being stopped. What the store refuses by its rules is the subtask's failure. */
async function resultOf(
  deps: Deps,
  started: StartedTurn,
  part: SubtaskPart,
): Promise<SubtaskResult | undefined> {
  try {
    return await new Subtask(deps, started, part).run();
  } catch (error) {
    if (deps.stopping.aborted) return undefined;
    if (!(error instanceof HoldfastError) || storageRefusal(error) !== undefined) throw error;
    return { part, turn: undefined, answer: "", failure: error.message };
  }
}

class Subtask {
  readonly #deps: Deps;
  readonly #started: StartedTurn;
  readonly #part: SubtaskPart;

  constructor(deps: Deps, started: StartedTurn, part: SubtaskPart) {
    this.#deps = deps;
    this.#started = started;
    this.#part = part;
  }

  async run(): Promise<SubtaskResult | undefined> {
    const { store, recorder, clock, stopping } = this.#deps;
    const { agent, description, prompt, model, command } = this.#part;
    const making = childSession(this.#started, this.#part, clock.now());
    const { value: session } = await recorder.storage.stored(stopping, () => store.createSession(making));
    const child = { sessionId: session.id, turnId: newId("trn", clock.now()) };
    this.#tell({
      status: "running",
      tool: SUBTASK_TOOL,
      title: description.trim() === "" ? undefined : description,
      input: { prompt, description, agent, ...(model && { model }), ...(command && { command }) },
      metadata: subtaskMetadata({ ...child, agent }),
    });
    await recorder.flushed();
    faultPoint("subtask.named");
    if (stopping.aborted) return undefined;
    const turn = await this.#turn(child).catch((error: unknown) => {
      this.#tell({ status: "error", error: error instanceof HoldfastError ? error.message : "Not started." });
      throw error;
    });
    faultPoint("subtask.ended");
    const answer = await this.#answer(turn);
    const failure = failureOf(turn);
    if (failure === undefined) this.#tell({ status: "completed", output: answer });
    else this.#tell({ status: "error", error: failure, ...(answer === "" ? {} : { output: answer }) });
    return { part: this.#part, turn, answer, failure };
  }

  /** Admits what the child is asked, and waits for the end of its turn, also after a stop. */
  async #turn(child: { sessionId: SessionId; turnId: TurnId }): Promise<Turn> {
    const { store, recorder, clock, stopping, children, settings } = this.#deps;
    const { turnId } = child;
    const asked = childInput(this.#started, this.#part, child, clock.now());
    const stop = () => void this.#stop(turnId);
    const giveUp = clock.after(settings.toolIdleMs, () => void this.#stop(turnId, true));
    stopping.addEventListener("abort", stop, { once: true });
    try {
      await recorder.storage.stored(stopping, () => store.admitInput(asked));
      faultPoint("subtask.admitted");
      // It may have been told to stop before there was anything to stop.
      if (stopping.aborted) stop();
      children.wake(child.sessionId);
      for (;;) {
        const turn = await children.finished(turnId, LOOK_MS);
        if (turn !== undefined) return turn;
      }
    } finally {
      giveUp.cancel();
      stopping.removeEventListener("abort", stop);
    }
  }

  /** A cancel on record would win over the shutdown, which stops a running child by itself; a queued one would start with the next server. Never rejects. */
  async #stop(turnId: TurnId, onlyQueued = this.#deps.isShutdown()): Promise<void> {
    const { store, children, logger } = this.#deps;
    try {
      const state = (await store.getTurn(turnId))?.state;
      if (state === "queued" || (state === "running" && !onlyQueued))
        await retryStorage(this.#deps, () => children.cancel(turnId));
    } catch (error) {
      // Its session may have been deleted. What else goes wrong here is ended with the parent's turn, or by recovery.
      if (!isHoldfastError(error, "NOT_FOUND"))
        logger.warn({ turnId, error }, "the turn of a subtask could not be stopped");
    }
  }

  async #answer({ id }: Turn): Promise<string> {
    return finalTexts(answerParts(await this.#deps.store.messagesOfTurn(id)))
      .join("\n")
      .trim();
  }

  #tell(update: Omit<ToolUpdate, "callId">): void {
    if (this.#deps.isLive())
      this.#deps.recorder.emit({ type: "tool", update: { callId: this.#part.id, ...update } });
  }
}

function failureOf({ state, reason, error }: Turn): string | undefined {
  if (state === "completed") return undefined;
  const why = reason === undefined ? state : `${state}: ${reason}`;
  const message = error !== undefined && "message" in error.data ? error.data.message : undefined;
  return message === undefined ? why : `${why} (${message})`;
}

/** Fields that a child's turn ends by before any prompt, because its agent cannot honour them. */
const FIELD = /^(?:model|model\.variant|command): /;

/** The parent's turn ends by the same field: what was asked for cannot be done, whatever else is said. */
function refusedField({ part, turn }: SubtaskResult, index: number): SessionError | undefined {
  const { error } = turn ?? {};
  if (error?.name !== "AgentError" || error.data.phase !== "open" || !FIELD.test(error.data.message))
    return undefined;
  const message = `parts.${index}.${error.data.message}`;
  return { name: "AgentError", data: { agent: part.agent, phase: "open", message } };
}
