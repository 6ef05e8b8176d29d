import {
  MAX_BATCH_OPS,
  type Model,
  type Omission,
  type PublisherId,
  type ShareId,
  type ShareKey,
  type ShareOperation,
} from "@holdfast/protocol";
import type { SqlValue } from "@holdfast/sqlite";
import type {
  SentForm,
  ShareHead,
  ShareMark,
  ShareMask,
  ShareQueries,
  ShareSource,
  ShareTask,
  SourceRow,
  StoredTask,
} from "../../port.ts";
import {
  type ChangeRow,
  findShare,
  foldParts,
  type MessageRow,
  type PartRow,
  SELECT_CHANGE,
  SELECT_MESSAGE,
  SELECT_PART,
  SELECT_SHARE,
  type ShareBatchRow,
  type ShareRow,
  findSession,
  type SessionRow,
  toBatch,
  toChange,
  toMessageInfo,
  toSession,
  toShare,
  toStoredShare,
} from "../rows/index.ts";
import { countOf, type Sql } from "../sql.ts";
import type { Read } from "./read.ts";

/** Shares and what waits to be sent of them. */
export function shareQueries(sql: Sql, read: Read): ShareQueries {
  const one = <T>(id: ShareId, to: (row: ShareRow) => T): Promise<T | undefined> =>
    read(() => {
      const row = findShare(sql, id);
      return row && to(row);
    });
  return {
    getShare: (id) => one(id, (row) => toShare(sql, row)),
    listShares: (query) => read(() => listShares(sql, query).map((row) => toShare(sql, row))),
    storedShare: (id) => one(id, (row) => toStoredShare(sql, row)),
    openShares: () =>
      read(() =>
        sql
          .all<{ id: ShareId }>(
            "SELECT id FROM share WHERE state NOT IN ('revoked', 'expired', 'detached') ORDER BY rid",
          )
          .map(({ id }) => id),
      ),
    shareHead: (id) => one(id, (row) => headOf(sql, row)),
    shareSource: ({ shareId, limit }) => one(shareId, (row) => sourceOf(sql, row, limit)),
    shareBatch: (query) => read(() => operationsOf(sql, query.batchId)),
    shareBlob: ({ shareId, hash }) =>
      read(
        () =>
          sql.get<{ bytes: Uint8Array | null }>(
            "SELECT b.bytes FROM share_blob b JOIN share h ON h.rid = b.share WHERE h.id = ? AND b.hash = ?",
            shareId,
            hash,
          )?.bytes ?? undefined,
      ),
    listShareBatches: (id) =>
      read(() =>
        sql
          .all<ShareBatchRow>(
            "SELECT b.* FROM share_batch b JOIN share h ON h.rid = b.share WHERE h.id = ? ORDER BY b.rid DESC LIMIT 101",
            id,
          )
          .map(toBatch),
      ),
    listShareTasks: (id) =>
      read(() =>
        sql
          .all<TaskRow>(
            "SELECT t.* FROM share_task t JOIN share h ON h.rid = t.share WHERE h.id = ? ORDER BY t.rid",
            id,
          )
          .map(toTask),
      ),
    shareOfRef: (refId) =>
      read(
        () =>
          sql.get<{ id: ShareId }>(
            `SELECT h.id FROM share_task t JOIN share h ON h.rid = t.share
             WHERE t.task ->> '$.kind' = 'mint' AND t.task ->> '$.ref.refId' = ? LIMIT 1`,
            refId,
          )?.id,
      ),
    publisherId: () => read(() => publisherOf(sql)),
  };
}

function listShares(sql: Sql, { sessionId, limit }: Parameters<ShareQueries["listShares"]>[0]): ShareRow[] {
  if (sessionId === undefined) return sql.all<ShareRow>(`${SELECT_SHARE} ORDER BY h.rid DESC LIMIT ?`, limit);
  return sql.all<ShareRow>(
    `${SELECT_SHARE} WHERE h.session_id = ? ORDER BY h.rid DESC LIMIT ?`,
    sessionId,
    limit,
  );
}

function publisherOf(sql: Sql): PublisherId {
  const row = sql.get<{ value: string }>("SELECT value FROM meta WHERE key = 'publisher'");
  if (row === undefined) throw new Error("The store has no publisher; its first transaction did not run.");
  return row.value as PublisherId;
}

type TaskRow = { rid: number; state: StoredTask["state"]; task: string };

const toTask = (row: TaskRow): StoredTask => ({
  number: row.rid,
  state: row.state,
  task: JSON.parse(row.task) as ShareTask,
});

function headOf(sql: Sql, row: ShareRow): ShareHead {
  const task = sql.get<TaskRow>(
    "SELECT * FROM share_task WHERE share = ? AND state = 'pending' ORDER BY rid LIMIT 1",
    row.rid,
  );
  const later =
    task === undefined
      ? 0
      : countOf(
          sql,
          "share_task WHERE share = ? AND state = 'pending' AND rid > ? AND task ->> '$.kind' = 'bump'",
          row.rid,
          task.rid,
        );
  const batch = sql.get<ShareBatchRow>(
    "SELECT * FROM share_batch WHERE share = ? AND state IN ('pending', 'in_flight')",
    row.rid,
  );
  const blob = sql.get<{ hash: string }>(
    "SELECT hash FROM share_blob WHERE share = ? AND uploaded = 0 ORDER BY rid LIMIT 1",
    row.rid,
  );
  return {
    share: toStoredShare(sql, row),
    task: task && toTask(task),
    laterBumps: later,
    batch: batch && toBatch(batch),
    blob,
    waiting: upToBatch(sql, "share_dirty WHERE share = ?", row.rid),
    unsent:
      row.committed === 1
        ? 0
        : upToBatch(sql, "share_dirty WHERE share = ? AND rid <= ?", row.rid, row.paged_to),
  };
}

/** A sender looks before each step, also when a long history waits: nobody counts that whole. */
const upToBatch = (sql: Sql, from: string, ...params: SqlValue[]): number =>
  countOf(sql, `(SELECT 1 FROM ${from} LIMIT ${MAX_BATCH_OPS})`, ...params);

type Marked = ShareMark & { rid: number };

function sourceOf(sql: Sql, row: ShareRow, limit: number): ShareSource {
  const marks = sql.all<Marked>(
    "SELECT rid, key, version FROM share_dirty WHERE share = ? ORDER BY rid LIMIT ?",
    row.rid,
    limit,
  );
  const session = findSession(sql, row.session_id);
  const own = rowsOf(
    sql,
    session,
    marks.map(({ key }) => key),
  );
  const keys = withParents(sql, row.rid, own);
  const parents = keys.filter((key) => !marks.some((mark) => mark.key === key));
  const rows = [...own, ...rowsOf(sql, session, parents)];
  const raised = parents.flatMap((key) => markOf(sql, row.rid, key) ?? []);
  const known = keyed<{ key: string; form: string }>(sql, "share_sent", row.rid, keys);
  const withheld = keyed<{ key: string; reason: Omission }>(sql, "share_withheld", row.rid, keys);
  return {
    marks: [...marks, ...raised].map(({ key, version }) => ({ key, version })),
    rows: inOrder(rows),
    sent: Object.fromEntries(known.map(({ key, form }) => [key, JSON.parse(form) as SentForm])),
    masks: sql.all<ShareMask>(
      "SELECT number, kind, value FROM share_mask WHERE share = ? ORDER BY number",
      row.rid,
    ),
    blobs: sql
      .all<{ hash: string }>("SELECT hash FROM share_blob WHERE share = ?", row.rid)
      .map(({ hash }) => hash),
    withheld: Object.fromEntries(withheld.map(({ key, reason }) => [key, reason])),
  };
}

const markOf = (sql: Sql, share: number, key: ShareKey): ShareMark | undefined =>
  sql.get<ShareMark>("SELECT key, version FROM share_dirty WHERE share = ? AND key = ?", share, key);

function keyed<T>(sql: Sql, table: string, share: number, keys: readonly ShareKey[]): T[] {
  if (keys.length === 0) return [];
  const marks = keys.map(() => "?").join(", ");
  return sql.all<T>(`SELECT * FROM ${table} WHERE share = ? AND key IN (${marks})`, share, ...keys);
}

/** The keys with those of the messages that their parts stand in and that the service does not show yet (S-20). */
function withParents(sql: Sql, share: number, rows: readonly SourceRow[]): ShareKey[] {
  const keys = new Set(rows.map(({ key }) => key));
  for (const row of rows) {
    if (row.row !== "part") continue;
    const parent = `message:${row.message.id}`;
    if (keys.has(parent)) continue;
    const isSent = sql.get(
      "SELECT 1 FROM share_sent WHERE share = ? AND key = ? AND omitted IS NULL",
      share,
      parent,
    );
    if (isSent === undefined) keys.add(parent);
  }
  return [...keys];
}

const RANKS = ["session", "models", "usage", "message", "part", "change"];

/** Session, messages, parts, changes (S-20); each kind as it was marked, messages and parts in their places. */
function inOrder(rows: readonly SourceRow[]): SourceRow[] {
  const rank = ({ key }: SourceRow) => RANKS.indexOf(key.split(":", 1)[0] ?? "");
  const place = (row: SourceRow): [number, number] =>
    row.row === "message" || row.row === "part"
      ? [row.message.ordinal ?? 0, row.row === "part" ? (row.part.ordinal ?? 0) : 0]
      : [0, 0];
  return rows.toSorted((one, other) => {
    const [a, b] = [place(one), place(other)];
    return rank(one) - rank(other) || a[0] - b[0] || a[1] - b[1];
  });
}

function rowsOf(sql: Sql, session: SessionRow | undefined, keys: readonly ShareKey[]): SourceRow[] {
  return session === undefined
    ? keys.map((key) => ({ key, row: "none" }))
    : keys.map((key) => rowOf(sql, session, key));
}

/** A message that has no place in the history yet is not seen, nor are its parts. */
function rowOf(sql: Sql, session: SessionRow, key: ShareKey): SourceRow {
  const none: SourceRow = { key, row: "none" };
  const id = key.slice(key.indexOf(":") + 1);
  switch (key.split(":", 1)[0]) {
    case "session":
      return { key, row: "session", session: toSession(session) };
    case "usage":
      return { key, row: "usage", usage: toSession(session).usage };
    case "models":
      return { key, row: "models", models: modelsOf(sql, session.rid) };
    case "message": {
      const row = sql.get<MessageRow>(`${SELECT_MESSAGE} WHERE m.id = ? AND m.session = ?`, id, session.rid);
      return row === undefined || row.ordinal === null
        ? none
        : { key, row: "message", message: toMessageInfo(row) };
    }
    case "part":
      return partOf(sql, session.rid, key, id) ?? none;
    default: {
      const row = sql.get<ChangeRow>(
        `${SELECT_CHANGE} WHERE c.id = ? AND c.workspace = ?`,
        id,
        session.workspace,
      );
      return row === undefined ? none : { key, row: "change", change: toChange(row) };
    }
  }
}

function partOf(sql: Sql, session: number, key: ShareKey, id: string): SourceRow | undefined {
  const row = sql.get<PartRow>(`${SELECT_PART} WHERE p.id = ? AND p.session = ?`, id, session);
  const message = row && sql.get<MessageRow>(`${SELECT_MESSAGE} WHERE m.rid = ?`, row.message);
  if (row === undefined || message === undefined || message.ordinal === null) return undefined;
  const part = foldParts(sql, [row])[0];
  return part && { key, row: "part", part, message: toMessageInfo(message) };
}

/** Each model that answered, once, in the order of the first answers. */
function modelsOf(sql: Sql, session: number): Model[] {
  const rows = sql.all<{ model: string }>(
    `SELECT data ->> '$.model' AS model FROM message WHERE session = ? AND role = 'assistant' AND ordinal IS NOT NULL
     AND data ->> '$.model' IS NOT NULL GROUP BY 1 ORDER BY min(ordinal) LIMIT 100`,
    session,
  );
  return rows.map(({ model }) => JSON.parse(model) as Model);
}

type OperationRow = {
  seq: number;
  id: string;
  type: string;
  key: string;
  depends_on: string;
  payload: string;
  payload_hash: string;
};

function operationsOf(sql: Sql, batchId: string): ShareOperation[] {
  return sql
    .all<OperationRow>(
      "SELECT o.* FROM share_operation o JOIN share_batch b ON b.rid = o.batch WHERE b.id = ? ORDER BY o.seq",
      batchId,
    )
    .map((row) => ({
      opId: row.id as ShareOperation["opId"],
      batchId: batchId as ShareOperation["batchId"],
      seq: row.seq,
      type: row.type,
      key: row.key,
      dependsOn: JSON.parse(row.depends_on) as string[],
      payload: JSON.parse(row.payload) as ShareOperation["payload"],
      payloadHash: row.payload_hash,
    }));
}
