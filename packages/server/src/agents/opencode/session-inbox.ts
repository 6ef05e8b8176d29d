/**
 * What the stream brings of one session, given to whom it concerns.
 *
 * Invariants: content goes to the prompt that owns its message, or to the one before, which knows its own trailing events; content that neither
 * owns is noted as late and enters no message; state applies at any time; nothing that opencode sends throws out of here.
 */
import { isDeepStrictEqual } from "node:util";
import { errorText } from "@holdfast/kernel";
import type { Usage } from "@holdfast/protocol";
import { NoteThrottle } from "../note-throttle.ts";
import type { NoteEvent, StateEvent } from "../port.ts";
import type { ChildSessions } from "./child-sessions.ts";
import { object, text, type Json } from "./json.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { PromptRun } from "./prompt-run.ts";
import { retryOf } from "./retry-status.ts";
import { todosOf } from "./todos.ts";
import { clearedOutput } from "./tool-update.ts";
import type { Taken } from "./turn-view.ts";
import type { WireEvent } from "./wire-event.ts";

export type InboxDeps = {
  sessionId: string;
  requests: OpenRequests;
  /** Sessions that opencode makes for the running prompt. */
  children: ChildSessions;
  /** The running prompt and the one before it. */
  runs(): { now: PromptRun | undefined; before: PromptRun | undefined };
  say(event: StateEvent | NoteEvent): void;
};

/** Messages of users that are remembered. */
const MAX_USER_MESSAGES = 1_000;

/** Events of a session that tell nothing new to us. */
const SILENT = new Set([
  "session.diff",
  "session.created",
  "session.deleted",
  "session.compacted",
  "command.executed",
]);

/** The title that opencode gives before it knows a better one. */
const DEFAULT_TITLE = /^(?:New|Child) session - \d/;

export class SessionInbox {
  readonly #deps: InboxDeps;
  readonly #throttle = new NoteThrottle();
  /** Messages of users, whose parts are no news. */
  readonly #userMessages = new Set<string>();
  #title: string | undefined;
  #usage: string | undefined;
  /** The session told that it waits for its next try. */
  #isRetrying = false;

  constructor(deps: InboxDeps) {
    this.#deps = deps;
  }

  /** Takes one event; answers what to wait for before the next one is read. */
  take(event: WireEvent): Promise<void> | undefined {
    try {
      this.#take(event);
    } catch (error) {
      this.note("notice", "event", errorText(error));
    }
    return this.#deps.runs().now?.prompt.sink.drained();
  }

  note(type: NoteEvent["type"], kind: string, words: string): void {
    const note = this.#throttle.note(type, kind, Buffer.byteLength(words), words);
    if (note !== undefined) this.#deps.say(note);
  }

  #take({ type, sessionId, properties }: WireEvent): void {
    const { requests } = this.#deps;
    const run = this.#deps.runs().now;
    if (type === "permission.asked") return requests.permission(properties);
    if (type === "question.asked") return requests.question(properties);
    if (type === "question.replied" || type === "question.rejected")
      return requests.questionEnded(properties);
    if (sessionId !== this.#deps.sessionId) {
      if (run?.prompt.isOver === false) this.#deps.children.take({ type, sessionId, properties });
      return;
    }
    switch (type) {
      case "session.updated":
        return this.#setTitle(text(object(properties["info"])["title"]));
      case "session.status":
        return this.#status(object(properties["status"]));
      case "session.idle":
        return run?.lookSoon();
      case "session.error":
        return this.#error(properties["error"]);
      case "todo.updated":
        return run?.prompt.sink.emit({ type: "plan", todos: todosOf(properties["todos"]) });
      case "message.updated":
        return this.#message(object(properties["info"]));
      case "message.removed":
      case "message.part.removed":
        return this.#removed(text(properties["messageID"]), text(properties["partID"]));
      case "message.part.updated":
        return this.#part(type, properties);
      case "message.part.delta":
        return this.#content(type, properties, (owner) => owner.view.delta(properties));
      default:
        if (SILENT.has(type) || type.startsWith("permission.") || type.startsWith("question.")) return;
        this.note("raw", type, JSON.stringify(properties));
    }
  }

  #message(info: Json): void {
    const run = this.#deps.runs().now;
    if (run?.view.message(info) === "taken" && !run.prompt.isOver) this.#say(run.usage);
    if (info["role"] !== "user") return;
    if (this.#userMessages.size >= MAX_USER_MESSAGES) this.#userMessages.clear();
    this.#userMessages.add(text(info["id"]) ?? "");
  }

  /** It names no turn: one that the turn before ended with, or an abort that we did not ask for, is not the running turn's. */
  #error(error: unknown): void {
    const { now, before } = this.#deps.runs();
    const isOld = before !== undefined && isDeepStrictEqual(before.view.ending.error, error);
    const isAbort = object(error)["name"] === "MessageAbortedError" && now?.prompt.isCancelled === false;
    if (isOld || isAbort) now?.lookSoon();
    else now?.seeError(error);
  }

  #say(usage: Usage | undefined): void {
    const said = JSON.stringify(usage);
    if (usage === undefined || said === this.#usage) return;
    this.#usage = said;
    this.#deps.say({ type: "usage", usage });
  }

  #removed(messageId: string | undefined, partId: string | undefined): void {
    // What a person said is not the agent's to take back.
    if (messageId === undefined || this.#userMessages.has(messageId)) return;
    const { now, before } = this.#deps.runs();
    for (const run of [now, before]) run?.view.forget(messageId, partId);
    this.#deps.say({ type: "removed", messageId, ...(partId === undefined ? {} : { partId }) });
  }

  #part(type: string, properties: Json): void {
    const part = object(properties["part"]);
    const cleared = clearedOutput(part);
    if (cleared !== undefined) return this.#deps.say(cleared);
    this.#content(type, properties, (owner) => owner.view.part(part));
    const call = [text(part["messageID"]), text(part["callID"])] as const;
    const known = this.#deps.runs().now?.view.findTool(call[0] ?? "", call[1] ?? "");
    if (known !== undefined) this.#deps.children.called(part, known.callId);
  }

  #content(type: string, properties: Json, take: (owner: PromptRun) => Taken): void {
    const { now, before } = this.#deps.runs();
    for (const run of [now, before]) if (run !== undefined && take(run) !== "foreign") return;
    const messageId = text(properties["messageID"]) ?? text(object(properties["part"])["messageID"]) ?? "";
    if (!this.#userMessages.has(messageId)) this.note("late", type, JSON.stringify(properties));
  }

  #status(status: Json): void {
    const run = this.#deps.runs().now;
    if (status["type"] === "idle") run?.lookSoon();
    const event = retryOf(status);
    if (event === undefined || (event.failed === undefined && !this.#isRetrying)) return;
    this.#isRetrying = event.failed !== undefined;
    run?.prompt.sink.emit(event);
  }

  #setTitle(title: string | undefined): void {
    if (title === undefined || title === this.#title || title.trim() === "" || DEFAULT_TITLE.test(title))
      return;
    this.#title = title;
    this.#deps.say({ type: "info", title });
  }
}
