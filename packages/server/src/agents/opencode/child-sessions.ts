/**
 * Sessions that opencode makes by itself for a part of its work, told as they go on.
 *
 *   asked: its words are heard ─► first answer: began ─► what it says ─► idle, or the end of the prompt: ended
 *
 * Invariants: only sessions that work for the running prompt are told; a child is one turn for each time it is asked; nothing of it is told before it
 * began, and nothing after it ended.
 */
import type { Usage } from "@holdfast/protocol";
import type { ChildEvent, ChildTold, ContentEvent } from "../port.ts";
import { object, text, type Json } from "./json.ts";
import { promptError } from "./prompt-error.ts";
import { TurnView } from "./turn-view.ts";
import type { WireEvent } from "./wire-event.ts";

type Deps = {
  agent: string;
  /** opencode's id of the session that the prompt runs in. */
  sessionId: string;
  contextSize(model: string): number | undefined;
  emit(event: ChildEvent): void;
};

/** `words`: what it was asked, by part; `isOpen`: it began and has not ended. */
type Child = {
  id: string;
  parentId: string | undefined;
  title: string;
  callId: string | undefined;
  asked: { view: TurnView; words: Map<string, string>; state: "heard" | "open" | "ended" } | undefined;
};

/** Most children of one prompt, and characters of what one is asked that are kept. */
const MAX_CHILDREN = 100;
const MAX_WORDS = 131_072;

export class ChildSessions {
  readonly #deps: Deps;
  readonly #children = new Map<string, Child>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** An event of another session than the prompt's own. */
  take({ type, sessionId, properties }: WireEvent): void {
    const info = object(properties["info"]);
    const isSession = type === "session.created" || type === "session.updated";
    const child = this.#child(isSession ? text(info["id"]) : sessionId);
    if (child === undefined) return;
    switch (type) {
      case "session.created":
      case "session.updated":
        child.parentId = text(info["parentID"]) ?? child.parentId;
        child.title = text(info["title"]) ?? child.title;
        return;
      case "message.updated":
        return this.#message(child, info);
      case "message.part.updated":
        return this.#part(child, object(properties["part"]));
      case "message.part.delta":
        if (child.asked?.state === "open") child.asked.view.delta(properties);
        return;
      case "session.error":
        return this.#end(child, properties["error"]);
      case "session.idle":
        return this.#end(child);
      case "session.status":
        if (object(properties["status"])["type"] === "idle") this.#end(child);
    }
  }

  /** A call of the session `sessionId` names the session that works for it. */
  called(part: Json, callId: string | undefined): void {
    const childId = text(object(object(part["state"])["metadata"])["sessionId"]);
    if (part["tool"] !== "task" || childId === undefined || childId === this.#deps.sessionId) return;
    const child = this.#child(childId);
    if (child === undefined) return;
    child.callId = callId;
    child.parentId = text(part["sessionID"]) ?? child.parentId;
  }

  /** The prompt is over: whoever listened does not any more. */
  clear(): void {
    this.#children.clear();
  }

  #child(id: string | undefined): Child | undefined {
    if (id === undefined) return undefined;
    const known = this.#children.get(id);
    if (known !== undefined || this.#children.size >= MAX_CHILDREN) return known;
    const child: Child = { id, parentId: undefined, title: "", callId: undefined, asked: undefined };
    this.#children.set(id, child);
    return child;
  }

  #message(child: Child, info: Json): void {
    const id = text(info["id"]);
    if (id === undefined) return;
    if (info["role"] === "user") {
      // One that goes on behind a compaction is asked nothing new.
      if (child.asked?.view.userMessageId === id || child.asked?.view.message(info) === "known") return;
      this.#end(child);
      child.asked = { view: this.#view(child, id), words: new Map(), state: "heard" };
      return;
    }
    const { asked } = child;
    if (asked === undefined || asked.state === "ended") return;
    if (asked.state === "heard" && info["parentID"] === asked.view.userMessageId) this.#begin(child, asked);
    if (asked.state === "open") asked.view.message(info);
  }

  #part(child: Child, part: Json): void {
    const { asked } = child;
    const [id, said] = [text(part["id"]), text(part["text"])];
    if (asked === undefined || id === undefined) return;
    if (part["messageID"] === asked.view.userMessageId) {
      if (part["type"] === "text" && said !== undefined && part["synthetic"] !== true)
        asked.words.set(id, said);
      return;
    }
    if (asked.state !== "open") return;
    asked.view.part(part);
    const callId = text(part["callID"]);
    const known = callId && asked.view.findTool(text(part["messageID"]) ?? "", callId);
    if (known) this.called(part, known.callId);
  }

  #begin(child: Child, asked: NonNullable<Child["asked"]>): void {
    asked.state = "open";
    const { id, parentId, title, callId } = child;
    const prompt = [...asked.words.values()].join("\n").slice(0, MAX_WORDS);
    this.#tell(id, {
      type: "began",
      title,
      prompt,
      ...(callId === undefined ? {} : { callId }),
      ...(parentId === undefined || parentId === this.#deps.sessionId ? {} : { parentId }),
    });
  }

  #end(child: Child, reported?: unknown): void {
    const { asked } = child;
    if (asked?.state !== "open") return;
    asked.state = "ended";
    const { finish, error = reported, providerId } = asked.view.ending;
    const usage: Usage | undefined = asked.view.usage((model) => this.#deps.contextSize(model));
    this.#tell(child.id, {
      type: "ended",
      ...(finish === undefined ? {} : { finish }),
      ...(usage === undefined ? {} : { usage }),
      ...(error === undefined || error === null
        ? {}
        : { error: promptError(this.#deps.agent, error, providerId) }),
    });
  }

  #view(child: Child, userMessageId: string): TurnView {
    return new TurnView(userMessageId, (event: ContentEvent) => {
      if (child.asked?.view.userMessageId === userMessageId && child.asked.state === "open")
        this.#tell(child.id, { type: "said", event });
    });
  }

  #tell(childId: string, told: ChildTold): void {
    this.#deps.emit({ type: "child", childId, told });
  }
}
