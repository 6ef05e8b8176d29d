import { HoldfastError, notFound } from "@holdfast/kernel";
import type { AgentSession, SessionId } from "@holdfast/protocol";
import type { SessionDeps } from "./deps.ts";
import { listAgents } from "./lists.ts";

/**
 * Closes an idle agent of a session by hand; the next turn that wants it resumes it. One that does not live is closed already. Answers
 * what is known of it now: its end may still be under way. Rejects NOT_FOUND, and SESSION_BUSY while a turn starts, runs or ends.
 */
export async function closeAgent(deps: SessionDeps, id: SessionId, agent: string): Promise<AgentSession> {
  const { items } = await listAgents(deps, id);
  const known = items.find((each) => each.agent === agent);
  if (known === undefined) throw notFound(`agent of the session ${id}`, agent);
  if (!deps.turns.closeAgent(id, agent))
    throw new HoldfastError(
      "SESSION_BUSY",
      `The agent ${agent} of session ${id} is at work. Stop its turn first.`,
    );
  return known;
}
