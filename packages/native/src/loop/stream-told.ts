/**
 * One try of a step, as it is told: parts of the SDK's stream in, events of the wire out, and what the loop needs of it.
 *
 * - Texts and reasoning are named by try and stream, so that several may be open and a new try goes on with none.
 * - What a model's provider says of a piece is kept as the SDK has it; the last that is not empty holds.
 * - A call is `pending` while its input comes, as it came. Ids are those of the model, save one that comes twice in a step.
 */
import type { Clock } from "@holdfast/kernel";
import type { JsonObject } from "@holdfast/protocol";
import type { LanguageModelUsage, ProviderMetadata, TextStreamPart, ToolSet } from "ai";
import type { Content } from "../wire.ts";
import type { ModelCall } from "./read-call.ts";

type StreamFinish = {
  finish: string;
  raw: string | undefined;
  usage: LanguageModelUsage;
  metadata: ProviderMetadata | undefined;
};

type Kind = "text" | "reasoning";
type Stream = { streamId: string; text: string };
type Call = { callId: string; name: string; raw: string; shown: number; shownAt: number; isWhole: boolean };
type Part = TextStreamPart<ToolSet>;

/** The input of a call that grows is told again after so many ms, or so much of it: each time it is told whole. */
const SHOWN_MS = 100;
const SHOWN_GROWTH = 1.25;

export class StreamTold {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #prefix: string;
  readonly #taken: Set<string>;
  readonly #streams = new Map<string, Stream>();
  readonly #calls = new Map<string, Call>();
  finish: StreamFinish | undefined;
  /** The first one. */
  error: unknown;
  /** Characters of all of it. */
  length = 0;

  /** `taken`: ids of calls of the step's tries before. */
  constructor(
    clock: Pick<Clock, "monotonic">,
    place: { stepId: string; attempt: number; taken: Set<string> },
  ) {
    this.#clock = clock;
    this.#prefix = `${place.stepId}.${place.attempt}`;
    this.#taken = place.taken;
  }

  /** Calls that the model began, in that order. The input of one that did not come to its end cannot be read. */
  get calls(): ModelCall[] {
    return [...this.#calls.values()].map(({ callId, name, raw }) => ({ callId, name, raw }));
  }

  /** The text of a stream so far, with the id that it is told by. */
  textOf(id: string): Stream | undefined {
    return this.#streams.get(`text ${id}`);
  }

  /** Without a word of text. */
  get isEmpty(): boolean {
    return ![...this.#streams].some(([key, { text }]) => key.startsWith("text ") && text.trim() !== "");
  }

  take(part: Part): Content[] {
    switch (part.type) {
      case "text-start":
      case "reasoning-start":
        return this.#begin(part.type === "text-start" ? "text" : "reasoning", part);
      case "text-delta":
      case "reasoning-delta":
        return this.#piece(part.type === "text-delta" ? "text" : "reasoning", part, part.text);
      case "text-end":
      case "reasoning-end":
        return this.#piece(part.type === "text-end" ? "text" : "reasoning", part, "");
      case "tool-input-start":
        return [this.#callTold(this.#call(part.id, part.toolName), part.providerMetadata)];
      case "tool-input-delta":
        return this.#input(part.id, part.delta, part.providerMetadata);
      case "tool-call":
        return this.#wholeCall(part);
      case "finish-step":
        this.finish = {
          finish: part.finishReason,
          raw: part.rawFinishReason,
          usage: part.usage,
          metadata: part.providerMetadata,
        };
        return [];
      case "error":
        this.error ??= part.error;
        return [];
      default:
        return [];
    }
  }

  /** A second stream of a name that was heard of is another one. */
  #begin(
    kind: Kind,
    { id, providerMetadata }: { id: string; providerMetadata?: ProviderMetadata },
  ): Content[] {
    const number = this.#streams.size + 1;
    this.#streams.set(`${kind} ${id}`, { streamId: `${this.#prefix}.${number}`, text: "" });
    return this.#piece(kind, { id, ...(providerMetadata && { providerMetadata }) }, "");
  }

  /** A piece of a stream that never began is none of this answer's. */
  #piece(
    kind: Kind,
    { id, providerMetadata }: { id: string; providerMetadata?: ProviderMetadata },
    text: string,
  ): Content[] {
    const stream = this.#streams.get(`${kind} ${id}`);
    const metadata = told(providerMetadata);
    if (stream === undefined || (text === "" && metadata === undefined)) return [];
    stream.text += text;
    this.length += text.length;
    return [{ type: kind, text, streamId: stream.streamId, ...(metadata && { metadata }) }];
  }

  #call(id: string, name: string): Call {
    const known = this.#calls.get(id);
    if (known !== undefined && !known.isWhole) return known;
    const call: Call = {
      callId: this.#free(id),
      name,
      raw: "",
      shown: 0,
      shownAt: -SHOWN_MS,
      isWhole: false,
    };
    // The same id for a second call of one answer: the first keeps its place under another key.
    if (known !== undefined) this.#calls.set(`${id} ${known.callId}`, known);
    this.#calls.delete(id);
    this.#calls.set(id, call);
    return call;
  }

  #free(id: string): string {
    const wanted = id === "" ? "call" : id;
    let free = wanted;
    for (let number = 2; this.#taken.has(free); number += 1) free = `${wanted}_${number}`;
    this.#taken.add(free);
    return free;
  }

  #input(id: string, delta: string, metadata: ProviderMetadata | undefined): Content[] {
    const call = this.#calls.get(id);
    if (call === undefined || call.isWhole) return [];
    call.raw += delta;
    this.length += delta.length;
    const isDue =
      this.#clock.monotonic() - call.shownAt >= SHOWN_MS || call.raw.length >= call.shown * SHOWN_GROWTH;
    return isDue || metadata !== undefined ? [this.#callTold(call, metadata)] : [];
  }

  #wholeCall(part: Extract<Part, { type: "tool-call" }>): Content[] {
    const call = this.#call(part.toolCallId, part.toolName);
    call.isWhole = true;
    // An input that could not be read comes as the text that it was.
    if (call.raw === "") {
      call.raw = typeof part.input === "string" ? part.input : (JSON.stringify(part.input) ?? "");
      this.length += call.raw.length;
    }
    return [this.#callTold(call, part.providerMetadata)];
  }

  #callTold(call: Call, providerMetadata: ProviderMetadata | undefined): Content {
    const { callId, name: tool, raw } = call;
    call.shown = raw.length;
    call.shownAt = this.#clock.monotonic();
    const metadata = told(providerMetadata);
    return { type: "tool", update: { callId, status: "pending", tool, raw, ...(metadata && { metadata }) } };
  }
}

function told(metadata: ProviderMetadata | undefined): JsonObject | undefined {
  return metadata === undefined || Object.keys(metadata).length === 0 ? undefined : metadata;
}
