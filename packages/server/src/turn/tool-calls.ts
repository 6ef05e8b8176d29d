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
import type { MessageId, SessionId } from "@holdfast/protocol";
import type { ToolUpdate } from "../agents/index.ts";
import type { ProgressOp, Store } from "../store/index.ts";
import { pieces } from "./delta-limit.ts";
import type { ProgressWriter } from "./progress-writer.ts";
import { CHECKPOINT_MS } from "./text-streams.ts";
import {
  type Call,
  cutText,
  isSettled,
  mergeFacts,
  shownOutput,
  shownRaw,
  stepsTo,
  type Stored,
  toolPart,
} from "./tool-part.ts";

/** D-16: at most 4 progress writes per second and part. */
export const TOOL_PROGRESS_MS = 250;

/** A call and what its row shows so far. */
type Shown = {
  call: Call;
  raw: string;
  output: string | undefined;
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
  readonly #calls = new Map<string, Shown>();

  constructor(deps: Deps, ids: Ids) {
    this.#deps = deps;
    this.#ids = ids;
  }

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  isRunning(callId: string): boolean {
    return this.#calls.get(callId)?.call.status === "running";
  }

  /** Calls that run now. */
  get running(): number {
    let count = 0;
    for (const { call } of this.#calls.values()) if (call.status === "running") count += 1;
    return count;
  }

  update(update: ToolUpdate): void {
    const known = this.#calls.get(update.callId);
    if (known !== undefined && isSettled(known.call.status)) return;
    const shown = known ?? this.#create(update);
    if (mergeFacts(shown.call, update)) shown.stale = true;
    if (update.raw !== undefined) shown.call.raw = update.raw;
    if (update.output !== undefined) shown.call.output = update.output;
    const steps = stepsTo(shown.call.status, update);
    for (const status of steps) this.#enter(shown, status);
    if (known === undefined && steps.length === 0) this.#write(shown);
    if (known !== undefined && steps.length === 0) this.#progress(shown);
  }

  /** Writes what is still withheld of calls that did not settle, with the whole of what was cut: finalization settles them (durability 5). */
  flush(): void {
    for (const shown of this.#calls.values()) {
      if (isSettled(shown.call.status)) continue;
      shown.timer?.cancel();
      shown.timer = undefined;
      if (cutText(shown.call) === undefined) this.#show(shown);
      else this.#writeStored(shown);
    }
  }

  #create(update: ToolUpdate): Shown {
    const call: Call = {
      callId: update.callId,
      partId: newId("prt", this.#deps.clock.now()),
      status: "pending",
      tool: "tool",
      input: {},
      raw: "",
    };
    const shown: Shown = {
      call,
      raw: "",
      output: undefined,
      stale: false,
      writtenAt: 0,
      checkpointAt: 0,
      timer: undefined,
    };
    this.#calls.set(update.callId, shown);
    return shown;
  }

  #enter(shown: Shown, status: Call["status"]): void {
    const { call } = shown;
    const now = this.#deps.clock.now();
    shown.timer?.cancel();
    shown.timer = undefined;
    call.status = status;
    if (status === "running") call.startedAt = now;
    if (isSettled(status)) call.endedAt = now;
    if (isSettled(status) && (cutText(call) !== undefined || call.images !== undefined))
      this.#writeStored(shown);
    else this.#write(shown);
    if (isSettled(status)) forget(call);
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
    const raw = shownRaw(shown.call);
    if (raw === shown.raw) return;
    if (raw.startsWith(shown.raw)) {
      this.#deltas(shown, "raw", shown.raw.length, raw.slice(shown.raw.length));
      shown.raw = raw;
    } else {
      shown.stale = true;
    }
  }

  /** Brings the row up to what was told: nothing, deltas, or the whole part. */
  #show(shown: Shown): void {
    this.#growRaw(shown);
    const output = shownOutput(shown.call)?.text;
    if (!shown.stale && output === shown.output) return;
    if (shown.stale || shown.output === undefined || !output?.startsWith(shown.output)) {
      this.#write(shown);
      return;
    }
    this.#deltas(shown, "output", shown.output.length, output.slice(shown.output.length));
    shown.output = output;
    shown.writtenAt = this.#deps.clock.monotonic();
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

  #write(shown: Shown): void {
    this.#deps.writer.push([{ op: "part", part: toolPart(shown.call, this.#ids) }]);
    this.#written(shown);
  }

  #writeStored(shown: Shown): void {
    const call: Call = { ...shown.call };
    const images = isSettled(call.status) ? (call.images ?? []) : [];
    const bytes = (call.output?.length ?? 0) * 2 + images.reduce((sum, image) => sum + image.data.length, 0);
    const stored: Stored = {};
    const later = async (): Promise<ProgressOp[]> => {
      await this.#store(call, images, stored);
      return [{ op: "part", part: toolPart(call, this.#ids, stored) }];
    };
    this.#deps.writer.pushLater(later, bytes);
    this.#written(shown);
  }

  #written(shown: Shown): void {
    const now = this.#deps.clock.monotonic();
    shown.raw = shownRaw(shown.call);
    shown.output = shownOutput(shown.call)?.text;
    shown.stale = false;
    shown.writtenAt = now;
    shown.checkpointAt = now;
  }

  /** Adds to `stored` what is not there yet: a repeat after a refusal stores nothing twice. */
  async #store(call: Call, images: NonNullable<Call["images"]>, stored: Stored): Promise<void> {
    const { sessionId } = this.#ids;
    const cut = cutText(call);
    if (cut !== undefined && stored.truncated === undefined) {
      const text = { bytes: Buffer.from(cut.text), mime: "text/plain; charset=utf-8", sessionId };
      stored.truncated = { hash: (await this.#deps.store.putBlob(text)).hash, ...cut.whole };
    }
    stored.attachments ??= [];
    for (const image of images.slice(stored.attachments.length)) {
      const mime = cleanText(image.mime);
      const { hash } = await this.#deps.store.putBlob({
        bytes: Buffer.from(image.data, "base64"),
        mime,
        sessionId,
      });
      stored.attachments.push({ type: "file", mime, url: `blob:${hash}` });
    }
  }
}

/** A settled call takes no more updates: its bulk need not stay in memory. */
function forget(call: Call): void {
  call.output = undefined;
  call.images = undefined;
  call.diffs = undefined;
  call.input = {};
  call.raw = "";
}
