import type { Conversation } from "./conversation.ts";
import type { ToolCall } from "./tools.ts";
import type { Usage } from "./usage.ts";

/** A call with its id, as it is said. */
export type SaidCall = ToolCall & { id: string };

/** All of an answer at once, for requests that do not stream. */
export interface WholeAnswer {
  reasoning: string;
  text: string;
  calls: SaidCall[];
  usage: Usage;
}

/** Turns one answer into the bytes of a server-sent event stream; every method returns frames, possibly none. */
export interface StreamEncoder {
  open(): string;
  reasoning(text: string): string;
  text(text: string): string;
  /** The frames of a call: its arguments in so many pieces, where the format has pieces. */
  call(call: SaidCall, pieces: number): string[];
  /** Ends the stream normally, or for the reason that the script gives. */
  close(usage: Usage, reason?: string): string;
  /** Reports an error after the stream has begun. */
  fail(status: number, text: string): string;
}

/** One provider's format. */
export interface Wire {
  /** Reads a request; malformed fields read as absent. `path` is the request's path without its query. */
  read(body: Record<string, unknown>, path: string): Conversation;
  /** `body` is the request's: some formats give more to those who ask for it. */
  encoder(id: string, model: string, body: Record<string, unknown>): StreamEncoder;
  whole(id: string, model: string, answer: WholeAnswer): unknown;
  /** The JSON body of an error answer with this HTTP status. */
  error(status: number, text: string): unknown;
}

/** The text of a call's arguments, which a script may break. */
export function argumentsOf(call: SaidCall): string {
  return call.raw ?? JSON.stringify(call.args);
}

/** Cuts a text into at most so many pieces of about the same length. */
export function piecesOf(text: string, count: number): string[] {
  const length = Math.max(1, Math.ceil(text.length / count));
  return Array.from({ length: Math.max(1, Math.ceil(text.length / length)) }, (_, at) =>
    text.slice(at * length, (at + 1) * length),
  );
}

/** The provider's own word for why an answer ended, where the script uses the common one. */
export function reasonIn(words: Record<string, string>, reason: string): string {
  return words[reason] ?? reason;
}

/** One server-sent event; `event` names it where the format does so. */
export function frame(data: unknown, event?: string): string {
  const line = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${line}\n\n`;
}
