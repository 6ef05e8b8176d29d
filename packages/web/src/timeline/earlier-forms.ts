/** Rows as they were before their end: what the end added is left away, and nothing is added (durability 3, D-16). */
import type { SessionEvent, ToolPart, ToolState } from "@holdfast/protocol";
import {
  type HeadEvent,
  type PartEvent,
  type RequestEvent,
  requestOf,
  type TurnEvent,
} from "./event-kinds.ts";

const END_OF_TURN = ["reason", "error", "finish", "stalled", "stopping", "waitingFor", "mergedInto"] as const;
const END_OF_HEAD = ["finish", "error", "cost", "tokens", "structured"] as const;
/** Of a question `message` is what was asked. */
const END_OF_PERMISSION = ["reply", "message", "expiry", "actor"] as const;
const END_OF_QUESTION = ["answer", "expiry", "actor"] as const;

/** The turn while it ran. `opening`: before it was known how the agent was opened. */
export function openTurn(event: TurnEvent, form: "opening" | "opened"): SessionEvent {
  const { turn } = event.data;
  const left = form === "opening" ? [...END_OF_TURN, "opened", "openedBy"] : END_OF_TURN;
  const time = without(turn.time, ["ended"]);
  const data = { turn: { ...without(turn, left), state: "running", usage: {}, time } };
  return { ...event, type: "turn.started", data } as SessionEvent;
}

/** The head of an answer that was still written. */
export function openHead(event: HeadEvent): SessionEvent {
  const { message } = event.data;
  const data = { message: { ...without(message, END_OF_HEAD), time: without(message.time, ["completed"]) } };
  return { ...event, data };
}

/** A request that waited for its answer. */
export function openRequest(event: RequestEvent): SessionEvent {
  const request = requestOf(event);
  const open = {
    ...without(request, "permission" in event.data ? END_OF_PERMISSION : END_OF_QUESTION),
    state: "pending",
    time: without(request.time, ["ended"]),
  };
  const [type, data] =
    "permission" in event.data
      ? ["permission.asked", { permission: open }]
      : ["question.asked", { question: open }];
  return { ...event, type, data } as SessionEvent;
}

export function pendingCall(event: PartEvent, part: ToolPart): SessionEvent {
  const { input, raw, title } = part.state;
  return withState(event, part, { status: "pending", input, raw, ...given(title) });
}

/** A call that had begun, and had not ended. One that is still pending stays so. */
export function runningCall(event: PartEvent, part: ToolPart): SessionEvent {
  if (part.state.status === "pending") return pendingCall(event, part);
  const { input, raw, title, time } = part.state;
  return withState(event, part, {
    status: "running",
    input,
    raw,
    ...given(title),
    time: { start: time.start },
  });
}

const given = (title: string | undefined) => (title === undefined ? {} : { title });

function withState(event: PartEvent, part: ToolPart, state: ToolState): SessionEvent {
  return { ...event, data: { part: { ...part, state } } };
}

function without<T extends object>(value: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as T;
}
