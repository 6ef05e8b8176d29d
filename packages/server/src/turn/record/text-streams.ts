/**
 * Streamed text and reasoning of one assistant message as parts and deltas (D-12, D-13, R-5.1).
 *
 * - A part is keyed by its kind and the agent's stream id. Unnamed text and unnamed reasoning end each other; a tool call ends all of them, so
 *   that the order text, tool, text is kept. What continues an ended stream is a new part.
 * - The first chunk makes the row with its text, or what is said of it beside that; later ones are deltas whose offsets leave no gap. A
 *   trailing high surrogate waits for its other half. The end rewrites the row whole. While streaming, the row is checkpointed at most once a second.
 * - What is said of a part beside its text rewrites its row.
 * - What a failed try of a step said stays, marked with the try, and what the next one says begins new parts (D-15).
 * - The whole text of a named stream rewrites its row, also after its end: what its pieces built is replaced, never repeated.
 */
import { type Clock, cleanText, holdBackSurrogate, newId } from "@holdfast/kernel";
import type { MessageId, ReasoningPart, SessionId, TextPart } from "@holdfast/protocol";
import type { ProgressOp } from "../../store/index.ts";
import { pieces } from "./delta-limit.ts";
import type { BackendPart } from "./past.ts";

/** D-13: at most once a second per streaming part. */
export const CHECKPOINT_MS = 1_000;

export type TextKind = "text" | "reasoning";

type Stream = {
  kind: TextKind;
  streamId: string | undefined;
  /** The row as it stands after every op so far; absent until there is text. */
  part: TextPart | ReasoningPart | undefined;
  held: string;
  checkpointAt: number;
};

export class TextStreams {
  /** What is said is a summary that the agent wrote for itself. */
  isSummary = false;
  /** Ids of streams are the backend's names of its parts, which rows keep. */
  keepsNames = false;
  readonly #clock: Clock;
  readonly #ids: { sessionId: SessionId; messageId: MessageId };
  readonly #open = new Map<string, Stream>();
  /** Rows of named streams that ended, without their text. */
  readonly #ended = new Map<string, TextPart | ReasoningPart>();
  /** Rows that ended in the running try. */
  #tried: (TextPart | ReasoningPart)[] = [];

  constructor(clock: Clock, ids: { sessionId: SessionId; messageId: MessageId }) {
    this.#clock = clock;
    this.#ids = ids;
  }

  append(
    kind: TextKind,
    chunk: string,
    streamId: string | undefined,
    metadata?: Record<string, unknown>,
  ): ProgressOp[] {
    if (chunk === "" && metadata === undefined) return [];
    const ops: ProgressOp[] = [];
    if (streamId === undefined) ops.push(...this.#closeUnnamed(kind === "text" ? "reasoning" : "text"));
    const key = keyOf(kind, streamId);
    const stream = this.#open.get(key) ?? this.#openStream(key, kind, streamId);
    const { text, held } = holdBackSurrogate(stream.held + chunk);
    stream.held = held;
    ops.push(...this.#extend(stream, cleanText(text)));
    if (metadata === undefined) return ops;
    // Sealed reasoning has no words at all, and its provider wants it back all the same.
    if (stream.part === undefined) ops.push(this.#create(stream, ""));
    return stream.part === undefined ? ops : [...ops, this.#tell(stream, stream.part, metadata)];
  }

  /** The stream says exactly `text`, whatever its pieces were; a stream that was never heard of begins with it. */
  replace(kind: TextKind, text: string, streamId: string, metadata?: Record<string, unknown>): ProgressOp[] {
    const key = keyOf(kind, streamId);
    const told = metadata === undefined ? {} : this.#told(streamId, metadata);
    const ended = this.#ended.get(key);
    if (ended !== undefined) {
      this.#ended.set(key, { ...ended, ...told });
      return [{ op: "part", part: { ...ended, ...told, text: cleanText(text) } }];
    }
    const stream = this.#open.get(key);
    if (stream?.part === undefined) return this.append(kind, text, streamId, metadata);
    stream.held = "";
    stream.part = { ...stream.part, ...told, text: cleanText(text) };
    stream.checkpointAt = this.#clock.monotonic();
    return [{ op: "part", part: stream.part }];
  }

  /** The backend no longer has this part, or any: what comes of its stream again is a new one. */
  forget(streamId: string | undefined): void {
    for (const kind of ["text", "reasoning"] as const)
      for (const rows of [this.#open, this.#ended])
        if (streamId === undefined) rows.clear();
        else rows.delete(keyOf(kind, streamId));
    const isKept = (part: TextPart | ReasoningPart) =>
      streamId !== undefined && backendPartOf(part) !== streamId;
    this.#tried = this.#tried.filter(isKept);
  }

  /** Whether what comes of this stream goes on with a part. */
  isOpen(kind: TextKind, streamId: string | undefined): boolean {
    return this.#open.has(keyOf(kind, streamId));
  }

  /** Whether a named stream was heard of here. */
  has(kind: TextKind, streamId: string): boolean {
    const key = keyOf(kind, streamId);
    return this.#open.has(key) || this.#ended.has(key);
  }

  /** Ends every open part: each row is rewritten whole, with its end. What follows is no part of the same try. */
  closeAll(): ProgressOp[] {
    const ops = [...this.#open.keys()].flatMap((key) => this.#close(key));
    this.#tried = [];
    return ops;
  }

  /** The running try failed, as number `attempt` of its step: all that it said is marked so. */
  failTry(attempt: number): ProgressOp[] {
    const earlier = this.#tried.map((part): ProgressOp => ({ op: "part", part: { ...part, attempt } }));
    for (const stream of this.#open.values()) if (stream.part !== undefined) stream.part.attempt = attempt;
    return [...earlier, ...this.closeAll()];
  }

  /** Writes what is held back and leaves the parts open: finalization closes them in its own transaction (durability 5). */
  releaseHeld(): ProgressOp[] {
    return [...this.#open.values()].flatMap((stream) => this.#releaseHeld(stream));
  }

  #openStream(key: string, kind: TextKind, streamId: string | undefined): Stream {
    const stream: Stream = { kind, streamId, part: undefined, held: "", checkpointAt: 0 };
    this.#open.set(key, stream);
    return stream;
  }

  #closeUnnamed(kind: TextKind): ProgressOp[] {
    return [...this.#open].flatMap(([key, stream]) =>
      stream.kind === kind && stream.streamId === undefined ? this.#close(key) : [],
    );
  }

  #close(key: string): ProgressOp[] {
    const stream = this.#open.get(key);
    this.#open.delete(key);
    if (stream === undefined) return [];
    const ops = this.#releaseHeld(stream);
    if (stream.part === undefined) return ops;
    const start = stream.part.time?.start ?? this.#clock.now();
    const part = { ...stream.part, time: { start, end: Math.max(start, this.#clock.now()) } };
    if (stream.streamId !== undefined) this.#ended.set(key, { ...part, text: "" });
    this.#tried.push(part);
    return [...ops, { op: "part", part }];
  }

  /** What stands beside the text of a part: what the provider said of it, and its name where that is kept. */
  #told(
    streamId: string | undefined,
    metadata?: Record<string, unknown>,
  ): { metadata?: Record<string, unknown> } {
    const name = this.keepsNames && streamId !== undefined ? { partId: streamId } : undefined;
    if (name === undefined) return metadata === undefined ? {} : { metadata };
    return { metadata: { ...metadata, backend: name satisfies BackendPart } };
  }

  #tell(stream: Stream, part: TextPart | ReasoningPart, metadata: Record<string, unknown>): ProgressOp {
    stream.part = { ...part, ...this.#told(stream.streamId, metadata) };
    return { op: "part", part: stream.part };
  }

  #releaseHeld(stream: Stream): ProgressOp[] {
    const { held } = stream;
    stream.held = "";
    return this.#extend(stream, cleanText(held));
  }

  #extend(stream: Stream, text: string): ProgressOp[] {
    return pieces(text).flatMap((piece) => {
      if (stream.part === undefined) return [this.#create(stream, piece)];
      return this.#delta(stream, stream.part, piece);
    });
  }

  #create(stream: Stream, text: string): ProgressOp {
    const row = {
      id: newId("prt", this.#clock.now()),
      ...this.#ids,
      text,
      time: { start: this.#clock.now() },
      ...this.#told(stream.streamId),
    };
    if (stream.kind === "reasoning") stream.part = { ...row, type: "reasoning" };
    else stream.part = { ...row, type: "text", ...(this.isSummary ? { synthetic: true } : {}) };
    stream.checkpointAt = this.#clock.monotonic();
    return { op: "part", part: stream.part };
  }

  #delta(stream: Stream, part: TextPart | ReasoningPart, text: string): ProgressOp[] {
    const offset = part.text.length;
    stream.part = { ...part, text: part.text + text };
    const delta: ProgressOp = {
      op: "delta",
      messageId: part.messageId,
      partId: part.id,
      field: "text",
      offset,
      text,
    };
    if (this.#clock.monotonic() - stream.checkpointAt < CHECKPOINT_MS) return [delta];
    stream.checkpointAt = this.#clock.monotonic();
    return [delta, { op: "checkpoint", partId: part.id }];
  }
}

const backendPartOf = ({ metadata }: TextPart | ReasoningPart): string | undefined =>
  (metadata?.["backend"] as BackendPart | undefined)?.partId;

function keyOf(kind: TextKind, streamId: string | undefined): string {
  return `${kind}:${streamId ?? ""}:${streamId === undefined}`;
}
