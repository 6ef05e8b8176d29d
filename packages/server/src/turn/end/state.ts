/**
 * The life of a turn in the process that runs it. Durably it is `running` until `finalizing` and terminal afterwards (durability 3); this
 * says what this process may still do with it.
 *
 *   opening ──opened──► prompting ──ended──► finalizing ──finalized──► ended
 *      │ └─stop─► stopping ◄─stop─┘ │             ▲
 *      │             └──ended───────┼─────────────┘
 *      └─────────── any of them ────┴─claimLost──► lost
 *
 * - The first ending decides the record; later ones change nothing (D-7).
 * - A recorded cancel wins over every other cause while the agent's answer is not in (A-15, D-10); else the first cause stays.
 * - A lost claim ends the turn here: nothing more is written (D-17).
 */
import type { TerminalRecord } from "../../store/index.ts";
import { type Ending, recordOf, type StopCause, stoppedRecord } from "./terminal-record.ts";

export type RunState =
  | { phase: "opening" }
  | { phase: "prompting" }
  | { phase: "stopping"; cause: StopCause }
  | { phase: "finalizing"; record: TerminalRecord }
  | { phase: "ended"; record: TerminalRecord }
  | { phase: "lost" };

export type RunEvent =
  | { type: "opened" }
  | { type: "ended"; ending: Ending }
  | { type: "stop"; cause: StopCause }
  /** `record` as it stands after the transaction: a recorded cancel or an earlier finalization may have decided otherwise. */
  | { type: "finalized"; record: TerminalRecord }
  | { type: "claimLost" };

export const OPENING: RunState = { phase: "opening" };

/** The state after the event; the same object when the event changes nothing there. */
export function transition(agent: string, state: RunState, event: RunEvent): RunState {
  switch (state.phase) {
    case "opening":
      return event.type === "opened" ? { phase: "prompting" } : whileLive(agent, state, event);
    case "prompting":
      return whileLive(agent, state, event);
    case "stopping":
      return whileStopping(agent, state, event);
    case "finalizing":
      if (event.type === "finalized") return { phase: "ended", record: event.record };
      return event.type === "claimLost" ? { phase: "lost" } : state;
    case "ended":
    case "lost":
      return state;
  }
}

function whileLive(agent: string, state: RunState, event: RunEvent): RunState {
  switch (event.type) {
    case "ended":
      return { phase: "finalizing", record: recordOf(agent, event.ending) };
    case "stop":
      return { phase: "stopping", cause: event.cause };
    case "claimLost":
      return { phase: "lost" };
    case "opened":
    case "finalized":
      return state;
  }
}

function whileStopping(
  agent: string,
  state: Extract<RunState, { phase: "stopping" }>,
  event: RunEvent,
): RunState {
  switch (event.type) {
    case "ended":
      return { phase: "finalizing", record: stoppedRecord(agent, state.cause, event.ending) };
    case "stop":
      return event.cause.kind === "cancelled" && state.cause.kind !== "cancelled"
        ? { ...state, cause: event.cause }
        : state;
    case "claimLost":
      return { phase: "lost" };
    case "opened":
    case "finalized":
      return state;
  }
}
