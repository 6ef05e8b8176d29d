import { notFound } from "@holdfast/kernel";
import type { Actor, AgentSessionId, Features, InstanceId } from "@holdfast/protocol";
import type { AgentSessionPatch, InstanceRow, LaunchRow, SpawnRow } from "../../port.ts";
import { announceAgentSession } from "../announce.ts";
import { openLogByRid } from "../log.ts";
import {
  agentSessionData,
  type AgentSessionRow,
  findAgentSession,
  SELECT_AGENT_SESSION,
  withStatus,
} from "../rows/index.ts";
import type { Write } from "../sql.ts";
import { writeAgentSession } from "./progress.ts";

/** Housekeeping rows: processes of the server and of its agents. They have no events (D-1). */

export function registerInstance(write: Write, row: InstanceRow): void {
  if (row.isAlone) {
    write.run("UPDATE instance SET ended = ? WHERE ended IS NULL", write.now);
    write.run("UPDATE operation SET host = NULL WHERE state = 'running'");
  }
  write.run(
    "INSERT INTO instance (id, pid, host, start_time, heartbeat) VALUES (?, ?, ?, ?, ?)",
    row.id,
    row.pid,
    row.host,
    row.startTime,
    write.now,
  );
}

export function heartbeat(write: Write, command: { instanceId: InstanceId }): void {
  write.run("UPDATE instance SET heartbeat = ? WHERE id = ?", write.now, command.instanceId);
}

export function endInstance(write: Write, command: { instanceId: InstanceId }): void {
  write.run("UPDATE instance SET ended = ? WHERE id = ?", write.now, command.instanceId);
}

export function recordLaunch(write: Write, row: LaunchRow): void {
  write.run(
    "INSERT INTO process (launch_id, instance, session_id, agent, argv_hash, temporary_directory, time) VALUES (?, ?, ?, ?, ?, ?, ?)",
    row.launchId,
    row.instanceId,
    row.sessionId,
    row.agent,
    row.argvHash,
    row.temporaryDirectory ?? null,
    write.now,
  );
}

export function recordSpawn(write: Write, row: SpawnRow): void {
  write.run(
    "UPDATE process SET pid = ?, start_time = ?, process_group = ? WHERE launch_id = ?",
    row.pid,
    row.startTime ?? null,
    row.group,
    row.launchId,
  );
}

export function recordExit(write: Write, command: { launchId: string }): void {
  write.run("DELETE FROM process WHERE launch_id = ?", command.launchId);
}

export function updateAgentSession(
  write: Write,
  command: { agentSessionId: AgentSessionId; patch: AgentSessionPatch; actor: Actor },
): void {
  const row = findAgentSession(write, command.agentSessionId);
  if (row === undefined) throw notFound("agent session", command.agentSessionId);
  writeAgentSession(write, command.agentSessionId, command.patch, row.event_seq);
  announceAgentSession(openLogByRid(write, row.session, command.actor, "upkeep"), row.id);
}

/** What a dead server left becomes `crashed` (D-18). */
export function closeDeadAgentSessions(write: Write, command: { actor: Actor }): number {
  const rows = write.all<AgentSessionRow>(
    `${SELECT_AGENT_SESSION} WHERE a.status IN ('live', 'idle') AND NOT EXISTS (
       SELECT 1 FROM claim c JOIN instance i ON i.id = c.instance WHERE c.session = a.session AND i.ended IS NULL)`,
  );
  for (const row of rows) {
    write.run(
      `UPDATE agent_session SET time_updated = ?, data = ?, status = CASE WHEN EXISTS (SELECT 1 FROM turn t WHERE t.session = agent_session.session
         AND t.agent = agent_session.agent AND t.state IN ('running', 'finalizing')) THEN 'crashed' ELSE 'resumable' END WHERE rid = ?`,
      write.now,
      JSON.stringify(withStatus(agentSessionData(row), "resumable", write.now)),
      row.rid,
    );
    announceAgentSession(openLogByRid(write, row.session, command.actor, "upkeep"), row.id);
  }
  return rows.length;
}

export function putAgentFacts(
  write: Write,
  row: { agent: string; version?: string | undefined; features: Features },
): void {
  write.run(
    "INSERT OR REPLACE INTO agent_facts (agent, version, features, time) VALUES (?, ?, ?, ?)",
    row.agent,
    row.version ?? null,
    JSON.stringify(row.features),
    write.now,
  );
}
