/** Compactions of the running turn's agent as parts and events. */
import { type Clock, newId } from "@holdfast/kernel";
import type { MessageId, PartId, PartOf, SessionId } from "@holdfast/protocol";
import type { ContentEvent } from "../../agents/index.ts";
import type { ProgressOp, Store } from "../../store/index.ts";
import { type BackendIds, findAnswer } from "./past.ts";
import type { ProgressWriter } from "./progress-writer.ts";

type Deps = { clock: Clock; store: Store; writer: ProgressWriter };
type Compaction = Extract<ContentEvent, { type: "compaction" }>;

export class Compactions {
  readonly #deps: Deps;
  readonly #sessionId: SessionId;
  readonly #parts = new Map<string, PartId>();
  readonly #done = new Set<string>();

  constructor(deps: Deps, sessionId: SessionId) {
    this.#deps = deps;
    this.#sessionId = sessionId;
  }

  /** The part stands in the answer that is the summary; the event follows once, when the summary is whole. */
  take(event: Compaction, { messageId }: { messageId: MessageId }): void {
    const { stepId, auto, overflow, isDone } = event;
    const id = this.#parts.get(stepId) ?? newId("prt", this.#deps.clock.now());
    this.#parts.set(stepId, id);
    const isNews = isDone && !this.#done.has(stepId);
    if (isDone) this.#done.add(stepId);
    const later = async (): Promise<ProgressOp[]> => {
      const tailStartId = event.tailMessageId ?? (await this.#find(event.tailStartId));
      const facts = {
        auto,
        ...(overflow === undefined ? {} : { overflow }),
        ...(tailStartId === undefined ? {} : { tailStartId }),
      };
      const part: PartOf<"compaction"> = {
        id,
        sessionId: this.#sessionId,
        messageId,
        type: "compaction",
        ...facts,
      };
      const ops: ProgressOp[] = [{ op: "part", part }];
      return isNews ? [...ops, { op: "compacted", compaction: { messageId, ...facts } }] : ops;
    };
    this.#deps.writer.pushLater(later);
  }

  /** Our message for the one that the backend names: an answer, or what an answer was given to. */
  async #find(backendId: string | undefined): Promise<MessageId | undefined> {
    if (backendId === undefined) return undefined;
    const isNamed = ({ messageId, parentId }: BackendIds) =>
      messageId === backendId || parentId === backendId;
    const answer = await findAnswer(this.#deps.store, this.#sessionId, isNamed);
    return answer?.ids.messageId === backendId ? answer.info.id : answer?.info.parentId;
  }
}
