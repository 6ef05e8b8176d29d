/**
 * Turns what passes the serial loop of one connection into AgentEvents.
 *
 * Invariants: the phase changes only when a message passes the loop or a prompt is about to be sent, so an update always belongs to where it
 * stands on the wire; a content update outside of a prompt is noted as late and never reaches a message; nothing that an agent writes throws
 * out of here.
 */
import type { AnyRequest, AnyResponse } from "@agentclientprotocol/sdk";
import type { Quirks } from "../catalog/index.ts";
import { NoteThrottle } from "../note-throttle.ts";
import type { IdleSink, NoteEvent, StateEvent, ToolUpdate, TurnSink } from "../port.ts";
import { ToolMemory } from "../tool-memory.ts";
import { classOf, contentOf, isEmptyChunk } from "./content-update.ts";
import { PromptUsage } from "./prompt-usage.ts";
import { retryOf } from "./retry-update.ts";
import { SessionState } from "./session-state.ts";
import { toolUpdateOf } from "./tool-update.ts";
import { placeUpdate, type FeedPhase } from "./update-place.ts";
import { isObject } from "./wire-message.ts";
import type { WireListener } from "./wire.ts";

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

  /** A prompt is about to be sent; its answer ends it. */
  beginPrompt(sink: TurnSink): PromptFeed {
    this.tools.clear();
    const usage = new PromptUsage(this.#quirks.tokens, this.state.cost);
    this.#prompt = { sink, usage, lastText: "", lastStream: undefined };
    this.#phase = "prompting";
    return this.#prompt;
  }

  /** The prompt is over without an answer: the connection ended, or it was never sent. */
  endPrompt(): void {
    if (this.#phase === "prompting") this.#phase = "idle";
    this.#prompt = undefined;
  }

  update(sessionId: string, update: Record<string, unknown>, bytes: number): Promise<void> | undefined {
    try {
      this.#take({ sessionId, update, bytes });
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

  asked(request: AnyRequest): void {
    if (this.#served.has(request.method)) return;
    if (request.method !== "session/request_permission") {
      const text = JSON.stringify(request);
      this.#note("raw", request.method, text.length, text);
      return;
    }
    const { params } = request;
    const call = isObject(params) && isObject(params["toolCall"]) ? params["toolCall"] : undefined;
    const isOurs = isObject(params) && params["sessionId"] === this.#sessionId;
    const update = call && toolUpdateOf(call, this.#quirks.toolKinds);
    if (update === undefined || !isOurs || this.#prompt === undefined) return;
    this.#prompt.sink.emit({ type: "tool", update: this.#told(update) });
  }

  stray(kind: string, bytes: number, text: string): void {
    this.#note(kind.includes("/") ? "raw" : "notice", kind, bytes, text);
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

  #take(item: Update): void {
    const { sessionId, update, bytes } = item;
    const kind = typeof update["sessionUpdate"] === "string" ? update["sessionUpdate"] : "";
    switch (placeUpdate(this.#phase, sessionId === this.#sessionId, classOf(kind))) {
      case "hold":
        return this.#hold(item);
      case "drop":
        return;
      case "state":
        this.#retry(update);
        return this.say(this.state.update(kind, update) ?? []);
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
    if (event.type === "text") {
      const before = event.streamId === prompt.lastStream ? prompt.lastText : "";
      prompt.lastText = (before + event.text).slice(0, MAX_LAST_TEXT);
      prompt.lastStream = event.streamId;
    }
    prompt.sink.emit(event.type === "tool" ? { type: "tool", update: this.#told(event.update) } : event);
  }

  #retry(update: Record<string, unknown>): void {
    const event = retryOf(update);
    if (event !== undefined) this.#prompt?.sink.emit(event);
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
