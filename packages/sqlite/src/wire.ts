import { type ErrorDetails, errorText, HoldfastError } from "@holdfast/kernel";
import type { Note } from "./contract.ts";

/** A command on its way to the writer thread; `bytes` is the caller's estimate of its args. */
export type Command = readonly [id: number, name: string, args: unknown, bytes: number];

/** Main thread to writer thread: a batch of commands, or one control message that takes its turn behind them. */
export type ToWriter = Command[] | { kind: "checkpoint"; id: number } | { kind: "close" };

/** What became of the commands of one commit: `answers` holds id, ok, value-or-WireError one after the other. */
export type Reply = { answers: unknown[]; notes: Note[]; commits: number; commands: number };

export type WalState = { busy: boolean; log: number; checkpointed: number };

/** Writer thread to main thread. Replies travel as bare tuples because they are the hot path. */
export type FromWriter =
  | readonly [answers: unknown[], notes: Note[], commits: number, commands: number]
  | { kind: "ready" }
  | { kind: "refused"; error: WireError }
  | { kind: "fatal"; message: string; cause: string }
  | { kind: "checkpointed"; id: number; state: WalState }
  | { kind: "wal"; walBytes: number; truncated: boolean }
  | { kind: "log"; level: "warn" | "error"; fields: Record<string, unknown>; message: string }
  | { kind: "closed" };

export type ToReader =
  | { kind: "query"; id: number; name: string; args: unknown }
  | { kind: "copy"; id: number; path: string };

export type FromReader =
  | { kind: "ready" }
  | { kind: "answer"; id: number; ok: true; value: unknown }
  | { kind: "answer"; id: number; ok: false; error: WireError };

/** A HoldfastError as it crosses a thread; `cause` is text for the log and is rebuilt as the error's cause. */
export type WireError = {
  code: HoldfastError["code"];
  message: string;
  data?: Record<string, unknown>;
  issues?: NonNullable<ErrorDetails["issues"]>;
  cause?: string;
};

/** Any thrown value as a WireError; what is no HoldfastError becomes INTERNAL with `message`, its own text only in the cause. */
export function toWire(error: unknown, message: string): WireError {
  if (!(error instanceof HoldfastError)) return { code: "INTERNAL", message, cause: errorText(error) };
  const wire: WireError = { code: error.code, message: error.message };
  if (error.data !== undefined) wire.data = error.data;
  if (error.issues !== undefined) wire.issues = error.issues;
  if (error.cause !== undefined) wire.cause = errorText(error.cause);
  return wire;
}

export function fromWire(wire: WireError): HoldfastError {
  const details: ErrorDetails = {};
  if (wire.data !== undefined) details.data = wire.data;
  if (wire.issues !== undefined) details.issues = wire.issues;
  if (wire.cause !== undefined) details.cause = new Error(wire.cause);
  return new HoldfastError(wire.code, wire.message, details);
}
