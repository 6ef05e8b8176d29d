/** What an agent remembers of a session: how its last turn found it, and what is to be expected of the next one. Pure. */
import type { SessionState } from "@holdfast/client";
import type { AgentSession, Turn } from "@holdfast/protocol";
import { OPENED_WORDS, openedMeaning } from "./words.ts";

export type Memory = {
  label: string;
  tone: "neutral" | "attention";
  /** Sentences: of the turn that was, and of the one that comes. */
  last: string | undefined;
  next: string;
};

const NEXT: Record<AgentSession["status"], string> = {
  new: "Its first turn here: there is nothing yet that it could remember.",
  live: "Its program is running: the next turn goes on with all it remembers.",
  idle: "Its program is running: the next turn goes on with all it remembers.",
  resumable:
    "Its program is not running. The next turn starts it and it takes up its memory; where it cannot, it is told what happened.",
  crashed:
    "Its program ended unexpectedly. The next turn starts it again and it takes up its memory; where it cannot, it is told what happened.",
  closed: "Its own session was closed. The next turn begins another one, and tells it what happened.",
};

type Known = Pick<SessionState, "turns" | "agentSessions">;

/** Of the agent that the session's next message goes to. */
export function memoryOf({ turns, agentSessions }: Known, agent: string): Memory {
  const known = Object.values(agentSessions).find((one) => one.agent === agent);
  const all = Object.values(turns).toSorted((a, b) => a.time.queued - b.time.queued);
  const last = all.findLast((turn) => turn.agent === agent && turn.opened !== undefined);
  const others = strangersSince(all, last, agent);
  const missed =
    others.length === 0 ? "" : ` It is first told what happened without it, with ${others.join(" and ")}.`;
  if (last?.opened === undefined)
    return { label: OPENED_WORDS.new, tone: "neutral", last: undefined, next: NEXT.new + missed };
  const meaning = openedMeaning(last.opened, last.openedBy);
  const hasCrashed = known?.status === "crashed";
  return {
    label: hasCrashed ? "crashed" : OPENED_WORDS[last.opened],
    tone: hasCrashed || last.opened === "lost" ? "attention" : "neutral",
    last: meaning,
    next: NEXT[known?.status ?? "resumable"] + missed,
  };
}

/** Agents that answered since; each of them once. */
function strangersSince(all: readonly Turn[], last: Turn | undefined, agent: string): string[] {
  const since = last === undefined ? all : all.slice(all.indexOf(last) + 1);
  const others = since.filter((turn) => turn.agent !== agent && turn.time.started !== undefined);
  return [...new Set(others.map((turn) => turn.agent))];
}

/** Whether a turn's chip says something: a program that went on running needs no word. */
export const isWorthSaying = (turn: Pick<Turn, "opened" | "openedBy">): boolean =>
  turn.opened !== undefined && turn.openedBy !== "live";
