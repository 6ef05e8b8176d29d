import type { Permission, PermissionRule } from "@holdfast/protocol";
import { present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";

export type PermissionRow = {
  rid: number;
  id: string;
  session: number;
  session_id: string;
  turn: number;
  turn_id: string;
  state: Permission["state"];
  data: string;
  actor: number | null;
  deadline: number | null;
  time_asked: number;
  time_ended: number | null;
  event_seq: number;
};

export const SELECT_PERMISSION = `SELECT p.*, s.id AS session_id, t.id AS turn_id FROM permission p
  JOIN session s ON s.rid = p.session JOIN turn t ON t.rid = p.turn`;

export const findPermission = (sql: Sql, id: string): PermissionRow | undefined =>
  sql.get<PermissionRow>(`${SELECT_PERMISSION} WHERE p.id = ?`, id);

export const permissionByRid = (sql: Sql, rid: number): PermissionRow | undefined =>
  sql.get<PermissionRow>(`${SELECT_PERMISSION} WHERE p.rid = ?`, rid);

export type PermissionData = Omit<
  Permission,
  "id" | "sessionId" | "turnId" | "state" | "actor" | "deadline" | "time"
>;

export function permissionData(permission: Permission): string {
  const { agent, tool, title, kind, args, patterns, call, expiry, reply, message } = permission;
  return JSON.stringify({ agent, tool, title, kind, args, patterns, call, expiry, reply, message });
}

export function toPermission(sql: Sql, row: PermissionRow): Permission {
  return present<Permission>({
    id: row.id as Permission["id"],
    sessionId: row.session_id as Permission["sessionId"],
    turnId: row.turn_id as Permission["turnId"],
    ...(JSON.parse(row.data) as PermissionData),
    state: row.state,
    actor: row.actor === null ? null : loadActor(sql, row.actor),
    deadline: row.deadline,
    time: present<Permission["time"]>({ asked: row.time_asked, ended: row.time_ended }),
  });
}

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
