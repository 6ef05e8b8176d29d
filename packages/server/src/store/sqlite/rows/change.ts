import type { Change } from "@holdfast/protocol";
import type { StoredChange } from "../../port.ts";
import { present, type Sql } from "../sql.ts";
import { newestForm } from "./payload.ts";

export type ChangeRow = {
  rid: number;
  id: string;
  workspace: number;
  workspace_id: string;
  workspace_kind: string;
  workspace_shared: number;
  key: string;
  state: "pending" | "conflict";
  revision: number;
  reviewed: number | null;
  time_created: number;
  time_updated: number;
  event_position: number;
  contributions: string;
  data: string;
  schema_version: number;
  /** 1 while a turn has the workspace's write lease. */
  staged: number;
};

export const SELECT_CHANGE = `SELECT c.*, w.id AS workspace_id, w.kind AS workspace_kind, w.shared AS workspace_shared, EXISTS (SELECT 1 FROM workspace_lease l
  JOIN turn t ON t.rid = l.turn WHERE l.workspace = c.workspace AND t.state IN ('running', 'finalizing')) AS staged
  FROM change c JOIN workspace w ON w.rid = c.workspace`;

export const findChange = (sql: Sql, id: string): ChangeRow | undefined =>
  sql.get<ChangeRow>(`${SELECT_CHANGE} WHERE c.id = ?`, id);

export const changeByRid = (sql: Sql, rid: number): ChangeRow | undefined =>
  sql.get<ChangeRow>(`${SELECT_CHANGE} WHERE c.rid = ?`, rid);

type ChangeData = Omit<
  StoredChange,
  "id" | "workspaceId" | "key" | "state" | "revision" | "reviewed" | "contributions"
>;

/** What stands in no column of its own. */
export function changeData(change: StoredChange): string {
  const { path, oldPath, oldKey, kind, agent, sessionId, turnId, hunks } = change;
  const { before, after, binary, additions, deletions } = change;
  return JSON.stringify({
    path,
    oldPath,
    oldKey,
    kind,
    agent,
    sessionId,
    turnId,
    hunks,
    before,
    after,
    binary,
    additions,
    deletions,
  } satisfies { [K in keyof ChangeData]: ChangeData[K] | undefined });
}

export type ChangeView = StoredChange & Pick<Change, "time" | "action" | "staged">;

export const toChangeView = (row: ChangeRow): ChangeView =>
  present<ChangeView>({
    ...newestForm("change", row, JSON.parse(row.data) as ChangeData),
    id: row.id as Change["id"],
    workspaceId: row.workspace_id as Change["workspaceId"],
    key: row.key,
    action: row.workspace_kind === "worktree" ? "apply" : "accept",
    revision: row.revision,
    state: row.state,
    contributions: JSON.parse(row.contributions) as Change["contributions"],
    reviewed: row.reviewed,
    staged: row.staged === 1,
    time: { created: row.time_created, updated: row.time_updated },
  });

/** As events and the API show it. */
export function toChange(row: ChangeRow): Change {
  const { key: _key, oldKey: _oldKey, ...change } = toChangeView(row);
  return change;
}
