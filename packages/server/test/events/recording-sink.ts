import type { Control, EndReason, LogEvent, Sink } from "../../src/events/index.ts";

export type Frame = { event: string; id?: string; data: Record<string, unknown> };

/** A sink that keeps what it was given, and lets a test decide what the reader takes. */
export class RecordingSink implements Sink {
  /** Events and control frames in order, an event with its envelope as data. */
  readonly frames: Frame[] = [];
  readonly batches: (readonly LogEvent[])[] = [];
  ended: EndReason | undefined;
  /** Bytes that the reader is said not to have taken. */
  stuck = 0;
  /** While set, nothing is taken. */
  isStalled = false;
  drained: () => Promise<void> = () => Promise.resolve();
  #leave: (() => void) | undefined;

  control({ type, data }: Control): void {
    this.#add({ event: type, data });
  }

  deliver(events: readonly LogEvent[]): void {
    this.batches.push(events);
    for (const { event, cursor, prev } of events) {
      const envelope = { seq: event.seq, ...(prev === undefined ? {} : { prev }) };
      this.#add({
        event: event.type,
        id: cursor,
        data: { ...envelope, data: JSON.parse(event.data) as unknown },
      });
      if (this.isStalled) this.stuck += event.data.length;
    }
  }

  backlog(): number {
    return this.stuck;
  }

  end(reason: EndReason): void {
    this.ended = reason;
  }

  onLeave(listener: () => void): void {
    this.#leave = listener;
  }

  leave(): void {
    this.#leave?.();
  }

  /** Frames that stand for events, not control frames. */
  get events(): Frame[] {
    return this.frames.filter((frame) => frame.id !== undefined);
  }

  #add(frame: Frame): void {
    if (this.ended !== undefined) throw new Error("told after the end");
    this.frames.push(frame);
  }
}
