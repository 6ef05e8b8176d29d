/**
 * Rows of one turn, made in memory of what is said in it: what the server's recorder makes of the same events in its store. A subagent has no other
 * memory, and it does not outlive the prompt that it works for.
 */
import { createHash } from "node:crypto";
import { type Clock, newId } from "@holdfast/kernel";
import {
  type AssistantMessage,
  isSettledTool,
  type JsonObject,
  type Message,
  type MessageId,
  type Model,
  type Part,
  type ReasoningPart,
  type SessionError,
  type SessionId,
  type TextPart,
  type ToolEvent,
  type ToolPart,
  transitionTool,
  type TurnId,
} from "@holdfast/protocol";
import type { Attachment, Content, ToolUpdate } from "../wire.ts";

type RowsPlace = {
  clock: Pick<Clock, "now">;
  sessionId: SessionId;
  turnId: TurnId;
  agent: string;
  model?: Model | undefined;
  directory: string;
  root: string;
  /** The next place in the session's history. */
  nextOrdinal: () => number;
};

type Assistant = { info: AssistantMessage; parts: Part[] };
type Piece = Extract<Content, { type: "text" | "reasoning" }>;
type Told<T extends Content["type"]> = Extract<Content, { type: T }>;

export class Rows {
  readonly #place: RowsPlace;
  readonly #messages: Message[] = [];
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #steps = new Map<string, Assistant>();
  readonly #streams = new Map<string, TextPart | ReasoningPart>();
  #now: Assistant | undefined;
  #parentId: MessageId | undefined;

  constructor(place: RowsPlace) {
    this.#place = place;
  }

  /** In order. They change with what is said. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Content of an attachment, by its hash. */
  blob(hash: string): Uint8Array | undefined {
    return this.#blobs.get(hash);
  }

  /** What is asked: the next step answers it. */
  ask(text: string): MessageId {
    const { clock, sessionId, turnId, agent, model, nextOrdinal } = this.#place;
    const now = clock.now();
    const id = newId("msg", now);
    const ids = { id, sessionId, ordinal: nextOrdinal(), turnId };
    const info = { ...ids, agent, role: "user" as const, time: { created: now } };
    const part = { id: newId("prt", now), sessionId, messageId: id, type: "text" as const, text };
    this.#messages.push({ info: model === undefined ? info : { ...info, model }, parts: [part] });
    this.#parentId = id;
    return id;
  }

  take(event: Content): void {
    switch (event.type) {
      case "step":
        return this.#step(event);
      case "text":
      case "reasoning":
        return this.#piece(event);
      case "tool":
        return this.#tool(event.update);
      case "retry":
        return this.#retry(event.failed);
      case "compaction":
        return this.#compaction(event);
      case "model":
        if (this.#now !== undefined) this.#now.info.model = event.model;
        return;
      case "plan":
      case "file":
    }
  }

  /** The turn is over: nothing of it stays open. */
  settle(error?: SessionError): void {
    const now = this.#place.clock.now();
    for (const message of this.#messages) {
      if (message.info.role === "user") continue;
      message.info.time.completed ??= now;
      for (const part of message.parts)
        if (part.type === "tool") part.state = transitionTool(part.state, { type: "interrupt", at: now });
    }
    if (error !== undefined && this.#now !== undefined) this.#now.info.error = error;
  }

  #step({ stepId, summary, finish, tokens, cost }: Told<"step">): void {
    const step = this.#steps.get(stepId) ?? this.#open(stepId);
    if (summary === true) step.info.summary = true;
    if (tokens !== undefined) step.info.tokens = tokens;
    if (cost !== undefined) step.info.cost = cost;
    if (finish !== undefined) step.info.finish = finish;
  }

  #open(stepId: string): Assistant {
    const { clock, sessionId, turnId, agent, model, directory, root, nextOrdinal } = this.#place;
    if (this.#parentId === undefined) throw new Error(`step ${stepId} answers nothing`);
    const now = clock.now();
    if (this.#now !== undefined) this.#close(this.#now, now);
    const info: AssistantMessage = {
      id: newId("msg", now),
      sessionId,
      ordinal: nextOrdinal(),
      turnId,
      agent,
      mode: agent,
      role: "assistant",
      parentId: this.#parentId,
      time: { created: now },
      path: { cwd: directory, root },
    };
    if (model !== undefined) info.model = model;
    const step: Assistant = { info, parts: [] };
    step.parts.push({ id: newId("prt", now), sessionId, messageId: info.id, type: "step-start" });
    this.#messages.push(step);
    this.#steps.set(stepId, step);
    this.#streams.clear();
    this.#now = step;
    return step;
  }

  #close({ info, parts }: Assistant, now: number): void {
    info.time.completed ??= now;
    const { finish: reason, tokens, cost } = info;
    if (reason === undefined) return;
    parts.push({
      ...this.#ids(info),
      type: "step-finish",
      reason,
      ...(tokens === undefined ? {} : { tokens }),
      ...(cost === undefined ? {} : { cost }),
    });
  }

  #piece({ type, text, streamId, whole, metadata }: Piece): void {
    const { info, parts } = this.#current();
    const key = `${type} ${streamId}`;
    const known = this.#streams.get(key);
    const begun = { ...this.#ids(info), text: "", time: { start: this.#place.clock.now() } };
    const part: TextPart | ReasoningPart =
      known ?? (type === "text" ? { type, ...begun } : { type: "reasoning", ...begun });
    if (known === undefined) parts.push(part);
    this.#streams.set(key, part);
    part.text = whole === true ? text : part.text + text;
    if (metadata !== undefined) part.metadata = metadata;
  }

  #retry(failed: Told<"retry">["failed"]): void {
    if (failed === undefined) return;
    const { info, parts } = this.#current();
    for (const part of parts) {
      if ((part.type === "text" || part.type === "reasoning") && part.attempt === undefined)
        part.attempt = failed.attempt;
    }
    this.#streams.clear();
    const created = this.#place.clock.now();
    const { attempt: number, error } = failed;
    parts.push({ ...this.#ids(info), type: "retry", number, error, time: { created } });
  }

  #compaction({ stepId, auto, overflow, tailStartId }: Told<"compaction">): void {
    const { info, parts } = this.#steps.get(stepId) ?? this.#current();
    const known = parts.find((part) => part.type === "compaction");
    const told = {
      auto,
      ...(overflow === undefined ? {} : { overflow }),
      ...(tailStartId === undefined ? {} : { tailStartId: tailStartId as MessageId }),
    };
    if (known === undefined) parts.push({ ...this.#ids(info), type: "compaction", ...told });
    else Object.assign(known, told);
  }

  #tool(update: ToolUpdate): void {
    const part = this.#openCall(update.callId) ?? this.#newCall(update.callId);
    if (update.tool !== undefined) part.tool = update.tool;
    if (update.kind !== undefined) part.kind = update.kind;
    if (update.metadata !== undefined) part.metadata = { ...part.metadata, ...update.metadata };
    if (update.locations !== undefined)
      part.locations = update.locations.map(({ path, line }) =>
        line === undefined ? { path } : { path, line },
      );
    if (update.diffs !== undefined)
      part.diffs = update.diffs.map(({ oldText, ...diff }) =>
        oldText === undefined ? diff : { ...diff, oldText },
      );
    const told = this.#told(part, update);
    const begins = update.status === "running" || isSettledTool(update.status);
    if (begins) this.#move(part, { type: "start", at: this.#place.clock.now() });
    this.#move(part, { type: "progress", told });
    this.#end(part, update);
  }

  #told(part: ToolPart, { input, raw, title, output, facts }: ToolUpdate) {
    const before: JsonObject | undefined = "metadata" in part.state ? part.state.metadata : undefined;
    return {
      ...(input === undefined ? {} : { input }),
      ...(raw === undefined ? {} : { raw }),
      ...(title === undefined ? {} : { title }),
      ...(output === undefined ? {} : { output }),
      ...(facts === undefined ? {} : { metadata: { ...before, ...facts } }),
    };
  }

  #end(part: ToolPart, { status, error, attachments }: ToolUpdate): void {
    const at = this.#place.clock.now();
    if (status === "error") this.#move(part, { type: "fail", error: error ?? "The tool failed.", at });
    if (status !== "completed") return;
    this.#move(part, { type: "complete", title: part.tool, at });
    if (attachments !== undefined && attachments.length > 0 && part.state.status === "completed")
      part.state = { ...part.state, attachments: attachments.map((each) => this.#attached(each)) };
  }

  #move(part: ToolPart, event: ToolEvent): void {
    part.state = transitionTool(part.state, event);
  }

  #openCall(callId: string): ToolPart | undefined {
    return this.#messages
      .flatMap(({ parts }) => parts)
      .findLast(
        (part): part is ToolPart =>
          part.type === "tool" && part.callId === callId && !isSettledTool(part.state.status),
      );
  }

  #newCall(callId: string): ToolPart {
    const { info, parts } = this.#current();
    const part: ToolPart = {
      ...this.#ids(info),
      type: "tool",
      callId,
      tool: "tool",
      state: { status: "pending", input: {}, raw: "" },
    };
    parts.push(part);
    return part;
  }

  #attached({ mime, filename, data }: Attachment) {
    const bytes = Buffer.from(data, "base64");
    const hash = createHash("sha256").update(bytes).digest("hex");
    this.#blobs.set(hash, bytes);
    return {
      type: "file" as const,
      mime,
      ...(filename === undefined ? {} : { filename }),
      url: `blob:${hash}`,
    };
  }

  #current(): Assistant {
    if (this.#now === undefined) throw new Error("content came before a step");
    return this.#now;
  }

  #ids({ id }: AssistantMessage) {
    const { clock, sessionId } = this.#place;
    return { id: newId("prt", clock.now()), sessionId, messageId: id };
  }
}
