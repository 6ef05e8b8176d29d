import type { Permission, PermissionRule } from "@holdfast/protocol";
import { present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";
import { type RequestRow, toRequest } from "./request.ts";

export function permissionData(permission: Permission): string {
  const { agent, tool, title, kind, args, patterns, call, expiry, reply, message } = permission;
  return JSON.stringify({ agent, tool, title, kind, args, patterns, call, expiry, reply, message });
}

export const toPermission = (sql: Sql, row: RequestRow): Permission => toRequest<Permission>(sql, row);

export type PermissionRuleRow = {
  id: string;
  agent: string;
  kind: string;
  pattern: string;
  session_id: string | null;
  project_id: string;
  actor: number;
  time_created: number;
};

export const SELECT_RULE = `SELECT r.*, s.id AS session_id, p.id AS project_id FROM permission_rule r
  JOIN project p ON p.rid = r.project LEFT JOIN session s ON s.rid = r.session`;

export const toPermissionRule = (sql: Sql, row: PermissionRuleRow): PermissionRule =>
  present<PermissionRule>({
    id: row.id as PermissionRule["id"],
    agent: row.agent,
    kind: row.kind,
    pattern: row.pattern,
    scope: row.session_id === null ? "project" : "session",
    sessionId: row.session_id as PermissionRule["sessionId"],
    projectId: row.project_id as PermissionRule["projectId"],
    actor: loadActor(sql, row.actor),
    time: { created: row.time_created },
  });
