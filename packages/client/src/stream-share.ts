/**
 * The events of a shared session for its readers, resumed by the service's own seq, which a resync of the publisher does not restart (S-11, S-31). Invariants
 * as of a session's own stream: an event is yielded at most once and in order, and the store's id is adopted only once its `reset` was seen.
 */
import { helloSchema, resetSchema, type SharedEvent, shareEventSchema } from "@holdfast/protocol";
import { readFrame } from "./frames.ts";
import { type Disconnected, followStream, type Reader, STREAM_LIMITS, type StreamLimits } from "./stream.ts";
import type { Transport } from "./transport.ts";

export type ShareStreamOptions = {
  shareId: string;
  /** The last seq the caller has. */
  after: number;
  /** The store that `after` is from, as `hello` told it. */
  storeId?: string | undefined;
  /** Ends the stream; the generator then returns without an error. */
  signal: AbortSignal;
  limits?: Partial<StreamLimits>;
};

export type ShareStreamItem =
  | { kind: "event"; event: SharedEvent }
  | { kind: "hello"; storeId: string }
  | { kind: "caught-up" }
  /** Read the session again: the cursor could not be honoured, something was missed, or was too long. */
  | { kind: "reset" }
  | { kind: "heartbeat" }
  | Disconnected;

type Item = Exclude<ShareStreamItem, Disconnected>;

/** Rejects with the refusal once the ref does not work any more. */
export function streamShare(
  transport: Transport,
  options: ShareStreamOptions,
): AsyncGenerator<ShareStreamItem> {
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const path = `/api/shares/${encodeURIComponent(options.shareId)}/events`;
  return followStream<Item>(transport, path, shareCursor(options), options.signal, limits);
}

/** Where a reader of a share is, and what each frame means to it: for whoever gets the frames by another way than `streamShare`. */
export function shareCursor(options: Pick<ShareStreamOptions, "after" | "storeId">): Reader<Item> {
  let { after: seq, storeId } = options;
  let offered: string | undefined;
  const quiet = (item: Item) => Promise.resolve({ items: [item], progress: false });
  const moved = (item: Item) => Promise.resolve({ items: [item], progress: true });
  return {
    resume: () => ({ query: { after: seq, store: storeId }, lastEventId: String(seq) }),
    take(frame) {
      switch (frame.event) {
        case "hello":
          offered = readFrame(frame, helloSchema).storeId;
          return quiet({ kind: "hello", storeId: offered });
        case "caught-up":
          storeId = offered ?? storeId;
          return quiet({ kind: "caught-up" });
        case "heartbeat":
          return quiet({ kind: "heartbeat" });
        case "reset":
          seq = readFrame(frame, resetSchema.required({ lastSeq: true })).lastSeq;
          storeId = offered ?? storeId;
          return quiet({ kind: "reset" });
        default: {
          if (frame.id === undefined) return Promise.resolve({ items: [], progress: false });
          if (frame.isTooLong === true) {
            seq = Number(frame.id);
            return moved({ kind: "reset" });
          }
          const event = readFrame(frame, shareEventSchema);
          if (event.seq <= seq) return Promise.resolve({ items: [], progress: false });
          const isMissing = event.prev !== undefined && event.prev > seq;
          seq = event.seq;
          return moved(isMissing ? { kind: "reset" } : { kind: "event", event });
        }
      }
    },
  };
}
