/** Outputs of old calls that the model need not see again (session-model 14.3). Pure. */
import type { Message } from "@holdfast/protocol";
import { isAsked, isSummary } from "../view/index.ts";
import { tokensOfOutput } from "./estimate.ts";

/** Tokens of the newest outputs that stay, and of older ones that make it worth while: each time it costs what the provider has cached. */
const KEPT = 40_000;
const WORTH = 20_000;
/** The user's last turns, of which everything stays. */
const TURNS = 2;
/** What these say holds on. */
const PROTECTED: ReadonlySet<string> = new Set(["skill"]);

/** Calls whose output is to be cleared, newest first, for the event `outputCleared`; none while it is not worth while. */
export function pruneTargets(messages: readonly Message[]): { messageId: string; partId: string }[] {
  const found: { messageId: string; partId: string }[] = [];
  let turns = 0;
  let seen = 0;
  let pruned = 0;
  search: for (const message of messages.toReversed()) {
    if (isAsked(message)) turns += 1;
    if (turns < TURNS) continue;
    if (isSummary(message)) break;
    for (const part of message.parts.toReversed()) {
      if (part.type !== "tool" || part.state.status !== "completed" || PROTECTED.has(part.tool)) continue;
      if (part.state.time.compacted !== undefined) break search;
      const tokens = tokensOfOutput(part);
      seen += tokens;
      if (seen <= KEPT) continue;
      pruned += tokens;
      found.push({ messageId: message.info.id, partId: part.id });
    }
  }
  return pruned > WORTH ? found : [];
}
