import type {
  Actor,
  Permission,
  PermissionId,
  PermissionReply,
  PermissionRule,
  PermissionRuleId,
} from "@holdfast/protocol";
import type { Applied, AskPermissionCommand, IdempotencyKey } from "../../port.ts";
import { recordKey, replayed } from "../replay-key.ts";
import { actorRow, permissionData, toPermission } from "../rows/index.ts";
import type { Write } from "../sql.ts";
import { answerRequest, expireRequest, insertRequest, requireRequest } from "./request.ts";

type Made = { permissionId: PermissionId };

/** A request is a row with its full arguments and a deadline, before anybody is asked. */
export function askPermission(write: Write, { permission, ...command }: AskPermissionCommand): Permission {
  const request = { ...permission, data: permissionData(permission) };
  return toPermission(write, insertRequest(write, "permission", command, request));
}

type Reply = {
  permissionId: PermissionId;
  reply: PermissionReply;
  message?: string | undefined;
  rules?: PermissionRule[] | undefined;
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
};

export function replyPermission(write: Write, command: Reply): Applied<Permission> {
  const before = replayed<Made>(write, command.idempotency);
  const row = requireRequest(write, "permission", before?.permissionId ?? command.permissionId);
  if (before !== undefined) return { value: toPermission(write, row), replayed: true };
  const replied: Permission = { ...toPermission(write, row), reply: command.reply };
  if (command.message !== undefined) replied.message = command.message;
  const answered = answerRequest(write, "permission", row, {
    data: permissionData(replied),
    actor: command.actor,
    also({ session }) {
      for (const rule of command.rules ?? []) insertRule(write, rule, session.project, session.rid);
    },
  });
  recordKey(write, command.idempotency, { permissionId: command.permissionId } satisfies Made);
  return { value: toPermission(write, answered), replayed: false };
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

export const expirePermission = (
  write: Write,
  {
    permissionId,
    expiry,
    actor,
  }: { permissionId: PermissionId; expiry: NonNullable<Permission["expiry"]>; actor: Actor },
): Permission => toPermission(write, expireRequest(write, "permission", permissionId, { expiry, actor }));

export function revokePermissionRule(write: Write, command: { id: PermissionRuleId }): boolean {
  return write.run("DELETE FROM permission_rule WHERE id = ?", command.id) > 0;
}
