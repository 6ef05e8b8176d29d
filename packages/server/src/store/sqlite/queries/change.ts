import { notFound } from "@holdfast/kernel";
import type { Tracking, WorkspaceId } from "@holdfast/protocol";
import type { ChangeQueries, SnapshotRow } from "../../port.ts";
import {
  type ChangeRow,
  type ChangeView,
  findChange,
  SELECT_CHANGE,
  SELECT_SNAPSHOT,
  type StoredSnapshot,
  toChangeView,
  toSnapshot,
} from "../rows/index.ts";
import { fromJson, type Sql } from "../sql.ts";
import type { Read } from "./read.ts";

/** Days for which an act of review can be undone, in ms (W-3). */
const UNDO_MS = 7 * 86_400_000;

/** Pending changes and snapshots, but for what the reader thread answers. */
export function changeQueries(sql: Sql, read: Read): Omit<ChangeQueries, "unneededSnapshots"> {
  return {
    getTracking: (id) => read(() => getTracking(sql, id)),
    listChanges: (query) => read(() => listChanges(sql, query)),
    getChange: (id) =>
      read(() => {
        const row = findChange(sql, id);
        return row && toChangeView(row);
      }),
    turnSnapshots: (id) => read(() => snapshots(sql, "WHERE s.turn_id = ? ORDER BY s.rid", id)),
    newestSnapshot: (id) =>
      read(() => snapshots(sql, `WHERE s.workspace = ${WORKSPACE} ORDER BY s.rid DESC LIMIT 1`, id)[0]),
  };
}

const WORKSPACE = "(SELECT rid FROM workspace WHERE id = ?)";

const snapshots = (sql: Sql, rest: string, id: string): SnapshotRow[] =>
  sql.all<StoredSnapshot>(`${SELECT_SNAPSHOT} ${rest}`, id).map(toSnapshot);

function getTracking(sql: Sql, id: WorkspaceId): Tracking {
  const row = sql.get<{ tracking: string | null }>("SELECT tracking FROM workspace WHERE id = ?", id);
  if (row === undefined) throw notFound("workspace", id);
  return fromJson<Tracking>(row.tracking) ?? { state: "on", uncaptured: [], uncapturedCount: 0 };
}

/** By path. */
function listChanges(sql: Sql, query: Parameters<ChangeQueries["listChanges"]>[0]): ChangeView[] {
  const { workspaceId, states } = query;
  const condition = states === undefined ? "" : `AND c.state IN (${states.map(() => "?").join(", ")})`;
  return sql
    .all<ChangeRow>(
      `${SELECT_CHANGE} WHERE c.workspace = ${WORKSPACE} ${condition} ORDER BY c.key`,
      workspaceId,
      ...(states ?? []),
    )
    .map(toChangeView);
}

/**
 * Refs that nothing needs (W-3), oldest first. It reads every pending change of a workspace, so it runs in the reader thread. What an operation names stands
 * somewhere in its plan, as text.
 */
export function unneededSnapshots(
  sql: Sql,
  query: { before: number; limit: number; now: number },
): SnapshotRow[] {
  return sql
    .all<StoredSnapshot>(
      `WITH named (commit_id) AS MATERIALIZED (
         SELECT DISTINCT side.value FROM change c, json_each(c.contributions) x, json_each(json_array(x.value ->> '$.before', x.value ->> '$.after')) side)
       ${SELECT_SNAPSHOT} WHERE s.time < ? AND s.commit_id NOT IN (SELECT commit_id FROM named WHERE commit_id IS NOT NULL)
       AND s.tree IS NOT w.tracking ->> '$.baseline' AND s.tree IS NOT w.tracking ->> '$.newest'
       AND NOT EXISTS (SELECT 1 FROM operation o WHERE (o.state = 'running' OR o.time_ended >= ?)
         AND (instr(o.data, s.commit_id) OR instr(o.data, s.tree) OR instr(o.data, s.ref)))
       ORDER BY s.time LIMIT ?`,
      query.before,
      query.now - UNDO_MS,
      query.limit,
    )
    .map(toSnapshot);
}
