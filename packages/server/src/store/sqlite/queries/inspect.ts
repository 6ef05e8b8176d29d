import type { Diagnostics } from "@holdfast/protocol";
import type { Sql } from "../sql.ts";

/** Each finds rows that the store's own rules forbid; an empty answer is a healthy store (D-38). */
const DRIFT: [what: string, sql: string][] = [
  [
    "session whose counter is behind its log",
    "SELECT s.id FROM session s WHERE s.last_seq < (SELECT max(seq) FROM event e WHERE e.session = s.rid)",
  ],
  [
    "session whose queue length is wrong",
    "SELECT s.id FROM session s WHERE s.queue_length <> (SELECT count(*) FROM input i WHERE i.session = s.rid AND i.state = 'queued')",
  ],
  [
    "session that is busy without a live turn",
    "SELECT s.id FROM session s WHERE s.status <> 'idle' AND NOT EXISTS (SELECT 1 FROM turn t WHERE t.session = s.rid AND t.state IN ('running', 'finalizing'))",
  ],
  [
    "ended turn with an answer that is still open (D-9)",
    `SELECT t.id FROM turn t JOIN message m ON m.turn = t.rid WHERE t.state IN ('completed', 'failed', 'aborted')
     AND m.role = 'assistant' AND m.data ->> '$.time.completed' IS NULL`,
  ],
  [
    "ended turn with an open part",
    `SELECT p.id FROM part p JOIN message m ON m.rid = p.message JOIN turn t ON t.rid = m.turn
     WHERE p.open = 1 AND t.state IN ('completed', 'failed', 'aborted')`,
  ],
  [
    "permission request pending on an ended turn",
    "SELECT p.id FROM permission p JOIN turn t ON t.rid = p.turn WHERE p.state = 'pending' AND t.state IN ('completed', 'failed', 'aborted')",
  ],
  [
    "question pending on an ended turn",
    "SELECT q.id FROM question q JOIN turn t ON t.rid = q.turn WHERE q.state = 'pending' AND t.state IN ('completed', 'failed', 'aborted')",
  ],
  [
    "write lease of a turn that does not run (A-14)",
    `SELECT w.id FROM workspace_lease l JOIN workspace w ON w.rid = l.workspace JOIN turn t ON t.rid = l.turn
     WHERE t.state NOT IN ('running', 'finalizing')`,
  ],
  [
    "write lease of an operation that has ended (W-9)",
    "SELECT w.id FROM workspace_lease l JOIN workspace w ON w.rid = l.workspace JOIN operation o ON o.rid = l.operation WHERE o.state <> 'running'",
  ],
  [
    "workspace without its worktree, or a worktree in a project's own directory (W-1)",
    `SELECT w.id FROM workspace w LEFT JOIN worktree t ON t.workspace = w.rid WHERE (w.kind = 'worktree') <> (t.rid IS NOT NULL)`,
  ],
  [
    "worktree whose creation or removal nobody is at work on (W-9)",
    `SELECT t.id FROM worktree t WHERE t.state IN ('creating', 'removing')
     AND NOT EXISTS (SELECT 1 FROM operation o WHERE o.worktree_id = t.id AND o.state = 'running')`,
  ],
  [
    "row of no session without its event (D-4)",
    `SELECT id FROM (SELECT id, event_position FROM project UNION ALL SELECT id, event_position FROM workspace
     UNION ALL SELECT id, event_position FROM worktree UNION ALL SELECT id, event_position FROM change)
     WHERE event_position > 0 AND event_position NOT IN (SELECT position FROM event WHERE session IS NULL)`,
  ],
  [
    "row ahead of its session's log",
    "SELECT p.id FROM part p JOIN session s ON s.rid = p.session WHERE p.seq > s.last_seq",
  ],
  [
    "blob with a wrong count",
    "SELECT b.hash AS id FROM blob b WHERE b.count <> (SELECT count(*) FROM blob_reference r WHERE r.blob = b.rid)",
  ],
];

const MOST = 50;

export function inspect(sql: Sql): Omit<Diagnostics, "leftoverProcesses" | "stuckTurns"> & {
  liveTurns: { id: string; instance: string | null }[];
} {
  const check = sql
    .all<{ integrity_check: string }>("PRAGMA integrity_check(20)")
    .map((row) => row.integrity_check);
  const foreign = sql.all<{ table: string; rowid: number; parent: string }>("PRAGMA foreign_key_check");
  const drift = DRIFT.flatMap(([what, query]) =>
    sql.all<{ id: string }>(`${query} LIMIT ${MOST}`).map(({ id }) => `${id}: ${what}`),
  );
  const count = (table: string) => sql.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;
  const pages = sql.get<{ page_count: number }>("PRAGMA page_count")?.page_count ?? 0;
  const size = sql.get<{ page_size: number }>("PRAGMA page_size")?.page_size ?? 0;
  return {
    integrity: check.filter((line) => line !== "ok"),
    foreignKeys: foreign.slice(0, MOST).map((row) => `${row.table} row ${row.rowid} has no ${row.parent}`),
    drift,
    liveTurns: sql.all<{ id: string; instance: string | null }>(
      "SELECT t.id, c.instance FROM turn t LEFT JOIN claim c ON c.session = t.session WHERE t.state IN ('running', 'finalizing')",
    ),
    sizes: {
      databaseBytes: pages * size,
      walBytes: 0,
      sessions: count("session"),
      messages: count("message"),
      parts: count("part"),
      events: count("event"),
    },
  };
}
