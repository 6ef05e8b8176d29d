import type { HeldRef, ShareHead, ShareTask } from "../store/index.ts";

/** What a sender knows only while it runs; a crash forgets it, and loses nothing by that. */
export type SenderMemory = {
  /** The service's hello agreed with what is stored here since this sender began or last had a doubt (S-6). */
  isConnected: boolean;
  /** The service was restored, and hides the share until it is confirmed (S-24). */
  isHidden: boolean;
  /** The service is elsewhere than what is stored here: only a new stream goes on (S-6). */
  mustResync: boolean;
  /** The epoch that this sender's nonce was given; absent until it opened as the writer (S-23). */
  writerEpoch?: number | undefined;
  /** Time of the last freeze, in ms since the epoch (S-21: at most four a second). */
  lastFreeze: number;
  /** Most operations of the next batch; less after a batch that was too large for the service. */
  batchLimit: number;
  /** How the next call asks, after the service did not know the held grant: all tasks anew, or with the publish key (S-2, S-24). */
  recovery: "none" | "create" | "key";
  /** The grant that bumps an epoch was not known: perhaps because it has bumped it already. */
  doubtsBump: boolean;
  /** The service did not know a stream that it was asked to begin, and may have been hidden then. */
  doubtsStream: boolean;
  /** How often in a row the service lacked what the batch needs. */
  unmet: number;
  /** How often in a row the service was another one, or hid the share, before both sides agreed. */
  restarts: number;
  /** How often in a row an upload arrived as something else than was sent. */
  damaged: number;
};

export const freshMemory = (batchLimit: number): SenderMemory => ({
  isConnected: false,
  isHidden: false,
  mustResync: false,
  lastFreeze: 0,
  batchLimit,
  recovery: "none",
  doubtsBump: false,
  doubtsStream: false,
  unmet: 0,
  restarts: 0,
  damaged: 0,
});

/** All that decides what is done next: what is stored, and what this process knows. */
export type SenderState = ShareHead & { memory: SenderMemory };

/** What a sender does next. `wait` ends at `until` (ms since the epoch), or when something new is marked. */
export type Step =
  | { do: "end" }
  | { do: "wait"; until?: number | undefined }
  | { do: "revoke"; with: "owner" | "key" }
  /** So that what is revoked is known to the service, and stays revoked there (S-24). */
  | { do: "createToRevoke" }
  | { do: "task"; number: number; task: ShareTask }
  | { do: "checkBump"; number: number; owner: HeldRef }
  | { do: "hello" }
  | { do: "confirm" }
  | { do: "openWriter" }
  | { do: "newStream"; isResync: boolean }
  | { do: "begin" }
  | { do: "page" }
  | { do: "upload"; hash: string }
  | { do: "send" }
  | { do: "freeze" }
  | { do: "commit" }
  | { do: "park"; code: string; message: string };

/** The steps that ask the service something; the others are done here. */
export type CallStep = Exclude<Step, { do: "end" | "wait" | "newStream" | "page" | "freeze" | "park" }>;
