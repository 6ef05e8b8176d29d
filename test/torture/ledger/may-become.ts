/**
 * What a row that was acknowledged may be afterwards (D-6, D-7, D-8, D-12, D-16, A-19). Ended rows never change; others go forward only. Pure, and
 * shared by the ledger (what one life says after another) and the oracle (what is there after a restart).
 */
import { isDeepStrictEqual } from "node:util";
import type { Input, Message, Part, Permission, Question, ToolPart, Turn } from "@holdfast/protocol";
import { isTerminal } from "@holdfast/protocol";
import { fieldOf, isInterrupted } from "./text-book.ts";

type Value = object;

const RANKS: Readonly<Record<string, number>> = { queued: 0, running: 1, finalizing: 2, pending: 0 };
/** Every state that is not listed ends its row. */
const ENDED = 3;

/** Why `now` cannot have come of `before`, or undefined when it can. `key` is the row's id. */
export function whyNot(key: string, before: Value, now: Value): string | undefined {
  switch (key.slice(0, 4)) {
    case "trn_":
      return turn(before as Turn, now as Turn);
    case "inp_":
      return input(before as Input, now as Input);
    case "per_":
      return stated(before as Permission, now as Permission, (request) => request.state !== "pending");
    case "qst_":
      return stated(before as Question, now as Question, (question) => question.state !== "pending");
    case "msg_":
      return message(before as Message["info"], now as Message["info"]);
    case "prt_":
      return part(before as Part, now as Part);
    default:
      return undefined;
  }
}

const same = (before: Value, now: Value): string | undefined =>
  isDeepStrictEqual(before, now) ? undefined : `was ${brief(before)} and is ${brief(now)}`;

export const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 400 ? text : `${text.slice(0, 400)}...`;
};

function turn(before: Turn, now: Turn): string | undefined {
  if (before.stopping !== undefined && isTerminal(now.state) && !isStopped(now))
    return `was cancelled and ended ${now.state} / ${now.reason ?? "-"}`;
  return stated(before, now, ({ state }) => isTerminal(state));
}

/** What was given to a running turn comes back to the queue when its agent does not take it. */
function input(before: Input, now: Input): string | undefined {
  if (before.state !== "delivered" || before.delivery !== "steer")
    return stated(before, now, ({ state }) => state !== "queued");
  return now.state === "delivered" ? same(omit(before, ["time"]), omit(now, ["time"])) : undefined;
}

/** How a turn ends that was asked to stop: as such, for a message that came next, or too late, because its words were in another turn (D-6, D-10). */
export const isStopped = ({ state, reason }: Turn): boolean =>
  state === "aborted" ? reason === "cancelled" || reason === "superseded" : reason === "steered";

function stated<T extends { state: string }>(
  before: T,
  now: T,
  isEnded: (row: T) => boolean,
): string | undefined {
  if (isEnded(before)) return same(before, now);
  const [from, to] = [RANKS[before.state] ?? ENDED, RANKS[now.state] ?? ENDED];
  return to >= from ? undefined : `was ${before.state} and is ${now.state}`;
}

/**
 * A user message only gets its place and, with its turn's end, a summary; an answer is open until its completed time. What its agent then says to have
 * begun by itself moves under a message of the server's.
 */
function message(before: Message["info"], now: Message["info"]): string | undefined {
  if (before.role !== now.role) return same(before, now);
  if (before.role === "assistant") {
    if (before.time.completed !== undefined) return same(omit(before, ["parentId"]), omit(now, ["parentId"]));
    return before.ordinal === now.ordinal ? undefined : same(before, now);
  }
  const added = (["ordinal", "summary"] as const).filter((field) => !(field in before));
  return same(before, omit(now, added));
}

function omit<T extends object>(value: T, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !keys.includes(name)));
}

/** Whether a part may still grow. */
export function isOpenPart(part: Part): boolean {
  if (part.type === "text") return part.time !== undefined && part.time.end === undefined;
  if (part.type === "reasoning") return part.time.end === undefined;
  return part.type === "tool" && (part.state.status === "pending" || part.state.status === "running");
}

/** A text or a thought that has ended only gets the number of its try, when that failed later (D-15). */
function part(before: Part, now: Part): string | undefined {
  if (!isOpenPart(before) || before.type !== now.type)
    return same(before, isSpoken(before) && before.attempt === undefined ? omit(now, ["attempt"]) : now);
  if ((before.type === "text" || before.type === "reasoning") && "text" in now)
    return now.text.startsWith(before.text) ? undefined : same(before, now);
  return before.type === "tool" ? tool(before, now as ToolPart) : undefined;
}

const isSpoken = (value: Part): value is Extract<Part, { type: "text" | "reasoning" }> =>
  value.type === "text" || value.type === "reasoning";

const TOOL_RANKS = { pending: 0, running: 1, completed: 2, error: 2 } as const;

/** D-16. An interrupted call keeps its output; one that goes on may replace it. */
function tool(before: ToolPart, now: ToolPart): string | undefined {
  if (before.callId !== now.callId || TOOL_RANKS[now.state.status] < TOOL_RANKS[before.state.status])
    return same(before, now);
  if (!isInterrupted(now)) return undefined;
  const [had, has] = [fieldOf(before, "output") ?? "", fieldOf(now, "output") ?? ""];
  return has.startsWith(had) ? undefined : same(before, now);
}
