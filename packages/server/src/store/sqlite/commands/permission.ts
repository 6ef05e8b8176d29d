import { HoldfastError, notFound } from "@holdfast/kernel";
import type {
  Actor,
  Permission,
  PermissionId,
  PermissionReply,
  PermissionRule,
  PermissionRuleId,
} from "@holdfast/protocol";
import type { Applied, AskPermissionCommand, IdempotencyKey } from "../../port.ts";
import { announcePermission } from "../announce.ts";
import { claimLost, type Log, openLog, openLogByRid } from "../log.ts";
import { recordKey, replayed } from "../replay-key.ts";
import {
  actorRow,
  findPermission,
  permissionData,
  type PermissionRow,
  toPermission,
  findTurn,
} from "../rows/index.ts";
import { refreshSession } from "../session-change.ts";
import type { Write } from "../sql.ts";

type Made = { permissionId: PermissionId };

function requirePermission(write: Write, id: string): PermissionRow {
  const row = findPermission(write, id);
  if (row === undefined) throw notFound("permission request", id);
  return row;
}

/** A request is a row with its full arguments and a deadline, before anybody is asked. */
export function askPermission(write: Write, command: AskPermissionCommand): Permission {
  const { permission } = command;
  const turn = findTurn(write, permission.turnId);
  if (turn === undefined) throw notFound("turn", permission.turnId);
  const actor: Actor = { id: `agent:${permission.agent}`, kind: "agent", label: permission.agent };
  const log = openLog(write, command.sessionId, actor, "work");
  if (log.session.epoch !== command.epoch) throw claimLost(command.sessionId);
  if (turn.session !== log.session.rid) throw notFound("turn of this session", turn.id);
  if (turn.state !== "running")
    throw new HoldfastError("CONFLICT", `Turn ${turn.id} is ${turn.state}; it asks no more.`);
  const rid = write.insert(
    "INSERT INTO permission (id, session, turn, state, data, deadline, time_asked, event_seq) VALUES (?, ?, ?, 'pending', ?, ?, ?, 0)",
    permission.id,
    log.session.rid,
    turn.rid,
    permissionData(permission),
    permission.deadline ?? null,
    write.now,
  );
  announcePermission(log, rid, "permission.asked");
  refreshSession(log);
  return toPermission(write, requirePermission(write, permission.id));
}

type Reply = {
  permissionId: PermissionId;
  reply: PermissionReply;
  message?: string | undefined;
  rules?: PermissionRule[] | undefined;
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
};

/** The first answer wins: the state is the guard, and the next gets ALREADY_REPLIED. */
export function replyPermission(write: Write, command: Reply): Applied<Permission> {
  const before = replayed<Made>(write, command.idempotency);
  if (before !== undefined) {
    return { value: toPermission(write, requirePermission(write, before.permissionId)), replayed: true };
  }
  const row = requirePermission(write, command.permissionId);
  if (row.state !== "pending") {
    const what = row.state === "replied" ? "was answered already" : "has ended without an answer";
    throw new HoldfastError("ALREADY_REPLIED", `Permission request ${row.id} ${what}.`, {
      data: { state: row.state },
    });
  }
  const log = openLogByRid(write, row.session, command.actor, "asked");
  const replied: Permission = { ...toPermission(write, row), reply: command.reply };
  if (command.message !== undefined) replied.message = command.message;
  const changed = write.run(
    "UPDATE permission SET state = 'replied', data = ?, actor = ?, time_ended = ? WHERE rid = ? AND state = 'pending'",
    permissionData(replied),
    log.actorRid,
    write.now,
    row.rid,
  );
  if (changed !== 1)
    throw new HoldfastError("ALREADY_REPLIED", `Permission request ${row.id} was answered already.`);
  for (const rule of command.rules ?? []) insertRule(write, rule, log.session.project, log.session.rid);
  announcePermission(log, row.rid, "permission.replied");
  refreshSession(log);
  recordKey(write, command.idempotency, { permissionId: command.permissionId } satisfies Made);
  return { value: toPermission(write, requirePermission(write, command.permissionId)), replayed: false };
}

function insertRule(write: Write, rule: PermissionRule, project: number, session: number): void {
  write.insert(
    "INSERT INTO permission_rule (id, project, session, agent, kind, pattern, actor, time_created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    rule.id,
    project,
    rule.scope === "session" ? session : null,
    rule.agent,
    rule.kind,
    rule.pattern,
    actorRow(write, rule.actor),
    write.now,
  );
}

/** Ends a pending request without an answer; a no-op on any other. */
export function expirePermission(
  write: Write,
  command: { permissionId: PermissionId; expiry: NonNullable<Permission["expiry"]>; actor: Actor },
): Permission {
  const row = requirePermission(write, command.permissionId);
  if (row.state === "pending") {
    const log = openLogByRid(write, row.session, command.actor, "upkeep");
    expireRow(log, row, command.expiry);
    refreshSession(log);
  }
  return toPermission(write, requirePermission(write, command.permissionId));
}

/** Within the transaction of who ends it. */
export function expireRow(log: Log, row: PermissionRow, expiry: NonNullable<Permission["expiry"]>): void {
  const { write } = log;
  write.run(
    "UPDATE permission SET state = 'expired', data = ?, time_ended = ? WHERE rid = ?",
    permissionData({ ...toPermission(write, row), expiry }),
    write.now,
    row.rid,
  );
  announcePermission(log, row.rid, "permission.expired");
}

export function revokePermissionRule(write: Write, command: { id: PermissionRuleId }): boolean {
  return write.run("DELETE FROM permission_rule WHERE id = ?", command.id) > 0;
}
