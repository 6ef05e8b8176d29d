/**
 * The loop of one prompt (session-model 14.2), pure: a state says what is done next, and what came of it is the event that leads to the next state.
 *
 *   looking ─► asking ─► running ─► looking ...                 a step, its calls, the next step
 *      │         │ ▲
 *      │         ▼ │
 *      │       waiting ◄─► compacting                            a try that failed is made again
 *      └─────────┴───────► compacting ─► looking                 the context is full
 *
 * - Each step, each retry and each compaction is counted, so that every prompt ends.
 * - A cancel ends it from everywhere. An event that does not fit its state changes nothing, and nobody makes one.
 */
import type { APIError, SessionError } from "@holdfast/protocol";
import type { PromptAnswer } from "../wire.ts";

export type Limits = {
  /** Steps of the prompt; the last one is told to be the last. */
  steps: number;
  /** Tries of one step, with the first. */
  tries: number;
  /** Retries of the turn. */
  retries: number;
  /** Compactions without a step between them that leaves room. */
  compactions: number;
  /** Whether the context is compacted at all. */
  compacts: boolean;
};

/** Begun steps, retries of the turn, and compactions since the last step that left room. */
type Counts = { steps: number; retries: number; compactions: number };

export type State =
  /** Whether the context has room. */
  | { at: "looking"; counts: Counts }
  /** `attempt` 1 is the first. */
  | { at: "asking"; counts: Counts; attempt: number; isLast: boolean }
  | { at: "waiting"; counts: Counts; before: Tried; delay: number; error: APIError }
  /** Calls of the last step are refused, not run. */
  | { at: "running"; counts: Counts; isLast: boolean }
  /** `overflow`: the provider refused the request, so what it was asked is not answered yet. */
  | { at: "compacting"; counts: Counts; attempt: number; overflow: boolean }
  | { at: "ended"; answer: PromptAnswer };
type Tried = Extract<State, { at: "asking" | "compacting" }>;

export type LoopEvent =
  | { type: "looked"; isFull: boolean }
  /** The model's answer is whole. `isFull`: with it the context has no room for another step; `isSteered`: somebody said something meanwhile. */
  | { type: "answered"; finish: string; calls: number; isFull: boolean; isSteered: boolean }
  /** `delay`: it may be tried again after so many ms. */
  | { type: "failed"; error: SessionError; delay?: number }
  | { type: "waited" }
  | { type: "ran"; outcome: "on" | "answered" | "denied" }
  /** `goesOn`: what was asked is not done yet. */
  | { type: "compacted"; goesOn: boolean }
  | { type: "cancelled" };

/** `retries`: those that the turn's rows show already. */
export const firstState = (retries: number): State => ({
  at: "looking",
  counts: { steps: 0, retries, compactions: 0 },
});

export function transition(state: State, event: LoopEvent, limits: Limits): State {
  if (state.at === "ended") return state;
  if (event.type === "cancelled") return ended("cancelled");
  switch (state.at) {
    case "looking":
      return event.type === "looked" ? afterLook(state.counts, event.isFull, limits) : state;
    case "asking":
      if (event.type === "answered") return afterAnswer(state, event);
      return event.type === "failed" ? afterFailure(state, event, limits) : state;
    case "waiting":
      return event.type === "waited" ? nextTry(state) : state;
    case "running":
      return event.type === "ran" ? afterCalls(state, event.outcome) : state;
    case "compacting":
      if (event.type === "compacted")
        return event.goesOn ? { at: "looking", counts: state.counts } : ended("end_turn");
      return event.type === "failed" ? afterFailure(state, event, limits) : state;
  }
}

type StateAt<At extends State["at"]> = Extract<State, { at: At }>;
type EventOf<Type extends LoopEvent["type"]> = Extract<LoopEvent, { type: Type }>;

/** A context that compaction does not help is tried as it is: only the provider can say that it is too much. */
function afterLook(counts: Counts, isFull: boolean, limits: Limits): State {
  if (isFull && mayCompact(counts, limits)) return compacting(counts, false);
  if (counts.steps >= limits.steps) return ended("max_turn_requests");
  const steps = counts.steps + 1;
  return { at: "asking", counts: { ...counts, steps }, attempt: 1, isLast: steps === limits.steps };
}

function afterAnswer({ counts, isLast }: StateAt<"asking">, answer: EventOf<"answered">): State {
  const now = answer.isFull ? counts : { ...counts, compactions: 0 };
  if (answer.calls > 0) return { at: "running", counts: now, isLast };
  if (answer.finish === "length") return failed({ name: "MessageOutputLengthError", data: {} });
  if (isLast) return ended("max_turn_requests");
  return answer.isSteered ? { at: "looking", counts: now } : ended("end_turn");
}

function afterFailure(state: Tried, { error, delay }: EventOf<"failed">, limits: Limits): State {
  const { counts } = state;
  if (error.name === "ContextOverflowError") {
    const isSummary = state.at === "compacting";
    return !isSummary && mayCompact(counts, limits) ? compacting(counts, true) : failed(error);
  }
  if (delay === undefined || state.attempt >= limits.tries || counts.retries >= limits.retries)
    return failed(error);
  return { at: "waiting", counts, before: state, delay, error: asApiError(error) };
}

/** What may be repeated is shown as a refused call, in whatever words it came. */
function asApiError(error: SessionError): APIError {
  if (error.name === "APIError") return error;
  const message = "message" in error.data ? error.data.message : error.name;
  return { name: "APIError", data: { message, isRetryable: true } };
}

function nextTry({ counts, before }: StateAt<"waiting">): State {
  const retries = counts.retries + 1;
  return { ...before, attempt: before.attempt + 1, counts: { ...counts, retries } };
}

function afterCalls({ counts, isLast }: StateAt<"running">, outcome: EventOf<"ran">["outcome"]): State {
  if (outcome === "denied") return ended("denied");
  if (outcome === "answered") return ended("end_turn");
  return isLast ? ended("max_turn_requests") : { at: "looking", counts };
}

const mayCompact = ({ compactions }: Counts, limits: Limits): boolean =>
  limits.compacts && compactions < limits.compactions;

const compacting = (counts: Counts, overflow: boolean): State => ({
  at: "compacting",
  counts: { ...counts, compactions: counts.compactions + 1 },
  attempt: 1,
  overflow,
});

const ended = (stopReason: Extract<PromptAnswer, { outcome: "ended" }>["stopReason"]): State => ({
  at: "ended",
  answer: { outcome: "ended", stopReason },
});

const failed = (error: SessionError): State => ({ at: "ended", answer: { outcome: "failed", error } });
