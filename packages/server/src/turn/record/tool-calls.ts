/**
 * The tool calls of one assistant message as parts and deltas (D-16).
 *
 * - Calls are keyed by (message, call id) and go pending -> running -> completed | error; a state that an agent skipped is written in passing,
 *   steps back and results for a settled call are ignored.
 * - A state change is written at once. Progress in between is written at most 4 times per second and call, as a delta where the new output
 *   extends the shown one and as the whole part otherwise; the last state of it is never lost.
 * - Output over D-28's limits is cut in the part, and the whole is stored before the row that names it.
 */
import { type Clock, cleanText, newId, type Timer } from "@holdfast/kernel";
import { isSettledTool, type MessageId, type SessionId, transitionTool } from "@holdfast/protocol";
import type { NotAllowed, ToolUpdate } from "../../agents/index.ts";
import type { ProgressOp, Store } from "../../store/index.ts";
import { pieces } from "./delta-limit.ts";
import type { ProgressWriter } from "./progress-writer.ts";
import { CHECKPOINT_MS } from "./text-streams.ts";
import {
  type Call,
  cutText,
  mergeFacts,
  refuse,
  shownOutput,
  type ShownAttachment,
  shownRaw,
  stateAfter,
  stepsOf,
  type Stored,
  toldState,
  toolPart,
} from "./tool-part.ts";

/** D-16: at most 4 progress writes per second and part. */
export const TOOL_PROGRESS_MS = 250;

type Shown = {
  /** Its state is what its row shows. */
  call: Call;
  /** Facts changed since the row was written. */
  stale: boolean;
  writtenAt: number;
  checkpointAt: number;
  timer: Timer | undefined;
};

type Deps = { clock: Clock; store: Pick<Store, "putBlob">; writer: ProgressWriter };
type Ids = { sessionId: SessionId; messageId: MessageId };

export class ToolCalls {
  readonly #deps: Deps;
  readonly #ids: Ids;
  /** A settled call takes nothing more: only its id stays. */
  readonly #calls = new Map<string, Shown | undefined>();
  readonly #notAllowed = new Map<string, NotAllowed>();

  constructor(deps: Deps, ids: Ids) {
    this.#deps = deps;
    this.#ids = ids;
  }

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  /** Whether it was heard of and has not ended. */
  isOpen(callId: string): boolean {
    return this.#calls.get(callId) !== undefined;
  }

  isRunning(callId: string): boolean {
    return this.#calls.get(callId)?.call.state.status === "running";
  }

  /** Calls that run now. */
  get running(): number {
    let count = 0;
    for (const callId of this.#calls.keys()) if (this.isRunning(callId)) count += 1;
    return count;
  }

  /** The call was not allowed, and no person said so: once it fails its part says why, in place of the agent's guess. */
  notAllowed(callId: string, why: NotAllowed): void {
    this.#notAllowed.set(callId, why);
  }

  /** `isStopping`: a call that fails now was cut off by the stop, whatever its agent says of it (session-model 11). */
  update(update: ToolUpdate, isStopping = false): void {
    const known = this.#calls.get(update.callId);
    if (known === undefined && this.has(update.callId)) return;
    const shown = known ?? this.#create(update);
    if (mergeFacts(shown.call, update)) shown.stale = true;
    if (isStopping) shown.call.isCut = true;
    const why = update.status === "error" ? this.#notAllowed.get(update.callId) : undefined;
    if (why !== undefined) refuse(shown.call, why);
    if (update.raw !== undefined) shown.call.raw = update.raw;
    if (update.output !== undefined) shown.call.output = update.output;
    const taken = stepsOf(update).filter((step) => this.#take(shown, step));
    if (known === undefined && taken.length === 0) this.#writeTold(shown);
    if (known !== undefined && taken.length === 0) this.#progress(shown);
  }

  /** Writes what is still withheld of calls that did not settle, with the whole of what was cut: finalization settles them (durability 5). */
  flush(): void {
    for (const shown of this.#calls.values()) {
      if (shown === undefined) continue;
      shown.timer?.cancel();
      shown.timer = undefined;
      if (cutText(shown.call) === undefined) this.#show(shown);
      else this.#writeTold(shown, true);
    }
  }

  /** Calls that have not ended go, those that the backend shows by this part or all of them; nothing more is written of them. */
  forget(backendPartId: string | undefined): void {
    for (const [callId, shown] of this.#calls) {
      if (backendPartId !== undefined && shown?.call.backendPartId !== backendPartId) continue;
      shown?.timer?.cancel();
      this.#calls.delete(callId);
    }
  }

  #create(update: ToolUpdate): Shown {
    const call: Call = {
      callId: update.callId,
      partId: newId("prt", this.#deps.clock.now()),
      backendPartId: update.partId,
      state: { status: "pending", input: {}, raw: "" },
      tool: "tool",
      input: {},
      raw: "",
    };
    const shown: Shown = {
      call,
      stale: false,
      writtenAt: 0,
      checkpointAt: 0,
      timer: undefined,
    };
    this.#calls.set(update.callId, shown);
    return shown;
  }

  /** Answers whether it was a step forward. */
  #take(shown: Shown, step: Parameters<typeof stateAfter>[1]): boolean {
    const { call } = shown;
    const next = stateAfter(call, step, this.#deps.clock.now());
    if (next === undefined) return false;
    shown.timer?.cancel();
    shown.timer = undefined;
    call.state = next;
    const isSettled = isSettledTool(next.status);
    if (isSettled) this.#calls.set(call.callId, undefined);
    if (isSettled && (cutText(call) !== undefined || call.attachments !== undefined))
      this.#writeStored(shown);
    else this.#write(shown);
    return true;
  }

  #progress(shown: Shown): void {
    this.#growRaw(shown);
    if (shown.timer !== undefined) return;
    const dueIn = shown.writtenAt + TOOL_PROGRESS_MS - this.#deps.clock.monotonic();
    if (dueIn <= 0) {
      this.#show(shown);
      return;
    }
    shown.timer = this.#deps.clock.after(dueIn, () => {
      shown.timer = undefined;
      this.#show(shown);
    });
  }

  /** Input text that grows is content like any other: it does not wait (D-12). */
  #growRaw(shown: Shown): void {
    const { call } = shown;
    const raw = shownRaw(call);
    if (raw === call.state.raw) return;
    if (raw.startsWith(call.state.raw)) this.#grow(shown, "raw", call.state.raw, raw);
    else shown.stale = true;
  }

  /** Brings the row up to what was told: nothing, deltas, or the whole part. */
  #show(shown: Shown): void {
    this.#growRaw(shown);
    const { state } = shown.call;
    const output = shownOutput(shown.call)?.text;
    const before = state.status === "running" ? state.output : undefined;
    if (!shown.stale && output === before) return;
    if (shown.stale || before === undefined || !output?.startsWith(before)) {
      this.#writeTold(shown);
      return;
    }
    this.#grow(shown, "output", before, output);
    shown.writtenAt = this.#deps.clock.monotonic();
  }

  #grow(shown: Shown, field: "raw" | "output", before: string, text: string): void {
    this.#deltas(shown, field, before.length, text.slice(before.length));
    const { call } = shown;
    call.state = transitionTool(call.state, { type: "progress", told: { [field]: text } });
  }

  #deltas(shown: Shown, field: "raw" | "output", start: number, text: string): void {
    const { partId } = shown.call;
    const { messageId } = this.#ids;
    let offset = start;
    const ops: ProgressOp[] = pieces(text).map((piece) => {
      const op: ProgressOp = { op: "delta", messageId, partId, field, offset, text: piece };
      offset += piece.length;
      return op;
    });
    if (this.#deps.clock.monotonic() - shown.checkpointAt >= CHECKPOINT_MS) {
      shown.checkpointAt = this.#deps.clock.monotonic();
      ops.push({ op: "checkpoint", partId });
    }
    this.#deps.writer.push(ops);
  }

  #writeTold(shown: Shown, isStored = false): void {
    shown.call.state = toldState(shown.call);
    if (isStored) this.#writeStored(shown);
    else this.#write(shown);
  }

  #write(shown: Shown): void {
    this.#deps.writer.push([{ op: "part", part: toolPart(shown.call, this.#ids) }]);
    this.#written(shown);
  }

  #writeStored(shown: Shown): void {
    const call: Call = { ...shown.call };
    const attachments = isSettledTool(call.state.status) ? (call.attachments ?? []) : [];
    const bytes = attachments.reduce(
      (sum, each) => sum + ("data" in each ? each.data.length : 0),
      (call.output?.length ?? 0) * 2,
    );
    const stored: Stored = {};
    const later = async (): Promise<ProgressOp[]> => {
      await this.#store(call, attachments, stored);
      return [{ op: "part", part: toolPart(call, this.#ids, stored) }];
    };
    this.#deps.writer.pushLater(later, bytes);
    this.#written(shown);
  }

  #written(shown: Shown): void {
    const now = this.#deps.clock.monotonic();
    shown.stale = false;
    shown.writtenAt = now;
    shown.checkpointAt = now;
  }

  /** Adds to `stored` what is not there yet: a repeat after a refusal stores nothing twice. */
  async #store(call: Call, attachments: NonNullable<Call["attachments"]>, stored: Stored): Promise<void> {
    const { sessionId } = this.#ids;
    const cut = cutText(call);
    if (cut !== undefined && stored.truncated === undefined) {
      const text = { bytes: Buffer.from(cut.text), mime: "text/plain; charset=utf-8", sessionId };
      stored.truncated = { hash: (await this.#deps.store.putBlob(text)).hash, ...cut.whole };
    }
    stored.attachments ??= [];
    for (const attachment of attachments.slice(stored.attachments.length))
      stored.attachments.push(await this.#attached(attachment));
  }

  async #attached(attachment: NonNullable<Call["attachments"]>[number]): Promise<ShownAttachment> {
    const mime = cleanText(attachment.mime);
    const { filename } = attachment;
    const named = filename === undefined ? {} : { filename: cleanText(filename) };
    if ("url" in attachment) return { type: "file", mime, ...named, url: cleanText(attachment.url) };
    const bytes = Buffer.from(attachment.data, "base64");
    const { hash } = await this.#deps.store.putBlob({ bytes, mime, sessionId: this.#ids.sessionId });
    return { type: "file", mime, ...named, url: `blob:${hash}` };
  }
}
