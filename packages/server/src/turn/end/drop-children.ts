import { isTerminal, subtaskOf, type TurnId } from "@holdfast/protocol";
import type { LiveTurn, Store } from "../../store/index.ts";

type Deps = {
  store: Pick<Store, "messagesOfTurn" | "getTurn" | "getSession">;
  isHeld: (turn: Pick<LiveTurn, "sessionId">) => boolean;
  stopChild: (turnId: TurnId) => Promise<unknown>;
};

/**
 * Stops the turns of children that nobody waits for any more, since their parent's is being ended by recovery: those that are queued, and those that run in
 * this process. What a dead process ran, recovery ends as what it is. May be repeated.
 */
export async function dropChildren(deps: Deps, parent: LiveTurn): Promise<void> {
  const parts = (await deps.store.messagesOfTurn(parent.turnId)).flatMap((message) => message.parts);
  for (const part of parts) {
    const link = subtaskOf(part);
    const child = link && (await deps.store.getTurn(link.turnId));
    if (child === undefined || isTerminal(child.state)) continue;
    const session = await deps.store.getSession(child.sessionId);
    const isOurs = session?.parentId === parent.sessionId;
    if (isOurs && (child.state === "queued" || deps.isHeld(child))) await deps.stopChild(child.id);
  }
}
