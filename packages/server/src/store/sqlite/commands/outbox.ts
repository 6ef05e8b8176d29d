/**
 * What waits to be sent of a share (S-3, S-21).
 *
 *   change ─► mark ─► freeze ─► pending ─► in_flight ─► acked
 *              ▲                   ▲           │  └────► failed (its keys are marked again)
 *              └── raised again    └───────────┘ outcome unknown: the same bytes
 *
 * - One batch of a share is frozen at a time. What it carries does not change until the service has answered for it.
 * - A mark goes only at the version that was read for the freeze: a change meanwhile keeps it, behind the others.
 * - What counts as sent is written with the acknowledgement, so that a batch that is given up leaves nothing behind.
 */
import { HoldfastError } from "@holdfast/kernel";
import { EMPTY_CHAIN, type ShareKey } from "@holdfast/protocol";
import type { SentForm, ShareClaim, ShareCommands, ShareMark } from "../../port.ts";
import { findSession, type ShareBatchRow, type ShareRow } from "../rows/index.ts";
import { AGAIN, markKey } from "../share-marks.ts";
import { claimedShare, giveUpBatch, tellProgress, tellShare } from "../share-rows.ts";
import { toJson, type Write } from "../sql.ts";

type CommandOf<N extends keyof ShareCommands> = Parameters<ShareCommands[N]>[0];

/** Headers of ended batches that stay listed (S-21), and how long a resync counts (S-33). */
const KEPT_BATCHES = 100;
const DAY_MS = 86_400_000;

/** A share that is sent; CONFLICT once it is in another state. */
function sentShare(write: Write, claim: ShareClaim): ShareRow {
  const row = claimedShare(write, claim);
  if (row.state === "live") return row;
  throw new HoldfastError("CONFLICT", `Share ${row.id} is ${row.state}.`, { data: { state: row.state } });
}

export function beginShareStream(write: Write, command: CommandOf<"beginShareStream">): void {
  const row = sentShare(write, command);
  giveUpBatch(write, row.rid);
  write.run("DELETE FROM share_sent WHERE share = ?", row.rid);
  const resyncs = (JSON.parse(row.resyncs) as number[]).filter(
    (time) => time > write.now - DAY_MS && time <= write.now,
  );
  if (command.isResync) resyncs.push(write.now);
  write.run(
    `UPDATE share SET stream = ?, begun = 0, committed = 0, cursor = 0, chain = ?, paging = '', paged_to = 0, resyncs = ?, attempts = 0, next_retry = NULL
     WHERE rid = ?`,
    command.stream,
    EMPTY_CHAIN,
    JSON.stringify(resyncs),
    row.rid,
  );
  tellShare(write, row.rid);
}

/** `<ordinal>`: messages up to it are marked; `changes`: what is left. */
export function pageShare(write: Write, command: CommandOf<"pageShare">): void {
  const row = sentShare(write, command);
  if (row.paging === null) return;
  const session = findSession(write, row.session_id);
  if (row.paging === "") for (const key of ["session", "models", "usage"]) markKey(write, row.rid, key);
  const after = row.paging === "" ? -1 : Number(row.paging);
  const messages = write.all<{ rid: number; id: string; ordinal: number }>(
    "SELECT rid, id, ordinal FROM message WHERE session = ? AND ordinal > ? ORDER BY ordinal LIMIT ?",
    session?.rid ?? 0,
    after,
    command.limit,
  );
  for (const message of messages) {
    markKey(write, row.rid, `message:${message.id}`);
    write.run(
      `INSERT INTO share_dirty (share, key, time) SELECT ?, 'part:' || id, ? FROM part WHERE session = ? AND message = ? ORDER BY ordinal ${AGAIN}`,
      row.rid,
      write.now,
      session?.rid ?? 0,
      message.rid,
    );
  }
  const last = messages.at(-1);
  if (last !== undefined && messages.length === command.limit) {
    write.run("UPDATE share SET paging = ? WHERE rid = ?", String(last.ordinal), row.rid);
    return;
  }
  endPaging(write, row, session?.workspace ?? 0);
}

function endPaging(write: Write, row: ShareRow, workspace: number): void {
  write.run(
    `INSERT INTO share_dirty (share, key, time) SELECT ?, 'change:' || id, ? FROM change WHERE workspace = ? ORDER BY rid ${AGAIN}`,
    row.rid,
    write.now,
    workspace,
  );
  // Rows that the service has and that are gone here.
  write.run(
    `INSERT INTO share_dirty (share, key, time) SELECT ?, key, ? FROM share_sent WHERE share = ? ${AGAIN}`,
    row.rid,
    write.now,
    row.rid,
  );
  write.run(
    "UPDATE share SET paging = NULL, paged_to = coalesce((SELECT max(rid) FROM share_dirty WHERE share = ?), 0) WHERE rid = ?",
    row.rid,
    row.rid,
  );
}

export function freezeShareBatch(write: Write, command: CommandOf<"freezeShareBatch">): void {
  const row = sentShare(write, command);
  const { batch } = command;
  if (openBatch(write, row.rid) !== undefined)
    throw new HoldfastError("CONFLICT", `Share ${row.id} has a batch that is frozen already.`);
  if (batch !== undefined && batch.stream !== row.stream)
    throw new HoldfastError("CONFLICT", `Share ${row.id} goes by another stream now.`);
  for (const blob of command.blobs) putBlob(write, row.rid, blob);
  for (const mark of command.marks) clearMark(write, row.rid, mark);
  putMasks(write, row, command.masks);
  if (batch !== undefined) putBatch(write, row, batch);
}

/** A mark that was raised since it was read stays, and goes behind the others, so that a row that changes all the time holds nobody up (S-33). */
function clearMark(write: Write, share: number, { key, version }: ShareMark): void {
  const where = "share = ? AND key = ?";
  const cleared = write.run(`DELETE FROM share_dirty WHERE ${where} AND version = ?`, share, key, version);
  write.run(`DELETE FROM share_withheld WHERE ${where}`, share, key);
  if (cleared === 1) return;
  const raised = write.get<{ time: number; version: number }>(
    `SELECT time, version FROM share_dirty WHERE ${where}`,
    share,
    key,
  );
  if (raised === undefined) return;
  write.run(`DELETE FROM share_dirty WHERE ${where}`, share, key);
  write.run(
    "INSERT INTO share_dirty (share, key, version, time) VALUES (?, ?, ?, ?)",
    share,
    key,
    raised.version,
    raised.time,
  );
}

/** What was sent before a value was masked has to be looked at again (S-26). */
function putMasks(write: Write, row: ShareRow, masks: CommandOf<"freezeShareBatch">["masks"]): void {
  for (const { number, kind, value } of masks)
    write.run(
      "INSERT INTO share_mask (share, number, kind, value) VALUES (?, ?, ?, ?)",
      row.rid,
      number,
      kind,
      value,
    );
  if (masks.length === 0) return;
  write.run(
    `INSERT INTO share_dirty (share, key, time) SELECT ?, key, ? FROM share_sent WHERE share = ? ${AGAIN}`,
    row.rid,
    write.now,
    row.rid,
  );
  holdCommit(write, row);
}

function putBlob(
  write: Write,
  share: number,
  { hash, mime, bytes }: CommandOf<"freezeShareBatch">["blobs"][number],
): void {
  write.run(
    "INSERT INTO share_blob (share, hash, mime, size, bytes) VALUES (?, ?, ?, ?, ?) ON CONFLICT (share, hash) DO NOTHING",
    share,
    hash,
    mime,
    bytes.byteLength,
    bytes,
  );
}

function putBatch(
  write: Write,
  row: ShareRow,
  batch: NonNullable<CommandOf<"freezeShareBatch">["batch"]>,
): void {
  const { operations } = batch;
  const first = operations[0]?.operation.seq ?? 0;
  if (first !== row.cursor + 1)
    throw new Error(`Batch ${batch.id} begins at ${first}, and share ${row.id} is at ${row.cursor}.`);
  const rid = write.insert(
    `INSERT INTO share_batch (id, share, stream, state, first_seq, last_seq, previous_chain, chain, time_frozen)
     VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?)`,
    batch.id,
    row.rid,
    batch.stream,
    first,
    first + operations.length - 1,
    row.chain ?? EMPTY_CHAIN,
    batch.chain,
    write.now,
  );
  for (const { operation, sent } of operations)
    write.run(
      `INSERT INTO share_operation (batch, seq, id, type, key, depends_on, payload, payload_hash, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      rid,
      operation.seq,
      operation.opId,
      operation.type,
      operation.key,
      JSON.stringify(operation.dependsOn),
      JSON.stringify(operation.payload),
      operation.payloadHash,
      toJson(sent),
    );
}

const openBatch = (write: Write, share: number): ShareBatchRow | undefined =>
  write.get<ShareBatchRow>(
    "SELECT * FROM share_batch WHERE share = ? AND state IN ('pending', 'in_flight')",
    share,
  );

/** The batch with this id while it is the frozen one; a person may have ended the share meanwhile. */
function frozen(write: Write, row: ShareRow, id: string): ShareBatchRow | undefined {
  const batch = openBatch(write, row.rid);
  return batch?.id === id ? batch : undefined;
}

export function startShareBatch(write: Write, command: CommandOf<"startShareBatch">): void {
  const row = sentShare(write, command);
  const batch = frozen(write, row, command.batchId);
  if (batch === undefined)
    throw new HoldfastError("CONFLICT", `Batch ${command.batchId} is not the one that is frozen.`);
  write.run("UPDATE share_batch SET state = 'in_flight', attempts = attempts + 1 WHERE rid = ?", batch.rid);
  write.run("UPDATE share SET attempts = ? WHERE rid = ?", batch.attempts + 1, row.rid);
}

export function retryShareBatch(write: Write, command: CommandOf<"retryShareBatch">): void {
  const row = claimedShare(write, command);
  const batch = frozen(write, row, command.batchId);
  if (batch === undefined) return;
  const { nextRetryAt, error } = command;
  const json = JSON.stringify(error);
  write.run(
    "UPDATE share_batch SET state = 'pending', next_retry = ?, last_error = ? WHERE rid = ?",
    nextRetryAt,
    json,
    batch.rid,
  );
  write.run("UPDATE share SET next_retry = ?, last_error = ? WHERE rid = ?", nextRetryAt, json, row.rid);
  tellShare(write, row.rid);
}

type OperationRow = { id: string; type: string; key: ShareKey; sent: string | null };

export function ackShareBatch(write: Write, command: CommandOf<"ackShareBatch">): void {
  const row = claimedShare(write, command);
  const batch = frozen(write, row, command.batchId);
  if (batch === undefined) return;
  if (command.chain !== batch.chain)
    throw new Error(`Batch ${batch.id} was acknowledged with another chain than it has.`);
  const rejected = new Set(command.rejected);
  const operations = write.all<OperationRow>(
    "SELECT id, type, key, sent FROM share_operation WHERE batch = ? ORDER BY seq",
    batch.rid,
  );
  const shown = operations.filter((operation) =>
    putSent(write, row.rid, operation, rejected.has(operation.id)),
  );
  for (const { key } of shown) markUnsentParts(write, row, key);
  write.run("DELETE FROM share_operation WHERE batch = ?", batch.rid);
  write.run(
    "UPDATE share_batch SET state = 'acked', next_retry = NULL, time_ended = ? WHERE rid = ?",
    write.now,
    batch.rid,
  );
  write.run(
    `DELETE FROM share_batch WHERE share = ? AND state IN ('acked', 'failed')
     AND rid NOT IN (SELECT rid FROM share_batch WHERE share = ? ORDER BY rid DESC LIMIT ${KEPT_BATCHES + 1})`,
    row.rid,
    row.rid,
  );
  write.run(
    "UPDATE share SET cursor = ?, chain = ?, attempts = 0, next_retry = NULL, last_error = NULL, time_acknowledged = ? WHERE rid = ?",
    batch.last_seq,
    batch.chain,
    write.now,
    row.rid,
  );
  tellProgress(write, row);
}

/** What the service has of the key now; answers whether it is a message that it did not show before. */
function putSent(write: Write, share: number, operation: OperationRow, isRejected: boolean): boolean {
  const { key, type, sent } = operation;
  const before = write.get<{ omitted: string | null }>(
    "SELECT omitted FROM share_sent WHERE share = ? AND key = ?",
    share,
    key,
  );
  const form = sent === null ? undefined : (JSON.parse(sent) as SentForm);
  if (form === undefined && !isRejected) {
    write.run("DELETE FROM share_sent WHERE share = ? AND (key = ? OR parent = ?)", share, key, key);
    return false;
  }
  // A refused row is omitted there: it is not sent again until it changes, and then whole (S-22).
  const known: SentForm = isRejected
    ? { hash: form?.hash ?? "", parent: form?.parent, omitted: "refused" }
    : (form ?? { hash: "" });
  write.run(
    "INSERT OR REPLACE INTO share_sent (share, key, parent, omitted, form) VALUES (?, ?, ?, ?, ?)",
    share,
    key,
    known.parent ?? null,
    known.omitted ?? null,
    JSON.stringify(known),
  );
  return type === "message.updated" && !isRejected && (before === undefined || before.omitted !== null);
}

/** Parts that could not be shown without their message. */
function markUnsentParts(write: Write, row: ShareRow, key: ShareKey): void {
  write.run(
    `INSERT INTO share_dirty (share, key, time) SELECT ?, 'part:' || p.id, ? FROM message m JOIN part p ON p.session = m.session AND p.message = m.rid
     WHERE m.id = ? AND NOT EXISTS (SELECT 1 FROM share_sent t WHERE t.share = ? AND t.key = 'part:' || p.id AND t.omitted IS NULL) ${AGAIN}`,
    row.rid,
    write.now,
    key.slice("message:".length),
    row.rid,
  );
  holdCommit(write, row);
}

/** What was marked again is still to be sent before readers may see a stream that nobody has seen yet (S-31). */
const holdCommit = (write: Write, { rid }: ShareRow): unknown =>
  write.run(
    "UPDATE share SET paged_to = max(paged_to, coalesce((SELECT max(rid) FROM share_dirty WHERE share = ?1), 0)) WHERE rid = ?1 AND committed = 0",
    rid,
  );

export function dropShareBatch(write: Write, command: CommandOf<"dropShareBatch">): void {
  const row = claimedShare(write, command);
  const batch = frozen(write, row, command.batchId);
  if (batch === undefined) return;
  write.run(
    `INSERT INTO share_dirty (share, key, time) SELECT ?, key, ? FROM share_operation WHERE batch = ? ORDER BY seq ${AGAIN}`,
    row.rid,
    batch.time_frozen,
    batch.rid,
  );
  holdCommit(write, row);
  for (const { key, reason } of command.omit)
    write.run(
      "INSERT OR REPLACE INTO share_withheld (share, key, reason) VALUES (?, ?, ?)",
      row.rid,
      key,
      reason,
    );
  giveUpBatch(write, row.rid, JSON.stringify(command.error));
  write.run(
    "UPDATE share SET attempts = 0, next_retry = NULL, last_error = ? WHERE rid = ?",
    JSON.stringify(command.error),
    row.rid,
  );
  tellShare(write, row.rid);
}

export function settleShareBlob(write: Write, command: CommandOf<"settleShareBlob">): void {
  const { rid } = claimedShare(write, command);
  const where = "share = ? AND hash = ?";
  if (command.uploaded) {
    write.run(`UPDATE share_blob SET uploaded = 1, bytes = NULL WHERE ${where}`, rid, command.hash);
    return;
  }
  write.run(`DELETE FROM share_blob WHERE ${where} AND bytes IS NULL`, rid, command.hash);
  write.run(`UPDATE share_blob SET uploaded = 0 WHERE ${where}`, rid, command.hash);
}
