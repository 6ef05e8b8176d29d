/** What the thread that runs capnweb and the one that runs everything else say to each other. Values are JSON; `session` and `handle` are ours, no peer knows them. */
import type { Problem } from "@holdfast/protocol";

/** A stub as the thread knows it: what may be called, and what may be read. */
export type StubWords = {
  handle: number;
  methods: readonly string[];
  facts: Readonly<Record<string, unknown>>;
};

/** How a call ended. */
export type Outcome = { value: unknown } | { stub: StubWords } | { stream: number } | { error: Problem };

export type ToThread =
  | { type: "open"; session: number; methods: readonly string[]; main: StubWords }
  /** One message of the peer. */
  | { type: "text"; session: number; text: string }
  /** All messages of a batch; it is answered by `batch` or `refused`, and its session is over. */
  | { type: "batch"; session: number; text: string }
  | { type: "outcome"; session: number; call: number; outcome: Outcome }
  /** JSON texts, each one chunk of a stream. */
  | { type: "chunks"; session: number; stream: number; chunks: readonly string[] }
  | { type: "streamEnd"; session: number; stream: number; error?: Problem | undefined }
  | { type: "close"; session: number }
  | { type: "ping"; ping: number };

export type FromThread =
  | { type: "ready" }
  | { type: "pong"; ping: number }
  /** For the peer. */
  | { type: "text"; session: number; text: string }
  /** So many characters of the peer were dealt with. */
  | { type: "took"; session: number; length: number }
  | {
      type: "call";
      session: number;
      call: number;
      handle: number;
      method: string;
      args: readonly unknown[] | undefined;
    }
  /** Nobody holds the stub any more. */
  | { type: "drop"; session: number; handle: number }
  | { type: "streamTook"; session: number; stream: number; length: number }
  | { type: "streamLeft"; session: number; stream: number }
  | { type: "batch"; session: number; texts: readonly string[] }
  /** The peer said what it may not. The session is over. */
  | { type: "refused"; session: number; reason: string }
  /** The peer, or capnweb, ended the session. */
  | { type: "ended"; session: number };
