import type { SnapshotRow } from "../../port.ts";
import { present } from "../sql.ts";

export type StoredSnapshot = {
  ref: string;
  workspace_id: string;
  session_id: string | null;
  turn_id: string | null;
  commit_id: string;
  tree: string;
  time: number;
};

export const SELECT_SNAPSHOT = `SELECT s.ref, w.id AS workspace_id, s.session_id, s.turn_id, s.commit_id, s.tree, s.time FROM snapshot s
  JOIN workspace w ON w.rid = s.workspace`;

export const toSnapshot = (row: StoredSnapshot): SnapshotRow =>
  present<SnapshotRow>({
    ref: row.ref,
    workspaceId: row.workspace_id as SnapshotRow["workspaceId"],
    sessionId: row.session_id as SnapshotRow["sessionId"],
    turnId: row.turn_id as SnapshotRow["turnId"],
    commit: row.commit_id,
    tree: row.tree,
    time: row.time,
  });
