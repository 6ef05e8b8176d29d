import type { AgentHandle, AgentPool, IdleSink } from "../agents/index.ts";
import type { StartedTurn } from "../store/index.ts";
import { openedAs } from "./opened.ts";
import type { Recorder } from "./recorder.ts";

export type OpenAgentDeps = {
  pool: AgentPool;
  /** Where the agent reports between its turns. */
  idle: IdleSink;
  /** Stops the opening. */
  signal: AbortSignal;
  /** A handle was acquired; `live`: an earlier turn had it already. Called before anything else is asked of it. */
  onHandle: (handle: AgentHandle, live: boolean) => void;
};

/**
 * Brings the agent of a turn to where it can be prompted: acquired, recorded, configured. Rejects with what the pool and the
 * backend throw.
 */
export async function openAgent(
  deps: OpenAgentDeps,
  started: StartedTurn,
  recorder: Recorder,
): Promise<AgentHandle> {
  const { session, turn, agentSession } = started;
  const { handle, live } = await deps.pool.acquire({
    sessionId: session.id,
    agentSessionId: agentSession.id,
    agent: turn.agent,
    directory: agentSession.cwd,
    approvalMode: session.approvalMode,
    model: turn.model,
    backendSessionId: agentSession.backendSessionId,
    idle: deps.idle,
    signal: deps.signal,
  });
  deps.onHandle(handle, live);
  recorder.turn(openedAs(agentSession.backendSessionId, handle, live));
  recorder.agentSession({
    status: "live",
    backendSessionId: handle.backendSessionId,
    version: handle.version,
    processFingerprint: handle.processFingerprint,
  });
  await handle.configure({ approvalMode: session.approvalMode, model: turn.model });
  // A backend session that nobody wrote down would be lost with the process, and with it the agent's memory of this turn.
  if (handle.backendSessionId !== agentSession.backendSessionId) await recorder.flushed();
  return handle;
}
