/** Where a timeline stops: something was asked, settled or ended there. Each has words for people and a key for its address. */
import { type Part, type SessionEvent, type ToolPart, type Turn, visibleText } from "@holdfast/protocol";
import type { Request } from "./event-kinds.ts";

export type StepKind = "asked" | "tool" | "request" | "reply" | "completed" | "failed" | "aborted";

export type Step = {
  /** Names it in an address: the seq of its entry in the log, or the id of the request whose asking left no entry of its own. */
  key: string;
  /** The log up to here is what the step stands for; steps are in its order. */
  seq: number;
  kind: StepKind;
  /** What happened, in at most `LABEL_LENGTH` characters; marks take more. */
  label: string;
  turnId: string;
  /** When, in ms; shown, never sorted by. */
  time: number;
};

/** Longest label; a timeline keeps one of every step (50,000 of them are some MB). */
export const LABEL_LENGTH = 80;

const settledAt = ({ seq, time }: SessionEvent, turnId: string) => ({ key: String(seq), seq, turnId, time });

export function askedStep(event: SessionEvent, turn: Turn, parts: readonly Part[]): Step {
  const text = parts.find((part) => part.type === "text" && part.synthetic !== true);
  const words = text?.type === "text" ? text.text : "a file";
  return { ...settledAt(event, turn.id), kind: "asked", label: short(`You: ${words}`) };
}

export function toolStep(event: SessionEvent, turnId: string, part: ToolPart): Step {
  const title = part.state.title ?? part.tool;
  const failed = part.state.status === "error" ? " (failed)" : "";
  return { ...settledAt(event, turnId), kind: "tool", label: `${short(title, LABEL_LENGTH - 9)}${failed}` };
}

/** `seq` is the step's place: the asking of a request that was answered since has no entry any more. */
export function requestStep(request: Request, seq: number): Step {
  const { turnId, time } = request;
  return {
    key: request.id,
    seq,
    turnId,
    kind: "request",
    time: time.asked,
    label: short(`Asked: ${topicOf(request)}`),
  };
}

const REPLIES = { once: "Allowed once", always: "Always allowed", reject: "Rejected" } as const;

export function replyStep(event: SessionEvent, request: Request): Step {
  const said =
    request.state === "expired"
      ? "expiry" in request && request.expiry === "deadline"
        ? "Nobody answered in time"
        : "Never answered"
      : "reply" in request && request.reply !== undefined
        ? REPLIES[request.reply]
        : "Answered";
  return {
    ...settledAt(event, request.turnId),
    kind: "reply",
    label: short(`${said}: ${topicOf(request)}`),
  };
}

const ENDS: Record<NonNullable<Turn["reason"]>, string> = {
  steered: "Went into the running turn",
  noted: "Noted",
  cancelled: "Stopped",
  interrupted: "Interrupted",
  shutdown: "Interrupted by a shutdown",
  superseded: "Given up for a newer message",
  error: "Failed",
  crashed: "The agent's program ended",
  timeout: "Took too long",
  exhausted: "Tried as often as allowed",
  refused: "The agent refused",
  denied: "A permission was denied",
  limited: "The usage limit was reached",
};

export function endStep(event: SessionEvent, turn: Turn, kind: "completed" | "failed" | "aborted"): Step {
  const label = turn.reason === undefined ? "The turn ended" : ENDS[turn.reason];
  return { ...settledAt(event, turn.id), kind, label };
}

const topicOf = (request: Request): string => ("title" in request ? request.title : request.message);

/** The first line, with the marks of what would not be seen (I-23), and a sign that there is more. */
function short(text: string, length = LABEL_LENGTH): string {
  const whole = text.trim();
  const line = whole.split("\n", 1)[0] ?? "";
  if (line.length <= length && line === whole) return visibleText(line, "words");
  const cut = line.slice(0, length - 1);
  // Half of a surrogate pair is no character.
  return `${visibleText(/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut, "words")}…`;
}

/**
 * The index of the step that an address names. A number that names none (its row was written again since) is the last step before it; -1: none
 * is known.
 */
export function findStep(steps: readonly Step[], key: string): number {
  const exact = steps.findIndex((step) => step.key === key);
  if (exact >= 0 || !/^\d{1,15}$/.test(key)) return exact;
  const seq = Number(key);
  const before = steps.findLastIndex((step) => step.seq <= seq);
  return before >= 0 || steps.length === 0 ? before : 0;
}
