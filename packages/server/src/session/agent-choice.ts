import { HoldfastError } from "@holdfast/kernel";
import type { Agent, ApprovalMode } from "@holdfast/protocol";
import type { SessionDeps } from "./deps.ts";

const FALLBACK_AGENT = "rehearsal";

/** The agent with this id, ready to be used. Rejects AGENT_UNAVAILABLE with the reason and how to install it. */
export async function requireAgent(deps: Pick<SessionDeps, "catalog">, id: string): Promise<Agent> {
  const agent = (await deps.catalog.list()).find((candidate) => candidate.id === id);
  if (agent === undefined) throw new HoldfastError("AGENT_UNAVAILABLE", `No agent is called ${id}.`);
  if (!agent.available) {
    const facts = [agent.reason, agent.install === undefined ? undefined : `Install: ${agent.install}`];
    throw new HoldfastError(
      "AGENT_UNAVAILABLE",
      [`The agent ${id} is not available.`, ...facts.filter((fact) => fact !== undefined)].join(" "),
    );
  }
  return agent;
}

/** The agent of a new session: what was asked, the setting, the directory's last, else the keyless one; never a paid one unasked. */
export async function chooseAgent(
  deps: Pick<SessionDeps, "catalog" | "settings" | "store">,
  asked: string | undefined,
  directory: string,
): Promise<Agent> {
  const named = asked ?? deps.settings.agent;
  if (named !== undefined) return requireAgent(deps, named);
  const last = await deps.store.lastAgent(directory);
  const agents = await deps.catalog.list();
  const known = agents.find((agent) => agent.id === last && agent.available);
  return known ?? requireAgent(deps, FALLBACK_AGENT);
}

/** Rejects UNPROCESSABLE when the agent is known not to hold the mode. */
export function requireApprovalMode(agent: Agent, mode: ApprovalMode): void {
  if (agent.approvalModes.length > 0 && !agent.approvalModes.includes(mode))
    throw new HoldfastError(
      "UNPROCESSABLE",
      `The agent ${agent.id} cannot hold the approval mode ${mode}; it can: ${agent.approvalModes.join(", ")}.`,
    );
}
