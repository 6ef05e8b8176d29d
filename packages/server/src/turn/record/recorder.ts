/**
 * Turns the AgentEvents of one running turn into durable progress (A-1, durability 4).
 *
 *   emit ─► texts, tool calls, plan, state, notes ─► ProgressOps ─► writer ─► store
 *                                   fence()  : from here on content is late
 *                                   settle() : running tools may still end, within a deadline (durability 5)
 *
 * `emit` never waits: a backend asks `drained` between its updates and stops reading while too much is uncommitted (D-34).
 */
import { isDeepStrictEqual } from "node:util";
import type { MessageId, PartOf, SessionError, TextPart, Usage } from "@holdfast/protocol";
import { addUsage, ownWorkPart } from "@holdfast/protocol";
import type { AgentEvent, ContentEvent, NotAllowed, PastEvent, StateEvent } from "../../agents/index.ts";
import type {
  AgentSessionPatch,
  AnswerPatch,
  AnswerValidation,
  ProgressOp,
  TurnPatch,
} from "../../store/index.ts";
import { Answers, type StepEdge } from "./answers.ts";
import { AskedModel } from "./asked-model.ts";
import { Compactions } from "./compactions.ts";
import { correctionOf, serverMessage, spentBy } from "./correction.ts";
import { maskedError, maskedEvent } from "./masked.ts";
import { isContent, isNote, lateNote, noteOp } from "./note.ts";
import { type BackendIds, changePast, isPast } from "./past.ts";
import { ProgressWriter } from "./progress-writer.ts";
import type { RecorderDeps } from "./recorder-deps.ts";
import type { RecorderTarget } from "./recorder-target.ts";
import { Retries } from "./retries.ts";
import { statePatch } from "./state-patch.ts";
import { StorageWaits } from "./storage-waits.ts";
import type { TextKind } from "./text-streams.ts";
import { presentableTitle, titleOps } from "./title.ts";
import { TouchedFiles } from "./touched-files.ts";

/** Most notes kept of one turn; noise beyond that is only logged. */
const MAX_NOTES = 256;

export class Recorder {
  readonly asked: AskedModel;
  readonly storage: StorageWaits;
  readonly #deps: RecorderDeps;
  readonly #target: RecorderTarget;
  readonly #writer: ProgressWriter;
  readonly #answers: Answers;
  readonly #retries: Retries;
  readonly #compactions: Compactions;
  readonly #touched = new TouchedFiles();
  #fence: "open" | "settling" | "closed" = "open";
  #notes = 0;
  /** The agent was told to stop: calls that fail from then on were cut off. */
  isStopping = false;
  #usage: Usage = {};
  /** Of the prompts before this one, when there were any. */
  #earlier: Usage | undefined;
  #settled: (() => void) | undefined;

  constructor(deps: RecorderDeps, target: RecorderTarget) {
    const { sessionId } = target;
    this.#deps = deps;
    this.#target = target;
    this.asked = new AskedModel(target.model);
    this.storage = new StorageWaits(deps.clock, (waitingFor) => this.turn({ waitingFor }));
    this.#writer = new ProgressWriter(deps, { sessionId, turnId: target.turnId, epoch: target.epoch });
    this.#answers = new Answers({ ...deps, writer: this.#writer }, target);
    this.#retries = new Retries(deps.clock, sessionId);
    this.#compactions = new Compactions({ ...deps, writer: this.#writer }, sessionId);
  }

  /** What the agent reported of its present prompt's usage so far. */
  get usage(): Usage {
    return this.#usage;
  }

  usageWith(present: Usage): Usage {
    return this.#earlier === undefined ? present : addUsage(this.#earlier, present);
  }

  get toolRunning(): boolean {
    return this.#answers.running > 0;
  }

  /** Whether what is said now is written. */
  get takesContent(): boolean {
    return this.#fence === "open" && this.#writer.failure === undefined;
  }

  /** The first part of the turn's first step. */
  begin(): void {
    this.#writer.push([{ op: "part", part: this.#firstStep() }]);
  }

  /** The tree of the files before the turn, once it is known (session-model 6). */
  stepSnapshot(snapshot: string): void {
    if (this.#fence !== "open") return;
    this.#writer.push([{ op: "part", part: { ...this.#firstStep(), snapshot } }]);
  }

  /** A message went into this turn: what the agent begins from now on answers that one, as a step of its own. */
  steered(messageId: MessageId): void {
    this.#answers.steered(messageId);
  }

  /** The next step of this turn begins, and the one before is settled (session-model 1.4). */
  nextStep(): void {
    const { ops, edge } = this.#answers.next();
    this.#writer.push(ops);
    this.#deps.onStep?.(edge);
  }

  /** The files as they were soon after a step's end; what comes after the fence is let go. */
  lateSnapshot({ partIds }: StepEdge, snapshot: string): void {
    if (this.#fence !== "open") return;
    this.#writer.push(partIds.map((partId) => ({ op: "stepSnapshot", partId, snapshot })));
  }

  /** A prompt of several in this turn has ended: its usage stands on its answer, unless the agent told it of each step of its own. */
  endPrompt(reported: Usage | undefined): void {
    if (this.#fence !== "open") return;
    if (reported !== undefined) this.#addUsage(reported);
    const patch = this.#answers.now.stepId === undefined ? spentBy(this.#usage) : undefined;
    if (patch !== undefined) this.#answer(patch);
  }

  /** The answer was not accepted: the step begins that answers the server's message. `undefined`, and nothing is written, once it is fenced. */
  async correct(
    validation: AnswerValidation,
    text: string,
    settleMs: number,
  ): Promise<MessageId | undefined> {
    if (this.toolRunning && this.#fence === "open") await this.#toolsSettled(settleMs);
    if (this.#fence !== "open") return undefined;
    const now = this.#deps.clock.now();
    const { messageId, ops } = correctionOf(this.#target, this.#answers.now, { validation, text, now });
    this.#writer.push(ops);
    this.#answers.steered(messageId);
    this.nextStep();
    this.#earlier = this.usageWith(this.#usage);
    this.#usage = {};
    await this.flushed();
    return messageId;
  }

  /** A prompt of the turn goes out. */
  prompted(): void {
    this.#answers.prompted();
  }

  /** The agent works by itself before it is asked: a step of its own begins, under a message of the server's. Answers what was to be answered. */
  beginOwnWork(): MessageId {
    const { asked } = this.#answers;
    const { messageId, op } = this.#ownMessage();
    this.#writer.push([op]);
    this.#answers.steered(messageId);
    this.nextStep();
    return asked;
  }

  /** It is over: what comes now answers `asked`. */
  endOwnWork(asked: MessageId, ended: { stopReason: string; usage?: Usage | undefined } | undefined): void {
    if (this.#fence !== "open") return;
    this.endPrompt(ended?.usage);
    if (ended !== undefined) this.#answer({ finish: ended.stopReason });
    this.#answers.steered(asked);
    this.nextStep();
    this.#earlier = this.usageWith(this.#usage);
    this.#usage = {};
  }

  /** Tries of the running step that failed. */
  get tries(): number {
    return this.#answers.now.tries;
  }

  /** The answer that a call of the agent stands in. */
  messageOf(callId: string): MessageId {
    return this.#answers.ofCall(callId).messageId;
  }

  /** Paths that the agent said it changes, as it spelled them, up to now (W-5). */
  touched(): string[] {
    return this.#touched.paths();
  }

  /** A call in a session that the agent made by itself: what it changes is this turn's. Calls are numbered anew there. */
  touch(childId: string, { update }: Extract<ContentEvent, { type: "tool" }>): void {
    this.#touched.take({ ...update, callId: `${childId} ${update.callId}` });
  }

  emit(said: AgentEvent): void {
    const { agent, mask } = this.#target;
    const event = maskedEvent(mask, said);
    if (isNote(event)) this.#note(noteOp(agent, event));
    else if (!isContent(event)) this.#state(event);
    else if (this.#takes(event)) this.#content(event);
    else this.#note(noteOp(agent, lateNote(mask, event)));
    if (this.#settled !== undefined && !this.toolRunning) this.#settled();
  }

  /** As it may be kept. */
  masked(error: SessionError | undefined): SessionError | undefined {
    return error && maskedError(this.#target.mask, error);
  }

  /** A call was not allowed, and no person said so: what its part says when it fails. */
  notAllowed(callId: string, why: NotAllowed): void {
    this.#answers.ofCall(callId).tools.notAllowed(callId, why);
  }

  turn(patch: TurnPatch): void {
    this.#writer.push([{ op: "turn", patch }]);
  }

  agentSession(patch: AgentSessionPatch): void {
    this.#writer.push([{ op: "agentSession", agentSessionId: this.#target.agentSessionId, patch }]);
  }

  /** What the agent is told before the user's own words; it stands on the user's message (A-6, W-6). */
  preamble(part: TextPart): void {
    this.#writer.push([{ op: "part", part }]);
  }

  /** Undefined while more may be taken, else what a backend awaits before its next update (D-34). */
  drained(): Promise<void> | undefined {
    return this.#writer.failure === undefined ? this.#deps.account.drained() : undefined;
  }

  /** Content is late from now on, save the results of tools that run: those are waited for, at most `settleMs`. Then they are late too. */
  async fence(settleMs: number): Promise<void> {
    if (this.#fence === "closed") return;
    this.#fence = "settling";
    if (settleMs > 0 && this.toolRunning) await this.#toolsSettled(settleMs);
    this.#fence = "closed";
    this.#writer.push(this.#answers.release());
    this.#answers.flushCalls();
  }

  /** Resolves when everything is committed or dropped; of what is said now `takesContent` tells. */
  flushed(): Promise<void> {
    return this.#writer.flushed();
  }

  /** The turn is over for this process: nothing more is taken or held. */
  close(): void {
    this.#fence = "closed";
    this.#deps.account.close();
  }

  #firstStep(): PartOf<"step-start"> {
    const { messageId, startPartId } = this.#answers.first;
    return { id: startPartId, sessionId: this.#target.sessionId, messageId, type: "step-start" };
  }

  #toolsSettled(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#settled = undefined;
        resolve();
      };
      const timer = this.#deps.clock.after(ms, done);
      this.#settled = done;
    });
  }

  #takes(event: ContentEvent): boolean {
    if (this.#fence === "open") return true;
    if (this.#fence === "closed" || event.type !== "tool") return false;
    const { callId } = event.update;
    return this.#answers.ofCall(callId).tools.isRunning(callId);
  }

  #content(event: ContentEvent): void {
    if (this.#answers.beginsStep(event)) this.nextStep();
    const isWait = event.type === "retry" && event.failed !== undefined;
    // What is told of a step as a whole says nothing of its tries.
    if (!isWait && event.type !== "step" && event.type !== "compaction")
      this.#writer.push(this.#retries.goesOn());
    switch (event.type) {
      case "text":
      case "reasoning":
        this.#writer.push(this.#text(event));
        return;
      case "tool": {
        const { texts, tools } = this.#answers.ofCall(event.update.callId);
        if (!tools.has(event.update.callId)) this.#writer.push(texts.closeAll());
        tools.update(event.update, this.isStopping);
        this.#touched.take(event.update);
        return;
      }
      case "step":
        return this.#step(event);
      case "compaction":
        return this.#compactions.take(event, this.#answers.ofStep(event.stepId) ?? this.#answers.now);
      case "model":
        return this.#answer(this.asked.answeredBy(event.model));
      case "file":
        this.#touched.write(event.path);
        return;
      case "ownWork":
        return this.#saidByItself();
      case "retry":
        if (event.failed !== undefined)
          this.#writer.push(this.#retries.failed(event.failed, this.#answers.now));
        return;
      case "plan":
        this.#writer.push([{ op: "todos", todos: event.todos }]);
    }
  }

  /** What came since the prompt went out answered nobody; what comes now answers it. */
  #saidByItself(): void {
    const { asked } = this.#answers;
    const { messageId, op } = this.#ownMessage();
    this.#writer.push([op, ...this.#answers.movedUnder(messageId)]);
    this.#answer({ finish: "end_turn" });
    this.#answers.steered(asked);
    this.nextStep();
    this.#answers.prompted();
  }

  #ownMessage(): { messageId: MessageId; op: ProgressOp } {
    const now = this.#deps.clock.now();
    return serverMessage(this.#target, now, (place) => ownWorkPart(place, now));
  }

  #text({ type, text, streamId, whole, metadata }: Extract<ContentEvent, { type: TextKind }>): ProgressOp[] {
    if (whole === true && streamId !== undefined)
      return this.#answers.ofText(type, streamId).texts.replace(type, text, streamId, metadata);
    return this.#answers.now.texts.append(type, text, streamId, metadata);
  }

  /** The first id that is heard of names the step that is open, unless a message came in before it; each other new one begins the next. */
  #step({ stepId, parentId, summary, ...told }: Extract<ContentEvent, { type: "step" }>): void {
    const { finish, tokens, cost } = told;
    const known = this.#answers.ofStep(stepId);
    if (known === undefined && !this.#answers.isFree) this.nextStep();
    const answer = known ?? this.#answers.now;
    const patch: AnswerPatch = {};
    if (answer.stepId === undefined && parentId !== undefined)
      patch.metadata = { backend: { messageId: stepId, parentId } satisfies BackendIds };
    answer.stepId = stepId;
    answer.texts.keepsNames = true;
    if (summary === true) patch.summary = answer.texts.isSummary = true;
    if (finish !== undefined) patch.finish = finish;
    if (tokens !== undefined) patch.tokens = tokens;
    if (cost !== undefined) patch.cost = cost;
    if (Object.keys(patch).length > 0) this.#answer(patch, answer.messageId);
  }

  #answer(patch: AnswerPatch, messageId = this.#answers.now.messageId): void {
    this.#writer.push([{ op: "answer", messageId, patch }]);
  }

  #state(event: StateEvent): void {
    if (isPast(event)) return this.#past(event);
    switch (event.type) {
      case "usage":
        return this.#addUsage(event.usage);
      case "info":
        return this.#title(event.title);
      default:
        return this.agentSession(statePatch(event));
    }
  }

  /** Behind everything that was said before it. */
  #past(event: PastEvent): void {
    if (event.type === "removed") this.#answers.forget(event.messageId, event.partId);
    this.#writer.pushLater(() => changePast(this.#deps.store, this.#target, event));
  }

  /** Reports of one turn follow each other: the newest of each figure holds. */
  #addUsage(usage: Usage): void {
    const merged = { ...this.#usage, ...usage };
    if (isDeepStrictEqual(merged, this.#usage)) return;
    this.#usage = merged;
    this.turn({ usage: this.usageWith(merged) });
  }

  #title(text: string): void {
    const title = presentableTitle(text);
    if (title !== undefined)
      this.#writer.pushLater(() => titleOps(this.#deps.store, this.#target.sessionId, title));
  }

  #note(op: ProgressOp): void {
    this.#notes += 1;
    if (this.#notes <= MAX_NOTES) this.#writer.push([op]);
    else if (this.#notes === MAX_NOTES + 1) {
      const { sessionId, turnId, agent } = this.#target;
      this.#deps.logger.warn(
        { sessionId, turnId, agent, kept: MAX_NOTES },
        "the agent makes too much noise; the rest of it is dropped",
      );
    }
  }
}
