import { HoldfastError } from "@holdfast/kernel";
import type { ApprovalMode } from "@holdfast/protocol";
import type { OpencodeApi } from "./api.ts";
import { endsWith, rulesOf, sessionRules, type Rule } from "./permission-rules.ts";

/**
 * Puts a session under the rules of an approval mode and checks that it has them. Rules are only ever added, and the last one that
 * matches decides. Rejects with AGENT_UNAVAILABLE when it does not take them.
 */
export async function setMode(
  api: OpencodeApi,
  session: { agent: string; id: string; agentRules: readonly Rule[] },
  mode: ApprovalMode,
): Promise<void> {
  const wanted = sessionRules(mode, session.agentRules);
  const now = (await api.getSession(session.id)) ?? {};
  if (endsWith(rulesOf(now["permission"]), wanted)) return;
  const then = await api.addRules(session.id, wanted);
  if (endsWith(rulesOf(then["permission"]), wanted)) return;
  throw new HoldfastError(
    "AGENT_UNAVAILABLE",
    `${session.agent} did not take the permission rules of ${mode}. Use another agent.`,
  );
}
