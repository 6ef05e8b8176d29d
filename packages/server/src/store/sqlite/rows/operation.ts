import type { JsonObject } from "@holdfast/protocol";
import type { Operation } from "../../port.ts";
import { present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";

export type OperationRow = {
  rid: number;
  id: string;
  kind: Operation["kind"];
  state: Operation["state"];
  workspace_id: string;
  worktree_id: string | null;
  instance: string | null;
  host: string | null;
  epoch: number;
  alive: number | null;
  leases: string;
  actor: number;
  time_created: number;
  time_ended: number | null;
  data: string;
};

/** An instance lives until its end is written down; one whose row is gone ended long ago. */
export const SELECT_OPERATION = `SELECT o.*, (SELECT i.ended IS NULL FROM instance i WHERE i.id = o.instance) AS alive,
  (SELECT json_group_array(w.id) FROM workspace_lease l JOIN workspace w ON w.rid = l.workspace WHERE l.operation = o.rid) AS leases FROM operation o`;

export const findOperation = (sql: Sql, id: string): OperationRow | undefined =>
  sql.get<OperationRow>(`${SELECT_OPERATION} WHERE o.id = ?`, id);

export const toOperation = (sql: Sql, row: OperationRow): Operation =>
  present<Operation>({
    id: row.id as Operation["id"],
    kind: row.kind,
    state: row.state,
    owner: present<Operation["owner"]>({
      instanceId: row.instance as Operation["owner"]["instanceId"],
      host: row.host,
      isAlive: row.alive === 1,
    }),
    epoch: row.epoch,
    leases: JSON.parse(row.leases) as Operation["leases"],
    workspaceId: row.workspace_id as Operation["workspaceId"],
    worktreeId: row.worktree_id as Operation["worktreeId"],
    data: JSON.parse(row.data) as JsonObject,
    actor: loadActor(sql, row.actor),
    time: present<Operation["time"]>({ created: row.time_created, ended: row.time_ended }),
  });
