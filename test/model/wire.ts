import type { Conversation } from "./conversation.ts";
import type { ToolCall } from "./tools.ts";

/** Token counts that the model reports, a quarter of the characters: made up, but not constant. */
export interface Usage {
  input: number;
  output: number;
}

/** All of an answer at once, for requests that do not stream. */
export interface WholeAnswer {
  reasoning: string;
  text: string;
  calls: (ToolCall & { id: string })[];
  usage: Usage;
}

/** Turns one answer into the bytes of a server-sent event stream; every method returns frames, possibly none. */
export interface StreamEncoder {
  open(): string;
  reasoning(text: string): string;
  text(text: string): string;
  call(call: ToolCall & { id: string }): string;
  /** Ends the stream normally, or for the reason that the script gives. */
  close(usage: Usage, reason?: string): string;
  /** Reports an error after the stream has begun. */
  fail(status: number, text: string): string;
}

/** One provider's format. */
export interface Wire {
  /** Reads a request; malformed fields read as absent. `path` is the request's path without its query. */
  read(body: Record<string, unknown>, path: string): Conversation;
  encoder(id: string, model: string): StreamEncoder;
  whole(id: string, model: string, answer: WholeAnswer): unknown;
  /** The JSON body of an error answer with this HTTP status. */
  error(status: number, text: string): unknown;
}

/** One server-sent event; `event` names it where the format does so. */
export function frame(data: unknown, event?: string): string {
  const line = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${line}\n\n`;
}
