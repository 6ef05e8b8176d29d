import type { LiveStream } from "./live-stream.ts";

/** What a peer asks through: where it is, and whether its session ends with its request. */
export type CallScope = { readonly peer: string; readonly isBatch: boolean };

/** What a call gives: a value of JSON, another stub, or a stream that goes on. */
export type CallReply = { value: unknown } | { capability: Capability } | { live: LiveStream };

/**
 * What a stub stands for. It lives in the thread of everything else; the peer's thread knows it by a number. A session drops what it holds when the peer lets go of it
 * or is gone, once.
 */
export type Capability = {
  /** What may be called. */
  readonly methods: readonly string[];
  /** What may be read without a call, as it was when the stub was made. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** `args` are plain JSON that came from outside. Rejects with what the peer is told (HoldfastError). */
  call(method: string, args: readonly unknown[], scope: CallScope): Promise<CallReply>;
  drop?(): void;
  /** Whether it still stands for something: of a session that lost all it had, the connection ends. Absent: always. */
  onEnd?(listener: () => void): void;
};

/** The end of what a stub stands for, where a signal tells it. */
export const endBy =
  (signal: AbortSignal) =>
  (listener: () => void): void => {
    if (signal.aborted) listener();
    else signal.addEventListener("abort", listener, { once: true });
  };
