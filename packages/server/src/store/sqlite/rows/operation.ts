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
  actor: number;
  time_created: number;
  time_ended: number | null;
  data: string;
};

export const findOperation = (sql: Sql, id: string): OperationRow | undefined =>
  sql.get<OperationRow>("SELECT * FROM operation WHERE id = ?", id);

export const toOperation = (sql: Sql, row: OperationRow): Operation =>
  present<Operation>({
    id: row.id as Operation["id"],
    kind: row.kind,
    state: row.state,
    workspaceId: row.workspace_id as Operation["workspaceId"],
    worktreeId: row.worktree_id as Operation["worktreeId"],
    data: JSON.parse(row.data) as JsonObject,
    actor: loadActor(sql, row.actor),
    time: present<Operation["time"]>({ created: row.time_created, ended: row.time_ended }),
  });
