import type { EndReason, Sink } from "../../src/events/index.ts";

export type Frame = { event: string; id?: string; data: Record<string, unknown> };

/** A sink that keeps what it was given, and lets a test decide what the socket takes. */
export class RecordingSink implements Sink {
  readonly writes: Buffer[] = [];
  ended: EndReason | undefined;
  /** Bytes that the socket is said not to have taken. */
  stuck = 0;
  /** While set, nothing is taken. */
  isStalled = false;
  drained: () => Promise<void> = () => Promise.resolve();
  #leave: (() => void) | undefined;

  write(bytes: Buffer): void {
    if (this.ended !== undefined) throw new Error("written after the end");
    this.writes.push(bytes);
    if (this.isStalled) this.stuck += bytes.length;
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

  /** Every frame so far. */
  get frames(): Frame[] {
    return parseFrames(Buffer.concat(this.writes).toString());
  }

  /** Frames that stand for events, not control frames. */
  get events(): Frame[] {
    return this.frames.filter((frame) => frame.id !== undefined);
  }
}

/** Reads whole SSE frames; throws on anything else. */
export function parseFrames(text: string): Frame[] {
  const blocks = text.split("\n\n");
  if (blocks.pop() !== "") throw new Error("a frame is cut");
  return blocks.map((block) => {
    const match = /^(?:id: (.+)\n)?event: (.+)\ndata: (.+)$/.exec(block);
    if (match === null) throw new Error(`not a frame: ${block}`);
    const [, id, event = "", data = ""] = match;
    const frame = { event, data: JSON.parse(data) as Record<string, unknown> };
    return id === undefined ? frame : { ...frame, id };
  });
}
