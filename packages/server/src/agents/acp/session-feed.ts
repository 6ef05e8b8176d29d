/**
 * Turns what passes the serial loop of one connection into AgentEvents.
 *
 * Invariants: the phase changes only when a message passes the loop or a prompt is about to be sent, so an update always belongs to where it
 * stands on the wire; a content update outside of a prompt is noted as late and never reaches a message, save for an agent that works by itself: then
 * the loop waits until somebody attends; nothing that an agent writes throws out of here.
 */
import type { AnyResponse } from "@agentclientprotocol/sdk";
import type { Quirks } from "../catalog/index.ts";
import { NoteThrottle } from "../note-throttle.ts";
import type { IdleSink, NoteEvent, StateEvent, ToolUpdate, TurnSink } from "../port.ts";
import { ToolMemory } from "../tool-memory.ts";
import { SDK_MESSAGE, tasksIn } from "./background-tasks.ts";
import { CompactionUpdates } from "./compaction-update.ts";
import { classOf, contentOf, isEmptyChunk } from "./content-update.ts";
import { asksInWork, endsOwnWork, WaitingWork } from "./own-work.ts";
import { PromptUsage } from "./prompt-usage.ts";
import { retryOf } from "./retry-update.ts";
import { SessionState } from "./session-state.ts";
import { toolUpdateOf } from "./tool-update.ts";
import { placeUpdate, type FeedPhase } from "./update-place.ts";
import { isObject } from "./wire-message.ts";
import type { Request, WireListener } from "./wire.ts";

type Update = { sessionId: string; update: Record<string, unknown>; bytes: number };

/** Updates kept while the session's id is unknown, and their bytes together. */
const MAX_HELD = 1_000;
const MAX_HELD_BYTES = 1024 * 1024;

/** Characters kept of the newest message: the beginning is what an error is known by. */
const MAX_LAST_TEXT = 4_096;

/** The running prompt as the loop sees it. */
export type PromptFeed = {
  sink: TurnSink;
  usage: PromptUsage;
  /** The newest message that was begun, for agents that tell errors as text. */
  lastText: string;
  lastStream: string | undefined;
  /** Content came since it began, or since the end of what the agent had begun before. */
  hasContent: boolean;
  /** Nobody asked: it is over when the agent says so. */
  ownEnded: (() => void) | undefined;
};

const OPENING = new Set(["session/new", "session/load", "session/resume"]);

export class SessionFeed implements WireListener {
  readonly state = new SessionState();
  readonly tools = new ToolMemory();
  readonly #idle: IdleSink;
  readonly #quirks: Quirks;
  readonly #throttle = new NoteThrottle();
  /** Requests that somebody else answers. */
  readonly #served: ReadonlySet<string>;
  #phase: FeedPhase = "opening";
  #sessionId: string | undefined;
  #held: Update[] = [];
  #heldBytes = 0;
  #prompt: PromptFeed | undefined;
  readonly #compactions = new CompactionUpdates();
  readonly #waiting = new WaitingWork();
  /** It was asked something, so that it may have begun what goes on by itself. */
  #mayBegin = false;

  constructor(idle: IdleSink, quirks: Quirks, served: readonly string[] = []) {
    this.#idle = idle;
    this.#quirks = quirks;
    this.#served = new Set(served);
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** The replay window opens: call right before session/load or session/resume is sent. Its answer closes it. */
  expectReplay(sessionId: string): void {
    this.#sessionId = sessionId;
    this.#phase = "replaying";
  }

  /** The agent has begun to work by itself, and nothing of it passes. */
  get hasBegun(): boolean {
    return this.#waiting.isWaiting;
  }

  /** A prompt is about to be sent; its answer ends it. What waits passes into it: with `ownEnded` nothing is sent, and the end of the agent's own work ends it. */
  beginPrompt(sink: TurnSink, ownEnded?: () => void): PromptFeed {
    this.tools.clear();
    const usage = new PromptUsage(this.#quirks.tokens, this.state.cost);
    const prompt = { sink, usage, lastText: "", lastStream: undefined, hasContent: false, ownEnded };
    this.#prompt = prompt;
    this.#compactions.beginPrompt();
    this.#phase = "prompting";
    this.#mayBegin = this.#quirks.startsTurns !== undefined && this.#idle.began !== undefined;
    this.#waiting.goOn();
    return prompt;
  }

  /** Nobody attends to what the agent does by itself, now and later. */
  letGo(): void {
    this.#mayBegin = false;
    this.#waiting.goOn();
  }

  /** The prompt is over without an answer: the connection ended, or it was never sent. */
  endPrompt(): void {
    if (this.#phase === "prompting") this.#phase = "idle";
    this.#prompt = undefined;
  }

  update(sessionId: string, update: Record<string, unknown>, bytes: number): Promise<void> | undefined {
    const item = { sessionId, update, bytes };
    if (this.hasBegun || this.#beginsWork(item)) {
      const waits = this.#wait(bytes, () => void this.update(sessionId, update, bytes));
      if (waits !== undefined) return waits.then(() => this.#prompt?.sink.drained());
    }
    try {
      this.#take(item);
    } catch (error) {
      this.#note("notice", "update", bytes, String(error));
    }
    return this.#prompt?.sink.drained();
  }

  answered(method: string, response: AnyResponse): void {
    if (method === "session/prompt") {
      this.endPrompt();
    } else if (OPENING.has(method)) {
      this.#opened(method, "result" in response ? response.result : undefined, "error" in response);
    }
  }

  asked(request: Request, bytes: number): Promise<void> | undefined {
    const begins = this.#isFree && asksInWork(request, this.#sessionId);
    if (this.hasBegun || begins) {
      const waits = this.#wait(bytes, () => void this.asked(request, bytes));
      if (waits !== undefined) return waits;
    }
    if (request.method === "session/request_permission") this.#askedPermission(request);
    else if (!this.#served.has(request.method)) {
      const text = JSON.stringify(request);
      this.#note("raw", request.method, text.length, text);
    }
    return undefined;
  }

  #askedPermission({ params }: Request): void {
    const call = isObject(params) && isObject(params["toolCall"]) ? params["toolCall"] : undefined;
    const isOurs = isObject(params) && params["sessionId"] === this.#sessionId;
    const update = call && toolUpdateOf(call, this.#quirks.toolKinds);
    if (update === undefined || !isOurs || this.#prompt === undefined) return;
    this.#prompt.sink.emit({ type: "tool", update: this.#told(update) });
  }

  stray(kind: string, bytes: number, text: string): void {
    const tasks = kind === SDK_MESSAGE ? this.#tasksIn(text) : undefined;
    if (tasks !== undefined) return this.say(this.state.background(tasks));
    this.#note(kind.includes("/") ? "raw" : "notice", kind, bytes, text);
  }

  #tasksIn(line: string): string[] | undefined {
    return this.#quirks.startsTurns === undefined ? undefined : tasksIn(line, this.#sessionId);
  }

  /** Gives a state event to whoever listens now. */
  say(events: readonly StateEvent[]): void {
    const listener = this.#prompt?.sink ?? this.#idle;
    for (const event of events) {
      listener.emit(event);
      if (event.type === "models" && event.models.current !== undefined)
        this.#prompt?.sink.emit({ type: "model", model: { modelId: event.models.current } });
    }
  }

  /** Nobody asked it anything that is not answered, and what it does now it does by itself. */
  get #isFree(): boolean {
    return this.#mayBegin && this.#phase === "idle";
  }

  /** What only goes on with an earlier call begins nothing. */
  #beginsWork({ sessionId, update }: Update): boolean {
    if (!this.#isFree || sessionId !== this.#sessionId) return false;
    const kind = String(update["sessionUpdate"]);
    if (classOf(kind) !== "content" || kind === "tool_call_update") return false;
    return contentOf(kind, update, this.#quirks.toolKinds) !== undefined;
  }

  /** The first one that waits is told of. */
  #wait(bytes: number, pass: () => void): Promise<void> | undefined {
    const isFirst = !this.hasBegun;
    const waits = this.#waiting.hold(bytes, pass);
    if (isFirst) this.#idle.began?.();
    return waits;
  }

  /** What it did by itself is over. Of a prompt that was sent meanwhile nothing was answered yet. */
  #ownWorkEnded(): void {
    const prompt = this.#prompt;
    if (prompt?.ownEnded !== undefined) {
      this.endPrompt();
      prompt.ownEnded();
    } else if (prompt?.hasContent === true) {
      Object.assign(prompt, { lastText: "", lastStream: undefined, hasContent: false });
      prompt.sink.emit({ type: "ownWork" });
    }
  }

  #take(item: Update): void {
    const { sessionId, update, bytes } = item;
    const kind = typeof update["sessionUpdate"] === "string" ? update["sessionUpdate"] : "";
    switch (placeUpdate(this.#phase, sessionId === this.#sessionId, classOf(kind))) {
      case "hold":
        return this.#hold(item);
      case "drop":
        return;
      case "state":
        this.#asides(update);
        this.say(this.state.update(kind, update) ?? []);
        return endsOwnWork(this.#quirks, update) ? this.#ownWorkEnded() : undefined;
      case "turn":
        return this.#content(kind, item);
      case "late":
        return this.#noteUpdate("late", kind, item);
      case "raw":
        return this.#noteUpdate("raw", kind, item);
      case "stranger":
        return this.#note("notice", "stranger", bytes, JSON.stringify(update));
    }
  }

  #content(kind: string, item: Update): void {
    const prompt = this.#prompt;
    if (prompt === undefined) return;
    prompt.usage.seeChunk(item.update);
    const event = contentOf(kind, item.update, this.#quirks.toolKinds);
    if (event === undefined) {
      if (!isEmptyChunk(item.update)) this.#noteUpdate("raw", kind, item);
      return;
    }
    prompt.hasContent = true;
    if (event.type === "text") {
      const before = event.streamId === prompt.lastStream ? prompt.lastText : "";
      prompt.lastText = (before + event.text).slice(0, MAX_LAST_TEXT);
      prompt.lastStream = event.streamId;
    }
    prompt.sink.emit(event.type === "tool" ? { type: "tool", update: this.#told(event.update) } : event);
  }

  /** What the protocol has no update for. */
  #asides(update: Record<string, unknown>): void {
    const sink = this.#prompt?.sink;
    if (sink === undefined) return;
    const retry = retryOf(update);
    if (retry !== undefined) sink.emit(retry);
    for (const event of this.#compactions.eventsOf(update)) sink.emit(event);
  }

  /** Remembers the call; the kind that is known already stays when an update says only `other`. */
  #told(update: ToolUpdate): ToolUpdate {
    const { kind, ...rest } = update;
    const known = this.tools.find(update.callId)?.kind;
    const told = kind === "other" && known !== undefined ? rest : update;
    this.tools.merge(told);
    return told;
  }

  #hold(item: Update): void {
    this.#heldBytes += item.bytes;
    if (this.#held.length < MAX_HELD && this.#heldBytes <= MAX_HELD_BYTES) this.#held.push(item);
    else this.#note("notice", "early", item.bytes, JSON.stringify(item.update));
  }

  #opened(method: string, result: unknown, isError: boolean): void {
    const answer = isObject(result) ? result : {};
    if (method === "session/new" && typeof answer["sessionId"] === "string")
      this.#sessionId = answer["sessionId"];
    else if (method === "session/new" || isError) {
      this.#phase = "opening";
      return;
    }
    this.#phase = "idle";
    this.say(this.state.opened(answer, method === "session/new"));
    const held = this.#held;
    this.#held = [];
    for (const item of held) this.#take(item);
  }

  #noteUpdate(type: NoteEvent["type"], kind: string, { update, bytes }: Update): void {
    this.#note(type, kind, bytes, JSON.stringify(update));
  }

  #note(type: NoteEvent["type"], kind: string, bytes: number, text: string): void {
    const note = this.#throttle.note(type, kind, bytes, text);
    if (note !== undefined) (this.#prompt?.sink ?? this.#idle).emit(note);
  }
}
