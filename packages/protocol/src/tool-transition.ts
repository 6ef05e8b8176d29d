/**
 * The life of a tool call: pending -> running -> completed | error, nothing else (D-16). Pure and total: an event that does not fit the
 * state changes nothing and returns the same object.
 *
 * Invariants: `raw` only grows while pending and is kept in every state; the input of the end is the one stored at running; metadata is
 * merged, never replaced (session-model 11.1); a call that is cut off ends as an error with `metadata.interrupted` and its output so far.
 *
 *   pending --start--> running --complete--> completed
 *      |                  |----fail--------> error
 *      `----interrupt-----'----------------> error (interrupted)
 */
import type { JsonObject } from "./common.ts";
import type { ToolState } from "./part.ts";

export type ToolStatus = ToolState["status"];
type StateOf<S extends ToolStatus> = Extract<ToolState, { status: S }>;

export type ToolEvent =
  | { type: "input"; text: string }
  | { type: "start"; input: unknown; raw?: string; title?: string; metadata?: JsonObject; at: number }
  | { type: "progress"; title?: string; output?: string; metadata?: JsonObject }
  | {
      type: "complete";
      output: string;
      title?: string;
      metadata?: JsonObject;
      attachments?: StateOf<"completed">["attachments"];
      truncated?: StateOf<"completed">["truncated"];
      at: number;
    }
  | { type: "fail"; error: string; metadata?: JsonObject; at: number }
  | { type: "interrupt"; at: number };

/** Where a row may go from each state by one write; the same state again is an update of it. */
export const TOOL_TRANSITIONS: Readonly<Record<ToolStatus, readonly ToolStatus[]>> = {
  pending: ["pending", "running", "error"],
  running: ["running", "completed", "error"],
  completed: [],
  error: [],
};

/** The text of a call that was cut off (session-model 11.3). */
export const TOOL_INTERRUPTED = "Tool execution aborted";

/** A call whose arguments have just begun to arrive. */
export const pendingTool = (raw = ""): StateOf<"pending"> => ({ status: "pending", input: {}, raw });

/** Input as stored: an object as it is, anything else wrapped as `{value}` (session-model 11.1). */
export function toolInput(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : { value };
}

export function transitionTool(state: ToolState, event: ToolEvent): ToolState {
  switch (state.status) {
    case "pending":
      return fromPending(state, event);
    case "running":
      return fromRunning(state, event);
    case "completed":
    case "error":
      return state;
  }
}

function fromPending(state: StateOf<"pending">, event: ToolEvent): ToolState {
  switch (event.type) {
    case "input":
      return { ...state, raw: state.raw + event.text };
    case "start": {
      const title = event.title ?? state.title;
      return {
        status: "running",
        input: toolInput(event.input),
        raw: event.raw ?? state.raw,
        ...(title === undefined ? {} : { title }),
        ...(event.metadata === undefined ? {} : { metadata: event.metadata }),
        time: { start: event.at },
      };
    }
    case "interrupt":
      return {
        status: "error",
        input: state.input,
        raw: state.raw,
        ...(state.title === undefined ? {} : { title: state.title }),
        error: TOOL_INTERRUPTED,
        metadata: { interrupted: true },
        time: { start: event.at, end: event.at },
      };
    case "progress":
    case "complete":
    case "fail":
      return state;
  }
}

function fromRunning(state: StateOf<"running">, event: ToolEvent): ToolState {
  const { status: _status, time, metadata, ...kept } = state;
  switch (event.type) {
    case "progress":
      return {
        ...state,
        ...(event.title === undefined ? {} : { title: event.title }),
        ...(event.output === undefined ? {} : { output: event.output }),
        ...(event.metadata === undefined ? {} : { metadata: { ...metadata, ...event.metadata } }),
      };
    case "complete":
      return {
        ...kept,
        status: "completed",
        output: event.output,
        title: event.title ?? state.title ?? "",
        metadata: { ...metadata, ...event.metadata },
        time: { start: time.start, end: event.at },
        ...(event.attachments === undefined ? {} : { attachments: event.attachments }),
        ...(event.truncated === undefined ? {} : { truncated: event.truncated }),
      };
    case "fail":
      return failed(
        kept,
        event.error,
        { ...metadata, ...event.metadata },
        { start: time.start, end: event.at },
      );
    case "interrupt":
      return failed(
        kept,
        TOOL_INTERRUPTED,
        { ...metadata, interrupted: true },
        { start: time.start, end: event.at },
      );
    case "input":
    case "start":
      return state;
  }
}

function failed(
  kept: Omit<StateOf<"running">, "status" | "time" | "metadata">,
  error: string,
  metadata: JsonObject,
  time: { start: number; end: number },
): StateOf<"error"> {
  return { ...kept, status: "error", error, metadata, time };
}
