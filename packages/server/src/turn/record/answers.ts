/**
 * The answers of one running turn: one for each step of its agent, the newest open (session-model 1.4).
 *
 * What an agent says belongs to the newest one, save what ends something of an older one: a call that still runs there, and the whole text of a
 * stream that was heard there.
 */
import { type Clock, newId } from "@holdfast/kernel";
import type { MessageId, PartId, SessionId } from "@holdfast/protocol";
import type { ContentEvent } from "../../agents/index.ts";
import type { ProgressOp, Store } from "../../store/index.ts";
import type { ProgressWriter } from "./progress-writer.ts";
import { type TextKind, TextStreams } from "./text-streams.ts";
import { ToolCalls } from "./tool-calls.ts";

type Deps = { clock: Clock; store: Store; writer: ProgressWriter };

/** `stepId`: what the backend calls the step, where it names its steps. */
export type Answer = {
  readonly messageId: MessageId;
  readonly startPartId: PartId;
  readonly texts: TextStreams;
  readonly tools: ToolCalls;
  stepId: string | undefined;
  /** Tries of it that failed. */
  tries: number;
};

/** The end of a turn's step of this number, and the beginning of the next one. */
export type StepEdge = { number: number; partIds: PartId[] };

export class Answers {
  readonly #deps: Deps;
  readonly #sessionId: SessionId;
  readonly #all: Answer[] = [];
  readonly first: Answer;
  #now: Answer;
  /** What is being answered, and what the next answer is to. */
  #parentId: MessageId;
  #steered: MessageId | undefined;
  /** Answers before the present prompt, or before what was begun in it by itself. */
  #before = 0;

  constructor(deps: Deps, turn: { sessionId: SessionId; parentId: MessageId; messageId: MessageId }) {
    this.#deps = deps;
    this.#sessionId = turn.sessionId;
    this.#parentId = turn.parentId;
    this.first = this.#open(turn.messageId);
    this.#now = this.first;
  }

  /** The newest one. */
  get now(): Answer {
    return this.#now;
  }

  /** What is answered from here on. */
  get asked(): MessageId {
    return this.#steered ?? this.#parentId;
  }

  /** A prompt goes out: what comes from here on is said in it. */
  prompted(): void {
    this.#before = this.#all.length - 1;
  }

  /** What was said since then stands under another message than the one that was asked. */
  movedUnder(parentId: MessageId): ProgressOp[] {
    return this.#all
      .slice(this.#before)
      .map(({ messageId }) => ({ op: "answer", messageId, patch: { parentId } }));
  }

  /** Calls that run now. */
  get running(): number {
    return this.#all.reduce((sum, { tools }) => sum + tools.running, 0);
  }

  /** Ends what streams in the newest answer, and opens the next one; `edge` are the parts between them. */
  next(): { ops: ProgressOp[]; edge: StepEdge } {
    const now = this.#deps.clock.now();
    const closed = this.#now.texts.closeAll();
    const { tries } = this.#now;
    this.#now = this.#open(newId("msg", now));
    const { messageId, startPartId } = this.#now;
    const parentId = this.#steered ?? this.#parentId;
    this.#parentId = parentId;
    this.#steered = undefined;
    const next = { messageId, parentId, startPartId };
    const finishPartId = newId("prt", now);
    const edge = { number: this.#all.length - 1, partIds: [finishPartId, startPartId] };
    return { ops: [...closed, { op: "step", finishPartId, next, tries }], edge };
  }

  ofStep(stepId: string): Answer | undefined {
    return this.#all.findLast((answer) => answer.stepId === stepId);
  }

  /** Where what is said of a call belongs. Agents may number the calls of each step anew: one that has ended elsewhere is another one. */
  ofCall(callId: string): Answer {
    return this.#all.findLast(({ tools }) => tools.isOpen(callId)) ?? this.#now;
  }

  /** The turn was told this message on the way: the next answer is to it. */
  steered(messageId: MessageId): void {
    this.#steered = messageId;
  }

  /** Whether a step that is heard of for the first time is the open one: nothing was named there, and no message came in behind it. */
  get isFree(): boolean {
    return this.#now.stepId === undefined && this.#steered === undefined;
  }

  /** Whether an event begins the answer to what the turn was told on the way: it goes on with nothing that is there. */
  beginsStep(event: ContentEvent): boolean {
    if (this.#steered === undefined) return false;
    switch (event.type) {
      case "text":
      case "reasoning":
        return !this.#all.some(({ texts }) => texts.isOpen(event.type, event.streamId));
      case "tool":
        return !this.ofCall(event.update.callId).tools.has(event.update.callId);
      default:
        return false;
    }
  }

  /** Where the whole text of a stream belongs. */
  ofText(kind: TextKind, streamId: string): Answer {
    return this.#all.findLast(({ texts }) => texts.has(kind, streamId)) ?? this.#now;
  }

  /** The agent no longer has a step, or this part of it: nothing goes on with what was said there. */
  forget(stepId: string, partId: string | undefined): void {
    const answer = this.ofStep(stepId);
    answer?.texts.forget(partId);
    answer?.tools.forget(partId);
  }

  /** What is withheld is let go: finalization settles what is open (durability 5). */
  release(): ProgressOp[] {
    return this.#now.texts.releaseHeld();
  }

  flushCalls(): void {
    for (const { tools } of this.#all) tools.flush();
  }

  #open(messageId: MessageId): Answer {
    const ids = { sessionId: this.#sessionId, messageId };
    const { clock } = this.#deps;
    const answer: Answer = {
      messageId,
      startPartId: newId("prt", clock.now()),
      texts: new TextStreams(clock, ids),
      tools: new ToolCalls(this.#deps, ids),
      stepId: undefined,
      tries: 0,
    };
    this.#all.push(answer);
    return answer;
  }
}
