import { type Clock, HoldfastError, isHoldfastError, newId, storageRefusal } from "@holdfast/kernel";
import { handoffPart, type SessionError, type TextPart, unhonoured } from "@holdfast/protocol";
import {
  AgentFailure,
  type AgentHandle,
  type AgentPool,
  type IdleSink,
  type ReadHistory,
} from "../../agents/index.ts";
import type { StartedTurn, Store } from "../../store/index.ts";
import type { Ending } from "../end/index.ts";
import { maskedEvent, maskOf, type Recorder } from "../record/index.ts";
import { buildHandoff } from "./handoff.ts";
import { missedTurns } from "./missed-turns.ts";
import { OfferedCommands } from "./offered-commands.ts";
import { openedAs } from "./opened.ts";

export type OpenAgentDeps = {
  store: Pick<Store, "turnsSince">;
  pool: AgentPool;
  clock: Clock;
  /** Where the agent reports between its turns. */
  idle: IdleSink;
  /** Stops the opening. */
  signal: AbortSignal;
  /** A handle was acquired; `live`: an earlier turn had it already. Called before anything else is asked of it. */
  onHandle: (handle: AgentHandle, live: boolean) => void;
};

/** An agent that can be prompted, and what it must be told before the user's own words. */
export type OpenedAgent = { handle: AgentHandle; handoff: TextPart | undefined };

/**
 * Brings the agent of a turn to where it can be prompted: acquired, told apart from the one that was known, recorded, configured (A-5, A-6,
 * Rejects with what the pool and the backend throw.
 */
export async function openAgent(
  deps: OpenAgentDeps,
  started: StartedTurn,
  recorder: Recorder,
): Promise<OpenedAgent> {
  const { session, turn, agentSession } = started;
  // An agent-side session keeps its directory; a session that was moved gets another one.
  const isMoved = agentSession.cwd !== session.directory;
  const history: ReadHistory = (page) => deps.store.turnsSince({ ...page, sessionId: session.id });
  const commands = new OfferedCommands(agentSession.commands);
  const mask = maskOf(started);
  const { handle, live } = await recorder.storage.stored(deps.signal, () =>
    deps.pool.acquire({
      sessionId: session.id,
      agentSessionId: agentSession.id,
      agent: turn.agent,
      directory: session.directory,
      approvalMode: session.approvalMode,
      model: turn.model,
      mcpServers: started.mcpServers,
      backendSessionId: isMoved ? undefined : agentSession.backendSessionId,
      history,
      idle: commands.heardBy({ ...deps.idle, emit: (event) => deps.idle.emit(maskedEvent(mask, event)) }),
      signal: deps.signal,
    }),
  );
  deps.onHandle(handle, live);
  const isOther =
    handle.backendSessionId !== agentSession.backendSessionId || (!live && handle.openedBy === "create");
  // Rows tell an agent that reads them of every turn.
  const handoff =
    handle.readsRows === true ? undefined : await handoffFor(deps.clock, history, started, isOther);
  recorder.turn(openedAs(agentSession.backendSessionId, handle, live, handoff !== undefined));
  recorder.agentSession({
    status: "live",
    backendSessionId: handle.backendSessionId,
    version: handle.version,
    processFingerprint: handle.process?.fingerprint,
    // What the one before it had seen, another agent-side session did not.
    ...(isOther ? { cwd: session.directory, watermark: 0 } : {}),
  });
  if (handoff !== undefined) recorder.preamble(handoff);
  requireHonoured(handle, started);
  await commands.require(deps.clock, turn.agent, started.message.parts);
  await handle.configure({ approvalMode: session.approvalMode, model: turn.model });
  recorder.asked.expect(handle.model);
  // A backend session that nobody wrote down would be lost with the process, and with it the agent's memory of this turn.
  if (isOther || handoff !== undefined) await recorder.flushed();
  return { handle, handoff };
}

/** What nobody knew at admission, asked now that the agent is open. */
function requireHonoured({ features }: AgentHandle, { turn, input }: StartedTurn): void {
  const refused = unhonoured(
    turn.agent,
    { tools: input?.tools, parts: input?.parts },
    { features, isOpen: true },
  );
  if (refused !== undefined) throw new HoldfastError("AGENT_UNAVAILABLE", refused.message);
}

/** The account of the turns that this agent-side session did not see, as a part of the turn's user message. */
async function handoffFor(
  clock: Clock,
  history: ReadHistory,
  { session, turn, agentSession, message }: StartedTurn,
  isOther: boolean,
): Promise<TextPart | undefined> {
  const { turns, more } = await missedTurns(history, {
    before: turn.id,
    agent: turn.agent,
    watermark: isOther ? "new" : (agentSession.watermark ?? 0),
  });
  const text = buildHandoff(turns, more)?.text;
  if (text === undefined) return undefined;
  const now = clock.now();
  return handoffPart({ id: newId("prt", now), sessionId: session.id, messageId: message.info.id }, text, now);
}

/** What a refused or failed opening means for the turn. A thrown value that no backend is allowed to throw is a fault of ours. */
export function openFailureOf(agent: string, thrown: unknown): Ending {
  if (thrown instanceof AgentFailure)
    return { by: "open", failure: { kind: thrown.kind, error: thrown.error } };
  if (isHoldfastError(thrown, "AGENT_UNAVAILABLE")) {
    const error: SessionError = {
      name: "AgentError",
      data: { agent, phase: "open", message: thrown.message },
    };
    return { by: "open", failure: { kind: "unavailable", error } };
  }
  // What storage refuses is repeated until the turn is stopped.
  const isStopped = isHoldfastError(thrown, "SHUTTING_DOWN") || storageRefusal(thrown) !== undefined;
  return isStopped ? { by: "stop" } : faultEnding();
}

/** An ending for what must not happen; its cause is in the log and never in the turn (style: unknown errors do not leak). */
export const faultEnding = (): Ending => ({
  by: "fault",
  error: { name: "UnknownError", data: { message: "Something broke inside Holdfast; its log says what." } },
});
