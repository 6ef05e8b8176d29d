import type { AgentSession } from "@holdfast/protocol";
import type { AgentSessionFacts, AgentSessionPatch } from "../../port.ts";
import { present, type Sql } from "../sql.ts";

export type AgentSessionRow = {
  rid: number;
  id: string;
  session: number;
  session_id: string;
  agent: string;
  status: AgentSession["status"];
  cwd: string;
  data: string;
  usage: string;
  time_created: number;
  time_updated: number;
  event_seq: number;
};

export const SELECT_AGENT_SESSION = `SELECT a.*, s.id AS session_id FROM agent_session a JOIN session s ON s.rid = a.session`;

export const findAgentSession = (sql: Sql, id: string): AgentSessionRow | undefined =>
  sql.get<AgentSessionRow>(`${SELECT_AGENT_SESSION} WHERE a.id = ?`, id);

export const agentSessionOf = (sql: Sql, session: number, agent: string): AgentSessionRow | undefined =>
  sql.get<AgentSessionRow>(`${SELECT_AGENT_SESSION} WHERE a.session = ? AND a.agent = ?`, session, agent);

/** Columns kept as one JSON: what only whole rows need. */
export type AgentSessionData = Partial<
  Pick<
    AgentSession,
    "backendSessionId" | "version" | "models" | "modes" | "commands" | "subagents" | "background"
  > &
    AgentSessionFacts
>;

export const agentSessionData = (row: AgentSessionRow): AgentSessionData =>
  JSON.parse(row.data) as AgentSessionData;

/** The same after a patch; status and directory have columns of their own. */
export function patched(before: AgentSessionData, patch: AgentSessionPatch, now: number): AgentSessionData {
  const { status: _status, cwd: _cwd, background, ...told } = patch;
  const data: AgentSessionData = { ...before, ...told };
  if (background === undefined) return data;
  if (background === null) return { ...data, background: undefined };
  const known = before.background;
  const since = known === undefined || known.lost !== undefined ? now : known.since;
  return { ...data, background: { ...background, since } };
}

const GONE: ReadonlySet<AgentSession["status"]> = new Set(["resumable", "crashed", "closed"]);

/** What is kept of an agent whose status is this from now on: with its program its background tasks have ended. */
export function withStatus(
  data: AgentSessionData,
  status: AgentSession["status"],
  now: number,
): AgentSessionData {
  const { background } = data;
  if (background === undefined || background.lost !== undefined || !GONE.has(status)) return data;
  return { ...data, background: { ...background, lost: now } };
}

export function toAgentSession(row: AgentSessionRow): AgentSession {
  const { backendSessionId, version, models, modes, commands, subagents, background } = agentSessionData(row);
  return present<AgentSession>({
    id: row.id as AgentSession["id"],
    sessionId: row.session_id as AgentSession["sessionId"],
    agent: row.agent,
    status: row.status,
    backendSessionId,
    version,
    models,
    modes,
    commands,
    subagents,
    background,
    usage: JSON.parse(row.usage) as AgentSession["usage"],
    time: { created: row.time_created, updated: row.time_updated },
  });
}

export function toAgentSessionWithFacts(row: AgentSessionRow): AgentSession & AgentSessionFacts {
  const { processFingerprint, watermark } = agentSessionData(row);
  const facts: AgentSessionFacts = { cwd: row.cwd };
  return Object.assign(toAgentSession(row), facts, present({ processFingerprint, watermark }));
}
