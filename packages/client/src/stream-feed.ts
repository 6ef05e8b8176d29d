/** The feed of a workspace or of everything, resumed by its opaque id (interfaces.md section 0). It has no `prev`: order comes from the server. */
import {
  type EventType,
  type FeedEvent,
  feedEventSchema,
  helloSchema,
  isNamed,
  resetSchema,
} from "@holdfast/protocol";
import { readFrame } from "./frames.ts";
import { readRow } from "./read-row.ts";
import { type Disconnected, followStream, type Reader, STREAM_LIMITS, type StreamLimits } from "./stream.ts";
import type { Transport } from "./transport.ts";

export type FeedOptions = {
  /** Absent: everything. */
  workspaceId?: string;
  /** The last id the caller has; absent: from now; "0": from the oldest kept. */
  after?: string;
  storeId?: string;
  /** False: without `message.*` and `step.*`, for whoever keeps lists and reads no transcripts. */
  messages?: boolean;
  /** Types whose rows are read where an event only names them (D-4), all by default; the others come as they are. */
  reads?: (type: string) => boolean;
  signal: AbortSignal;
  limits?: Partial<StreamLimits>;
};

export type FeedItem =
  | { kind: "event"; id: string; event: FeedEvent }
  | { kind: "hello"; storeId: string; lastId?: string | undefined }
  | { kind: "caught-up" }
  /** Read the state again: of the session, or of everything when none is named. */
  | {
      kind: "reset";
      reason: "retention" | "ahead" | "store" | "tooLong";
      state: string[];
      sessionId?: string | undefined;
    }
  | { kind: "heartbeat" }
  | Disconnected;

type Item = Exclude<FeedItem, Disconnected>;

export async function* streamFeed(transport: Transport, options: FeedOptions): AsyncGenerator<FeedItem> {
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const path =
    options.workspaceId === undefined
      ? "/api/events"
      : `/api/workspaces/${encodeURIComponent(options.workspaceId)}/events`;
  yield* followStream<Item>(transport, path, feedReader(transport, options), options.signal, limits);
}

function feedReader(transport: Transport, options: FeedOptions): Reader<Item> {
  let cursor = options.after;
  let { storeId } = options;
  const messages = options.messages === false ? false : undefined;
  let offered: { storeId: string; lastId?: string | undefined } | undefined;
  const only = (item: Item) => ({ items: [item], progress: false });
  return {
    resume: () => ({ query: { after: cursor, store: storeId, messages }, lastEventId: cursor }),
    async take(frame, signal) {
      switch (frame.event) {
        case "hello": {
          const hello = readFrame(frame, helloSchema);
          offered = hello;
          cursor ??= hello.lastId;
          return only({ kind: "hello", storeId: hello.storeId, lastId: hello.lastId });
        }
        case "caught-up":
          storeId = offered?.storeId ?? storeId;
          return only({ kind: "caught-up" });
        case "reset": {
          storeId = offered?.storeId ?? storeId;
          cursor = offered?.lastId ?? cursor;
          const { reason, state, sessionId } = readFrame(frame, resetSchema);
          return only({ kind: "reset", reason, state, sessionId });
        }
        case "heartbeat":
          return only({ kind: "heartbeat" });
        default: {
          if (frame.id === undefined) return { items: [], progress: false };
          if (frame.isTooLong === true) {
            cursor = frame.id;
            return { items: [{ kind: "reset", reason: "tooLong", state: [] }], progress: true };
          }
          const told = readFrame(frame, feedEventSchema);
          const isRead = isNamed(told.data) && (options.reads?.(told.type) ?? true);
          const row = isRead
            ? await readRow(transport, { ...told, type: told.type as EventType }, signal)
            : undefined;
          cursor = frame.id;
          if (isRead && row === undefined) return { items: [], progress: true };
          const event = row === undefined ? told : { ...told, data: row };
          return { items: [{ kind: "event", id: frame.id, event }], progress: true };
        }
      }
    },
  };
}
