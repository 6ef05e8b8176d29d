import { cleanText, type Clock, newId } from "@holdfast/kernel";
import { type PartOf, type SessionId, SHORT_TEXT } from "@holdfast/protocol";
import type { ContentEvent } from "../../agents/index.ts";
import type { ProgressOp } from "../../store/index.ts";
import type { Answer } from "./answers.ts";

type Failed = NonNullable<Extract<ContentEvent, { type: "retry" }>["failed"]>;
type RetryPart = PartOf<"retry">;

/** Failed tries of the running step: each is a part, and the session shows what the step waits for (R-13.1, D-10). */
export class Retries {
  readonly #clock: Clock;
  readonly #sessionId: SessionId;
  /** Number of the try that was told last, while the next one is waited for. */
  #waitsAfter: number | undefined;

  constructor(clock: Clock, sessionId: SessionId) {
    this.#clock = clock;
    this.#sessionId = sessionId;
  }

  /** What the try said in its answer stays there, marked with its number. A try that is told again only has another time. */
  failed(
    { attempt, error, next }: Failed,
    answer: Pick<Answer, "messageId" | "texts" | "tries">,
  ): ProgressOp[] {
    const isKnown = this.#waitsAfter === attempt;
    this.#waitsAfter = attempt;
    const message = cleanText(error.data.message.slice(0, SHORT_TEXT));
    const status: ProgressOp = { op: "retry", retry: { attempt, message, next } };
    if (isKnown) return [status];
    answer.tries = attempt;
    const created = this.#clock.now();
    const part: RetryPart = {
      id: newId("prt", created),
      sessionId: this.#sessionId,
      messageId: answer.messageId,
      type: "retry",
      number: attempt,
      error,
      time: { created },
    };
    return [...answer.texts.failTry(attempt), { op: "part", part }, status];
  }

  goesOn(): ProgressOp[] {
    if (this.#waitsAfter === undefined) return [];
    this.#waitsAfter = undefined;
    return [{ op: "retry", retry: null }];
  }
}
