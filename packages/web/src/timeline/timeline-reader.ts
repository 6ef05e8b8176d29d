/**
 * The timeline of one session: reads its log once from the oldest entry, page by page as the stream gives it, goes on with what comes live, and gives
 * the state at any step.
 *
 *   reading -> ready (live) -> (reset) reading ...;  any -> missing | failed
 *
 * - Memory is bounded: of what is read stay the steps' labels (at most MAX_STEPS, the oldest go), at most MAX_SNAPSHOTS windowed states, and the
 *   frames of the newest run and of KEPT_RUNS more. A run is what lies between two snapshots; one that is not kept is read again from its
 *   snapshot's seq. A run is never shorter than one turn.
 * - Going back begins at the nearest snapshot, going on begins where the last look ended: neither begins at zero.
 */
import { EMPTY_SESSION, type HoldfastClient, isApiError, type SessionState } from "@holdfast/client";
import type { SessionEvent } from "@holdfast/protocol";
import { FrameBuilder } from "./frame-builder.ts";
import { advance, trim, weightOfFrame, WINDOW_MESSAGES } from "./past-state.ts";
import { MAX_SNAPSHOTS, nearestSnapshot, type Snapshot, thinOut } from "./snapshots.ts";
import type { Step } from "./step.ts";
import type { Frame } from "./turn-frames.ts";

/** Events and characters of a run, until snapshots are thinned out: then twice as many. */
const RUN_EVENTS = 500;
const RUN_CHARS = 1024 * 1024;
/** Runs kept beside the newest one. */
const KEPT_RUNS = 2;
/** Most steps of a timeline; 10,000 messages have about as many. */
export const MAX_STEPS = 50_000;
/** Events between two moments in which the page can do something else. */
const BREATH_EVENTS = 250;
/** Times that the log is read from its beginning before it is given up. */
const READS = 3;

export type TimelineView = {
  phase: "reading" | "ready" | "missing" | "failed";
  error?: string;
  steps: readonly Step[];
  /** How far the log is read, and where it ended when reading began. */
  seq: number;
  lastSeq: number;
  /** Older steps than `steps` has, which were dropped. */
  dropped: number;
};

type Source = Pick<HoldfastClient, "streamSession">;

/** Before anything is read. */
export const NOTHING: TimelineView = { phase: "reading", steps: [], seq: 0, lastSeq: 0, dropped: 0 };

export class TimelineReader {
  readonly #sessionId: string;
  readonly #source: Source;
  readonly #show: (view: TimelineView) => void;
  readonly #maxSteps: number;
  #view = NOTHING;
  #builder = new FrameBuilder();
  /** The log up to here was taken. */
  #seq = 0;
  /** After all whole turns. */
  #state: SessionState = EMPTY_SESSION;
  #steps: Step[] = [];
  #snapshots: Snapshot[] = [];
  /** How many times RUN_EVENTS and RUN_CHARS make a run. */
  #runLimit = 1;
  #run: Frame[] = [];
  #runEvents = 0;
  #runChars = 0;
  /** Of the turn that goes on. */
  #tail: Frame[] = [];
  #dropped = 0;
  readonly #kept = new Map<Snapshot, readonly Frame[]>();
  /** Where the last look ended. */
  #last: { snapshot: Snapshot; key: string; at: number; state: SessionState } | undefined;

  /** `show` hears of every change of `view`. */
  constructor(sessionId: string, source: Source, show: (view: TimelineView) => void, maxSteps = MAX_STEPS) {
    this.#sessionId = sessionId;
    this.#source = source;
    this.#show = show;
    this.#maxSteps = maxSteps;
    this.#mark(0);
  }

  get view(): TimelineView {
    return this.#view;
  }

  /** How much is kept, for those who watch memory. */
  get kept(): { snapshots: number; runs: number } {
    return { snapshots: this.#snapshots.length, runs: this.#kept.size };
  }

  /** Reads and follows the log until the answer is called. */
  follow(): () => void {
    const stop = new AbortController();
    void this.#readAll(stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted) return;
      if (isApiError(error, "NOT_FOUND")) return this.#publish({ phase: "missing" });
      this.#publish({ phase: "failed", error: error instanceof Error ? error.message : String(error) });
    });
    return () => stop.abort();
  }

  /** The state at a step that `view` names now. Rejects when the log cannot be read again. */
  async stateAt(index: number, signal: AbortSignal): Promise<SessionState> {
    const { steps } = this.#view;
    const step = steps[Math.max(0, Math.min(index, steps.length - 1))];
    if (step === undefined) return EMPTY_SESSION;
    if (index >= this.#steps.length) return trim(advance(this.#state, upTo(this.#tail, step)));
    const snapshot = nearestSnapshot(this.#snapshots, index);
    if (snapshot === undefined) return EMPTY_SESSION;
    const frames = await this.#framesAfter(snapshot, signal);
    return this.#rebuild(snapshot, frames, step);
  }

  #rebuild(snapshot: Snapshot, frames: readonly Frame[], step: Step): SessionState {
    const until = upTo(frames, step).length;
    const last = this.#last;
    const canGoOn = last !== undefined && last.snapshot === snapshot && last.at <= until;
    const from = canGoOn && frames[last.at - 1]?.step?.key === last.key ? last : undefined;
    const state = advance(from?.state ?? snapshot.state, frames.slice(from?.at ?? 0, until));
    this.#last = { snapshot, key: frames[until - 1]?.step?.key ?? "", at: until, state };
    return trim(state);
  }

  /** The frames of the run that begins at a snapshot: kept, or read again. */
  async #framesAfter(snapshot: Snapshot, signal: AbortSignal): Promise<readonly Frame[]> {
    const at = this.#snapshots.indexOf(snapshot);
    const next = this.#snapshots[at + 1];
    if (next === undefined) return this.#run;
    const kept = this.#kept.get(snapshot);
    if (kept !== undefined) return kept;
    const builder = snapshot.builder.copy();
    const frames: Frame[] = [];
    for await (const event of this.#events(snapshot.seq, signal)) {
      if (event === "caught-up" || event.seq > next.seq) break;
      frames.push(...builder.take(event));
    }
    signal.throwIfAborted();
    this.#keep(snapshot, frames);
    return frames;
  }

  #keep(snapshot: Snapshot, frames: readonly Frame[]): void {
    this.#kept.set(snapshot, frames);
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_RUNS) break;
      this.#kept.delete(old);
    }
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < READS; tries += 1) {
      this.#begin();
      await this.#read(signal);
      if (signal.aborted || this.#view.phase === "missing") return;
    }
    throw new Error("The log of this session was replaced again and again while it was read.");
  }

  /** Reads until the signal aborts, the session is deleted, or the log must be read anew. */
  async #read(signal: AbortSignal): Promise<void> {
    let count = 0;
    for await (const event of this.#events(0, signal)) {
      if (event === "caught-up") {
        this.#publish({ phase: "ready" });
        continue;
      }
      this.#take(event);
      count += 1;
      if (this.#view.phase === "ready") {
        if (event.type !== "message.part.delta") this.#publish({});
      } else if (count % BREATH_EVENTS === 0) {
        this.#publish({});
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
  }

  /** Events after a place, until the signal aborts or the log must be read anew. */
  async *#events(after: number, signal: AbortSignal): AsyncGenerator<SessionEvent | "caught-up"> {
    const own = new AbortController();
    const both = AbortSignal.any([signal, own.signal]);
    try {
      for await (const item of this.#source.streamSession({
        sessionId: this.#sessionId,
        after,
        signal: both,
      })) {
        if (item.kind === "event") yield item.event;
        if (item.kind === "caught-up") yield "caught-up";
        if (item.kind === "hello" && after === 0)
          this.#publish({ lastSeq: Math.max(item.lastSeq, this.#view.lastSeq) });
        // Of an event that was too long to be taken the timeline has no step; the others follow.
        if (item.kind === "reset" && item.reason !== "tooLong") return;
        if (item.kind === "event" && item.event.type === "session.deleted")
          return this.#publish({ phase: "missing" });
      }
    } finally {
      own.abort();
    }
  }

  #begin(): void {
    this.#builder = new FrameBuilder();
    this.#state = EMPTY_SESSION;
    this.#seq = 0;
    this.#steps = [];
    this.#tail = [];
    this.#dropped = 0;
    this.#runLimit = 1;
    this.#kept.clear();
    this.#last = undefined;
    this.#snapshots = [];
    this.#mark(0);
    this.#publish(NOTHING);
  }

  #take(event: SessionEvent): void {
    for (const frame of this.#builder.take(event)) {
      this.#run.push(frame);
      this.#runEvents += frame.events.length;
      this.#runChars += weightOfFrame(frame);
      this.#state = advance(this.#state, [frame]);
      if (frame.step !== undefined) this.#steps.push(frame.step);
    }
    if (this.#state.messages.length > 2 * WINDOW_MESSAGES) this.#state = trim(this.#state);
    const isFull =
      this.#runEvents >= RUN_EVENTS * this.#runLimit || this.#runChars >= RUN_CHARS * this.#runLimit;
    if (isFull) this.#mark(event.seq);
    this.#seq = event.seq;
  }

  /** Ends the run here: a snapshot, from which the next one begins. */
  #mark(seq: number): void {
    const before = this.#snapshots.at(-1);
    if (before !== undefined) this.#keep(before, this.#run);
    this.#state = trim(this.#state);
    this.#snapshots.push({
      steps: this.#steps.length,
      seq,
      builder: this.#builder.copy(),
      state: this.#state,
    });
    this.#run = [];
    this.#runEvents = 0;
    this.#runChars = 0;
    if (this.#snapshots.length > MAX_SNAPSHOTS) this.#thin();
    if (this.#steps.length > this.#maxSteps) this.#forget();
  }

  #thin(): void {
    this.#snapshots = thinOut(this.#snapshots);
    this.#runLimit *= 2;
    this.#kept.clear();
  }

  /** Lets the oldest runs go, steps and all. */
  #forget(): void {
    const first = this.#snapshots.findIndex(({ steps }) => this.#steps.length - steps <= this.#maxSteps);
    const cut = this.#snapshots[first]?.steps ?? 0;
    for (const snapshot of this.#snapshots.splice(0, first)) this.#kept.delete(snapshot);
    for (const snapshot of this.#snapshots) snapshot.steps -= cut;
    this.#steps.splice(0, cut);
    this.#dropped += cut;
  }

  #publish(change: Partial<TimelineView>): void {
    this.#tail = this.#builder.tail();
    const steps = [...this.#steps, ...this.#tail.flatMap(({ step }) => step ?? [])];
    this.#view = { ...this.#view, ...change, steps, seq: this.#seq, dropped: this.#dropped };
    this.#show(this.#view);
  }
}

/** The frames up to a step; where it is gone (its row was written again since), up to the last step before it. */
function upTo(frames: readonly Frame[], step: Step): readonly Frame[] {
  const exact = frames.findIndex((frame) => frame.step?.key === step.key);
  if (exact >= 0) return frames.slice(0, exact + 1);
  return frames.slice(0, frames.findLastIndex((frame) => (frame.step?.seq ?? Infinity) <= step.seq) + 1);
}
