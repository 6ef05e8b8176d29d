import type { ShareHead, ShareTask } from "../store/index.ts";

/** What a sender knows only while it runs; a crash forgets it, and loses nothing by that. */
export type SenderMemory = {
  /** The service's hello agreed with what is stored here since this sender began or last had a doubt (S-6). */
  isConnected: boolean;
  /** The epoch that this sender's nonce was given; absent until it opened as the writer (S-23). */
  writerEpoch?: number | undefined;
  /** Time of the last freeze (S-21: at most four a second). */
  lastFreeze: number;
  /** Most operations of the next batch; halved after a batch that was too large for the service. */
  batchLimit: number;
  /** How the next revoke or hello asks, after the service did not know the held grant: create it again, or speak with the publish key (S-2). */
  recovery: "none" | "create" | "key";
  /** Resends of the present batch because something it needs was said to be missing: ends in a hello. */
  unmet: number;
};

export const freshMemory = (limit: number): SenderMemory => ({
  isConnected: false,
  lastFreeze: 0,
  batchLimit: limit,
  recovery: "none",
  unmet: 0,
});

/** All that decides what is done next: what is stored, and what this process knows. */
export type SenderState = ShareHead & { memory: SenderMemory };

/** What a sender does next. `wait` ends at `until` (ms since the epoch), or when something new is marked. */
export type Step =
  | { do: "end" }
  | { do: "wait"; until?: number | undefined }
  | { do: "revoke"; with: "owner" | "key" }
  | { do: "create" }
  | { do: "task"; number: number; task: ShareTask }
  | { do: "hello" }
  | { do: "confirm" }
  | { do: "openWriter" }
  | { do: "newStream"; isResync: boolean }
  | { do: "begin" }
  | { do: "page" }
  | { do: "upload"; hash: string }
  | { do: "send" }
  | { do: "freeze" }
  | { do: "commit" };
