/**
 * The life of a tool call (D-16). Pure and total: an event that does not fit the state changes nothing and returns the same object.
 *
 * Invariants: `raw` is kept in every state (R-11.1); a state that has ended takes nothing more; metadata of the running call stays at its end; a call
 * that is cut off ends as an error with `metadata.interrupted` and its output so far, also when its agent says how it ended.
 *
 *   pending --start--> running --complete--> completed
 *      |                  |----fail--------> error
 *      `----interrupt-----'----------------> error (interrupted)
 */
import type { JsonObject } from "./common.ts";
import type { ToolState } from "./part.ts";

export type ToolStatus = ToolState["status"];
type StateOf<S extends ToolStatus> = Extract<ToolState, { status: S }>;

/** `at` is a time in ms. A title that came as progress goes before the one of `complete`. `isCut`: it failed because its turn is being stopped. */
export type ToolEvent =
  | {
      type: "progress";
      told: Partial<Pick<StateOf<"running">, "input" | "raw" | "title" | "output" | "metadata">>;
    }
  | { type: "start"; at: number }
  | { type: "complete"; title: string; at: number }
  | { type: "fail"; error: string; at: number; isCut?: boolean }
  | { type: "interrupt"; at: number };

/** The text of a call that was cut off (session-model 11.3). */
const TOOL_INTERRUPTED = "Tool execution aborted";

/** Whether nothing more can become of it. */
export const isSettledTool = (status: ToolStatus | undefined): boolean =>
  status === "completed" || status === "error";

/** Input as stored: an object as it is, anything else wrapped as `{value}` (session-model 6). */
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

/** Output, and what is said of the work, say nothing about a call that does not run yet. */
function fromPending(state: StateOf<"pending">, event: ToolEvent): ToolState {
  switch (event.type) {
    case "progress": {
      const { output: _output, metadata: _metadata, ...told } = event.told;
      return { ...state, ...told };
    }
    case "start":
      return { ...state, status: "running", time: { start: event.at } };
    case "interrupt":
      return ended({ ...state, time: { start: event.at } }, event.at, TOOL_INTERRUPTED, true);
    case "complete":
    case "fail":
      return state;
  }
}

function fromRunning(state: StateOf<"running">, event: ToolEvent): ToolState {
  switch (event.type) {
    case "progress":
      return { ...state, ...event.told };
    case "complete":
      return {
        ...state,
        status: "completed",
        output: state.output ?? "",
        title: state.title ?? event.title,
        metadata: state.metadata ?? {},
        time: spanTo(state, event.at),
      };
    case "fail":
      return ended(state, event.at, event.error, event.isCut === true);
    case "interrupt":
      return ended(state, event.at, TOOL_INTERRUPTED, true);
    case "start":
      return state;
  }
}

type Begun = Omit<StateOf<"running">, "status">;

const ended = (begun: Begun, at: number, error: string, interrupted: boolean): StateOf<"error"> => ({
  ...begun,
  ...(interrupted ? { metadata: { ...begun.metadata, interrupted } } : {}),
  status: "error",
  error,
  time: spanTo(begun, at),
});

/** A clock that was set back makes no call end before it began. */
const spanTo = ({ time: { start } }: Begun, at: number) => ({ start, end: Math.max(start, at) });
