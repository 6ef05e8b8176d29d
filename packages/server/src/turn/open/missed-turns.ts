/** Which turns an agent did not see, read from its history as far as a handoff can tell them. */
import type { Turn, TurnId } from "@holdfast/protocol";
import type { PastTurn, ReadHistory } from "../../agents/index.ts";
import { accountBytes, HANDOFF_BYTES } from "./handoff.ts";

/** Turns read at once, and in all; older ones are left out of a handoff. */
const PAGE = 8;
const MOST_TURNS = 400;

export type Unseen = {
  /** The turn that is about to be prompted. */
  before: TurnId;
  agent: string;
  /** Up to which seq the agent-side session has seen the session. A new one has seen nothing. */
  watermark: number | "new";
};

/** The missed turns, newest first. `more`: there are older ones, which would not fit. */
export async function missedTurns(
  history: ReadHistory,
  { agent, watermark, before }: Unseen,
): Promise<{ turns: PastTurn[]; more: boolean }> {
  const turns: PastTurn[] = [];
  const isMissed = missedBy(agent, watermark === "new");
  const after = watermark === "new" ? 0 : watermark;
  let bytes = 0;
  let oldest = before;
  for (let read = 0; read < MOST_TURNS && bytes <= HANDOFF_BYTES; read += PAGE) {
    const page = await history({ after, before: oldest, limit: PAGE });
    for (const each of page) {
      oldest = each.turn.id;
      if (!isMissed(each.turn)) continue;
      turns.push(each);
      bytes += accountBytes(each);
    }
    if (page.length < PAGE) return { turns, more: false };
  }
  return { turns, more: true };
}

/** How a turn ends to which the agent gave no answer of its own. */
const UNANSWERED = new Set<Turn["reason"]>(["crashed", "interrupted", "shutdown", "timeout"]);

type Seen = Pick<Turn, "agent" | "opened" | "openedBy" | "reason">;

/**
 * Whether an agent did not see a turn; ask about the turns above its watermark, newest first. A turn of its own it saw when it was prompted
 * there and answered, if only with an error or that it stops. What is older than the creation of its agent-side session it did not see.
 */
export function missedBy(agent: string, isNew: boolean): (turn: Seen) => boolean {
  let isSame = !isNew;
  return (turn) => {
    if (turn.agent !== agent) return true;
    const isSeen = isSame && turn.opened !== undefined && !UNANSWERED.has(turn.reason);
    if (turn.openedBy === "create") isSame = false;
    return !isSeen;
  };
}
