import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, PatchSession, Session, SessionId } from "@holdfast/protocol";
import { patchedServers } from "../../model/index.ts";
import type { Applied, CreateSessionCommand, IdempotencyKey } from "../../port.ts";
import { announceProject, announceRef, announceWorkspace } from "../announce-sessionless.ts";
import { appendSessionless, openLog, openLogByRid } from "../log.ts";
import { once, recordKey, replayed } from "../replay-key.ts";
import { actorRow, findSession, toSession, WRITTEN } from "../rows/index.ts";
import { announceSession } from "../session-change.ts";
import { fromJson, toJson, type Write } from "../sql.ts";
import { insertProject, insertWorkspace } from "./project.ts";
import { endShares } from "./share.ts";

type Made = { sessionId: SessionId };

const current = (write: Write, id: string): Session => {
  const row = findSession(write, id);
  if (row === undefined) throw notFound("session", id);
  return toSession(row);
};

export function createSession(write: Write, command: CreateSessionCommand): Applied<Session> {
  const before = replayed<Made>(write, command.idempotency);
  if (before !== undefined) return { value: current(write, before.sessionId), replayed: true };
  const parent = command.parentId === undefined ? undefined : findSession(write, command.parentId);
  if (command.parentId !== undefined && parent === undefined) throw notFound("session", command.parentId);
  const place = placeOf(write, command);
  const rid = write.insert(
    `INSERT INTO session (id, parent, project, workspace, directory, title, agent, model, approval_mode, resume_policy, mcp_servers, limit_attempts,
     mirrors, actor, time_created, time_updated, schema_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${WRITTEN.session})`,
    command.sessionId,
    parent?.rid ?? null,
    place.project,
    place.workspace,
    place.directory,
    command.title,
    command.agent,
    toJson(command.model),
    command.approvalMode,
    command.resumePolicy,
    toJson(patchedServers(undefined, command.mcpServers)),
    command.limitAttempts ?? 0,
    command.mirrors ?? null,
    actorRow(write, command.actor),
    write.now,
    write.now,
  );
  announceSession(openLogByRid(write, rid, command.actor, "work"), "session.created");
  recordKey(write, command.idempotency, { sessionId: command.sessionId } satisfies Made);
  return { value: current(write, command.sessionId), replayed: false };
}

type Place = { project: number; workspace: number; directory: string };

function placeOf(write: Write, command: CreateSessionCommand): Place {
  const existing =
    command.existingWorkspaceId === undefined
      ? write.get<Place>(
          "SELECT rid AS workspace, project, directory FROM workspace WHERE directory = ?",
          command.directory,
        )
      : write.get<Place>(
          "SELECT rid AS workspace, project, directory FROM workspace WHERE id = ?",
          command.existingWorkspaceId,
        );
  if (existing !== undefined) return existing;
  if (command.existingWorkspaceId !== undefined) throw notFound("workspace", command.existingWorkspaceId);
  return newPlace(write, command);
}

function newPlace(write: Write, command: CreateSessionCommand): Place {
  const { actor, directory } = command;
  const project = insertProject(write, { id: command.projectId, directory, actor });
  const workspace = insertWorkspace(write, { id: command.workspaceId, project, directory, actor });
  announceProject(write, project, actor);
  announceWorkspace(write, workspace, actor);
  return { project, workspace, directory };
}

type PatchCommand = {
  sessionId: SessionId;
  patch: PatchSession;
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
};

export function patchSession(write: Write, command: PatchCommand): Applied<Session> {
  return once(
    write,
    command.idempotency,
    () => applyPatch(write, command),
    () => current(write, command.sessionId),
  );
}

function applyPatch(write: Write, command: PatchCommand): void {
  const { patch } = command;
  const log = openLog(write, command.sessionId, command.actor, "asked");
  const row = log.session;
  const archived =
    patch.archived === undefined
      ? row.time_archived
      : patch.archived
        ? (row.time_archived ?? write.now)
        : null;
  write.run(
    "UPDATE session SET title = ?, agent = ?, model = ?, approval_mode = ?, resume_policy = ?, mcp_servers = ?, limit_attempts = ?, time_archived = ? WHERE rid = ?",
    patch.title ?? row.title,
    patch.agent ?? row.agent,
    patch.model === undefined ? row.model : toJson(patch.model),
    patch.approvalMode ?? row.approval_mode,
    patch.resumePolicy ?? row.resume_policy,
    toJson(patchedServers(fromJson(row.mcp_servers), patch.mcpServers)),
    patch.limitAttempts ?? row.limit_attempts,
    archived,
    row.rid,
  );
  announceSession(log);
}

/** Children first; each leaves a tombstone and its `session.deleted` in the feeds (D-26, session-model 1.2). */
export function deleteSession(
  write: Write,
  command: { sessionId: SessionId; actor: Actor; keepShares?: boolean | undefined },
): { deleted: SessionId[] } {
  const root = findSession(write, command.sessionId);
  if (root === undefined) throw notFound("session", command.sessionId);
  const rows = write.all<{ rid: number; id: string; depth: number; live: number }>(
    `WITH RECURSIVE tree (rid, depth) AS (SELECT ?, 0 UNION ALL SELECT s.rid, depth + 1 FROM session s JOIN tree ON s.parent = tree.rid)
     SELECT s.rid, s.id, depth, EXISTS (SELECT 1 FROM turn t WHERE t.session = s.rid AND t.state IN ('running', 'finalizing')) AS live
     FROM tree JOIN session s USING (rid) ORDER BY depth DESC, s.rid DESC`,
    root.rid,
  );
  const live = rows.find((row) => row.live === 1);
  if (live !== undefined) {
    throw new HoldfastError("SESSION_BUSY", `Session ${live.id} has a running turn. Stop it, then delete.`);
  }
  for (const row of rows) {
    endShares(write, row.id, command.keepShares === true, command.actor);
    deleteOne(write, row.rid, command.actor);
  }
  return { deleted: rows.map((row) => row.id as SessionId) };
}

function deleteOne(write: Write, rid: number, actor: Actor): void {
  const log = openLogByRid(write, rid, actor, "upkeep");
  const { session } = log;
  const seq = session.last_seq + 1;
  // First, so that its place comes after that of every event which goes (a position is never given twice).
  appendSessionless(write, {
    type: "session.deleted",
    ref: null,
    workspace: { rid: session.workspace, id: session.workspace_id },
    actor,
    data: { sessionId: session.id as SessionId },
    sessionId: session.id,
    seq,
  });
  // Parts go before messages: their foreign key has two columns, and the cascade would walk it row by row.
  for (const table of ["event", "part", "input", "message", "turn"]) {
    write.run(`DELETE FROM ${table} WHERE session = ?`, rid);
  }
  write.run("DELETE FROM session WHERE rid = ?", rid);
  write.run(
    "INSERT OR REPLACE INTO tombstone (session_id, last_seq, time) VALUES (?, ?, ?)",
    session.id,
    seq,
    write.now,
  );
  for (const ref of write.all<{ rid: number }>("SELECT rid FROM ref WHERE session_id = ?", session.id))
    announceRef(write, ref.rid, actor);
}
