/**
 * What one turn is in opencode, built from its events and from looks at its messages.
 *
 * Invariants: each of its answers is a step (session-model 1.4), and steps are told in their order; the turn owns our user message, what
 * answers it, and what answers the messages that opencode writes itself to compact it and to go on after that; content of any other
 * message never leaves here; parts are upserted by id; the final text of a part takes the place of what its deltas built, and nothing that
 * comes after it changes the part; nothing is emitted twice, whatever is repeated.
 */
import { isSettledTool, type Usage } from "@holdfast/protocol";
import type { ContentEvent, ToolUpdate } from "../port.ts";
import { object, text, type Json } from "./json.ts";
import { partMetadata } from "./part-metadata.ts";
import { toolUpdateOf } from "./tool-update.ts";
import type { NewestMessage } from "./turn-end.ts";
import { messageUsage, turnUsage, type MessageUsage } from "./turn-usage.ts";

type Answer = {
  settled: NewestMessage["settled"];
  finish: string | undefined;
  error: unknown;
  isSummary: boolean;
  parentId: string;
  model: string;
  usage: MessageUsage;
};

/** `told`: what was told of it beside its text, as JSON. */
type TextState = {
  kind: "text" | "reasoning";
  messageId: string;
  text: string;
  isFinal: boolean;
  told: string | undefined;
};

/** What became of something that was told: it is the turn's, it is known and says nothing new, or it is not the turn's. */
export type Taken = "taken" | "known" | "foreign";

export class TurnView {
  readonly userMessageId: string;
  readonly #emit: (event: ContentEvent) => void;
  readonly #roots: Set<string>;
  readonly #answers = new Map<string, Answer>();
  readonly #texts = new Map<string, TextState>();
  readonly #tools = new Map<string, { callId: string; told: string; update: ToolUpdate }>();
  readonly #callIds = new Set<string>();
  /** What was told of each step, and the newest one. */
  readonly #steps = new Map<string, string>();
  #step: string | undefined;
  /** The parts of the messages that opencode writes to ask itself for a summary, by message, and what was told of each summary. */
  readonly #compactions = new Map<string, Json>();
  readonly #compacted = new Map<string, string>();
  #model: string | undefined;
  /** Removals that were told, and as which of them each message or part went last. */
  #removals = 0;
  readonly #gone = new Map<string, number>();

  constructor(userMessageId: string, emit: (event: ContentEvent) => void) {
    this.userMessageId = userMessageId;
    this.#roots = new Set([userMessageId]);
    this.#emit = emit;
  }

  /** A message as the stream or a look shows it. */
  message(info: Json): Taken {
    const id = text(info["id"]);
    if (id === undefined) return "foreign";
    const parentId = text(info["parentID"]) ?? "";
    if (info["role"] === "user") return this.#goesOn(id) ? "known" : "foreign";
    if (!this.#roots.has(parentId)) return "foreign";
    const isOver = object(info["time"])["completed"] !== undefined;
    const error = info["error"];
    const answer: Answer = {
      settled: error !== undefined && error !== null ? "error" : isOver ? "completed" : "no",
      finish: text(info["finish"]),
      error,
      isSummary: info["summary"] === true,
      parentId,
      model: `${text(info["providerID"]) ?? ""}/${text(info["modelID"]) ?? ""}`,
      usage: messageUsage(info),
    };
    this.#answers.set(id, answer);
    this.#tellStep(id, answer);
    if (!answer.isSummary && id === this.#step) this.#tellModel(info);
    if (answer.isSummary) this.#tellCompaction(id, answer);
    return "taken";
  }

  /** opencode names the model in every message; it is told when the newest one has another. */
  #tellModel(info: Json): void {
    const [providerId, modelId, variant] = [
      text(info["providerID"]),
      text(info["modelID"]),
      text(info["variant"]),
    ];
    if (modelId === undefined || modelId === "") return;
    const model = {
      modelId,
      ...(providerId === undefined || providerId === "" ? {} : { providerId }),
      ...(variant === undefined || variant === "" ? {} : { variant }),
    };
    const told = JSON.stringify(model);
    if (told === this.#model) return;
    this.#model = told;
    this.#emit({ type: "model", model });
  }

  /** A part as the stream or a look shows it. */
  part(part: Json): Taken {
    const [id, messageId] = [text(part["id"]), text(part["messageID"])];
    if (id === undefined || messageId === undefined) return "foreign";
    const answer = this.#answers.get(messageId);
    if (answer === undefined) return this.#continues(messageId, part) ? "known" : this.#ofUser(messageId);
    switch (part["type"]) {
      case "text":
      case "reasoning":
        return this.#text(part["type"], id, messageId, part);
      case "tool":
        return this.#tool(id, messageId, part);
      default:
        return "known";
    }
  }

  /** A piece of a part; `foreign` when the part was never shown to us, which the next look heals. */
  delta(properties: Json): Taken {
    const state = this.#texts.get(text(properties["partID"]) ?? "");
    const piece = text(properties["delta"]);
    if (properties["field"] !== "text" || piece === undefined) return "known";
    if (state === undefined) {
      const messageId = text(properties["messageID"]) ?? "";
      return this.#answers.has(messageId) ? "known" : this.#ofUser(messageId);
    }
    if (state.isFinal || piece === "") return "known";
    state.text += piece;
    this.#emit({ type: state.kind, text: piece, streamId: text(properties["partID"]) ?? "" });
    return "taken";
  }

  /** How many removals were told: a look that began before the last one may still show what went. */
  get removals(): number {
    return this.#removals;
  }

  /** Whether a look that began after so many removals shows what has gone since. */
  isGoneSince(removals: number, ...ids: (string | undefined)[]): boolean {
    return ids.some((id) => id !== undefined && (this.#gone.get(id) ?? 0) > removals);
  }

  /** opencode no longer has a message, or this part of it: what comes under these names again is told anew. */
  forget(messageId: string, partId: string | undefined): void {
    const isGone = (id: string | undefined) => partId === undefined || partId === id;
    this.#removals += 1;
    this.#gone.set(partId ?? messageId, this.#removals);
    if (partId === undefined) this.#answers.delete(messageId);
    for (const [id, state] of this.#texts)
      if (state.messageId === messageId && isGone(id)) this.#texts.delete(id);
    for (const [key, { callId, update }] of this.#tools) {
      if (!key.startsWith(`${messageId} `) || !isGone(update.partId)) continue;
      this.#tools.delete(key);
      this.#callIds.delete(callId);
    }
  }

  /** The newest answer. opencode's ids grow with time. */
  get newest(): NewestMessage | undefined {
    const id = [...this.#answers.keys()].toSorted().at(-1);
    const answer = id === undefined ? undefined : this.#answers.get(id);
    if (id === undefined || answer === undefined) return undefined;
    return { id, settled: answer.settled, goesOn: answer.finish === "tool-calls" };
  }

  /** Why the newest answer ended, its error, and who provided its model. */
  get ending(): { finish: string | undefined; error: unknown; providerId: string | undefined } {
    const answer = this.#answers.get(this.newest?.id ?? "");
    return { finish: answer?.finish, error: answer?.error, providerId: answer?.model.split("/", 1)[0] };
  }

  /** Usage so far; `sizeOf` is the context of a model named `provider/model`. */
  usage(sizeOf: (model: string) => number | undefined): Usage | undefined {
    const newestFirst = [...this.#answers].toSorted(([one], [other]) => (one < other ? 1 : -1));
    const model = newestFirst[0]?.[1].model;
    const usages = newestFirst.map(([, { usage }]) => usage).toReversed();
    return turnUsage(usages, model === undefined ? undefined : sizeOf(model));
  }

  /** What was told of a call, by opencode's ids. */
  findTool(messageId: string, callId: string): ToolUpdate | undefined {
    return this.#tools.get(`${messageId} ${callId}`)?.update;
  }

  /** A message that is first heard of behind a newer one is no step of its own: what it says stands in the newer one, and steps stay in order. */
  #tellStep(stepId: string, { finish, usage, parentId, isSummary }: Answer): void {
    const isNew = !this.#steps.has(stepId);
    if (isNew && this.#step !== undefined && stepId < this.#step) return;
    const step: Extract<ContentEvent, { type: "step" }> = { type: "step", stepId, parentId };
    if (isSummary) step.summary = true;
    if (finish !== undefined) step.finish = finish;
    if (usage.tokens !== undefined) step.tokens = usage.tokens;
    if (usage.cost !== undefined) step.cost = usage.cost;
    const told = JSON.stringify(step);
    if (this.#steps.get(stepId) === told) return;
    this.#steps.set(stepId, told);
    if (isNew) this.#step = stepId;
    this.#emit(step);
  }

  /** What the message that asked for a summary says of it, once the summary has begun. */
  #tellCompaction(stepId: string, { parentId, settled }: Answer): void {
    const asked = this.#compactions.get(parentId);
    if (asked === undefined || !this.#steps.has(stepId)) return;
    const [overflow, tailStartId] = [asked["overflow"], text(asked["tail_start_id"])];
    const event: Extract<ContentEvent, { type: "compaction" }> = {
      type: "compaction",
      stepId,
      auto: asked["auto"] === true,
      isDone: settled === "completed",
    };
    if (typeof overflow === "boolean") event.overflow = overflow;
    if (tailStartId !== undefined) event.tailStartId = tailStartId;
    const told = JSON.stringify(event);
    if (this.#compacted.get(stepId) === told) return;
    this.#compacted.set(stepId, told);
    this.#emit(event);
  }

  #text(kind: TextState["kind"], id: string, messageId: string, part: Json): Taken {
    const said = text(part["text"]) ?? "";
    const isFinal = object(part["time"])["end"] !== undefined;
    const known = this.#texts.get(id);
    if (known === undefined) {
      if (part["ignored"] === true || part["synthetic"] === true) return "known";
      const state: TextState = { kind, messageId, text: said, isFinal, told: undefined };
      this.#texts.set(id, state);
      if (said !== "") this.#emit({ type: kind, text: said, streamId: id, ...this.#metadata(state, part) });
      return "taken";
    }
    // Until its end a stored part may lag behind its deltas.
    const isBehind = known.isFinal || (!isFinal && known.text.startsWith(said));
    const before = known.text;
    if (!isBehind) known.text = said;
    known.isFinal ||= isFinal;
    const metadata = known.text === "" ? {} : this.#metadata(known, part);
    // What continues a text of an earlier step would stand in this one.
    const isMore = known.text.startsWith(before) && messageId === this.#step && !("metadata" in metadata);
    if (known.text === before && !("metadata" in metadata)) return "known";
    this.#emit(
      isMore
        ? { type: kind, text: known.text.slice(before.length), streamId: id }
        : { type: kind, text: known.text, streamId: id, whole: true, ...metadata },
    );
    return "taken";
  }

  /** What the provider says of a part beside its text, when it is news. */
  #metadata(state: TextState, part: Json): { metadata?: Json } {
    const metadata = partMetadata(part);
    const told = JSON.stringify(metadata);
    if (metadata === undefined || told === state.told) return {};
    state.told = told;
    return { metadata };
  }

  #tool(partId: string, messageId: string, part: Json): Taken {
    const named = text(part["callID"]) ?? partId;
    const key = `${messageId} ${named}`;
    const known = this.#tools.get(key);
    // Some providers number the calls of each answer anew.
    const callId = known?.callId ?? (this.#callIds.has(named) ? `${named}:${partId}` : named);
    const update = toolUpdateOf(part, callId);
    if (update === undefined) return "known";
    const told = JSON.stringify(update);
    if (known?.told === told || isSettledTool(known?.update.status)) return "known";
    this.#callIds.add(callId);
    this.#tools.set(key, { callId, told, update: { ...known?.update, ...update } });
    this.#emit({ type: "tool", update });
    return "taken";
  }

  /** A message that opencode wrote itself to compact our turn: what answers it is the turn's too. */
  #continues(messageId: string, part: Json): boolean {
    if (part["type"] !== "compaction" || messageId <= this.userMessageId) return this.#roots.has(messageId);
    this.#roots.add(messageId);
    this.#compactions.set(messageId, part);
    for (const [id, answer] of this.#answers)
      if (answer.isSummary && answer.parentId === messageId) this.#tellCompaction(id, answer);
    return true;
  }

  /** Behind a compaction opencode goes on with a message of its own: a few words, or what the user said once more. */
  #goesOn(messageId: string): boolean {
    if (this.#compactions.size > 0 && messageId > this.userMessageId) this.#roots.add(messageId);
    return this.#roots.has(messageId);
  }

  #ofUser(messageId: string): Taken {
    return this.#roots.has(messageId) ? "known" : "foreign";
  }
}
