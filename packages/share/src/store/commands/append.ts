/**
 * `appendOps` (S-7, S-22): one transaction, all or nothing, checked in this order:
 *
 *   grant -> way of writing -> store, epochs -> stream -> known operations -> place in the stream -> chain -> blobs -> each operation -> quota
 *
 * What is known is looked up before anything is judged, so that a stricter service cannot turn a lost answer into a refusal. An operation that is
 * rejected uses its seq up and stands in ledger and chain like one that was applied.
 */
import { chainAfter, HoldfastError } from "@holdfast/kernel";
import type { AppendAnswer, ShareId } from "@holdfast/protocol";
import { admit, type By } from "../access.ts";
import { apply, omit, type Rejection, settle, type Target } from "../apply.ts";
import { auditOften } from "../audit.ts";
import type { PreparedOp } from "../effect.ts";
import { countWrite } from "../grants.ts";
import { findItem } from "../item.ts";
import { EventLog } from "../note.ts";
import type { ShareRow, StreamRow } from "../share-row.ts";
import type { Write } from "../sql.ts";
import { requireBlobs, requireQuota } from "./require.ts";
import { requireWriter, type Writing } from "./writer.ts";

/** Operations that the ledger keeps at least, acknowledged or not. */
const LEDGER_LENGTH = 10_000;

export type PreparedBatch = Writing & {
  stream: string;
  expectedCursor: number;
  previousChain: string;
  acknowledged: number;
  ops: readonly PreparedOp[];
};

type Known = { op_id: string; seq: number; hash: string; code: Rejection | null };
type Result = AppendAnswer["results"][number];

export function appendOps(
  write: Write,
  { shareId, by, batch }: { shareId: ShareId; by: By; batch: PreparedBatch },
): AppendAnswer {
  const { share, line } = admit(write, write.now, { shareId, by, access: "append" });
  if (share.mode === "whole")
    throw new HoldfastError("SHARE_MODE", `The share ${shareId} is written by whole state.`);
  requireWriter(write, share, batch);
  const stream = streamOf(write, share, batch.stream);
  const known = knownOf(write, stream, batch.ops);
  const fresh = batch.ops.slice(known.length);
  auditOften(write, { share, by, grant: line[0], action: "appendOps" });
  const [next] = fresh;
  if (next === undefined) {
    requireChain(stream, batch, known.length);
    return answerOf(write, stream, known);
  }
  requirePlace(stream, batch, next.seq);
  requireChain(stream, batch, known.length);
  requireBlobs(write, share, blobsOf(fresh));
  const results = [...known, ...applyAll(write, share, stream, fresh)];
  countWrite(write, line);
  forget(write, stream, batch, next.seq + fresh.length - 1);
  return answerOf(write, streamOf(write, share, batch.stream), results);
}

function streamOf(write: Write, share: ShareRow, id: string): StreamRow {
  const stream = write.get<StreamRow>(
    "SELECT * FROM stream WHERE share = ? AND id = ? AND rid IN (?, ?)",
    share.rid,
    id,
    share.live,
    share.staged,
  );
  if (stream !== undefined) return stream;
  throw new HoldfastError("STREAM_UNKNOWN", `The share ${share.id} has no stream ${id}; begin a new one.`);
}

/** Results of the operations at the head of a batch that were taken before. Throws OP_ID_REUSED. */
function knownOf(write: Write, stream: StreamRow, ops: readonly PreparedOp[]): Result[] {
  const rows = write.all<Known>(
    "SELECT op_id, seq, hash, code FROM ledger WHERE stream = ? AND op_id IN (SELECT value FROM json_each(?))",
    stream.rid,
    JSON.stringify(ops.map(({ opId }) => opId)),
  );
  const byId = new Map(rows.map((row) => [row.op_id, row]));
  const results: Result[] = [];
  for (const [at, { opId, seq, hash }] of ops.entries()) {
    const row = byId.get(opId);
    if (row !== undefined && (row.hash !== hash || row.seq !== seq))
      throw new HoldfastError(
        "OP_ID_REUSED",
        `The operation ${opId} was sent before with another payload or place.`,
        {
          data: { opId },
        },
      );
    // Below what the ledger remembers, stream and seq decide.
    const isKnown = row !== undefined || seq <= stream.forgotten;
    if (isKnown && results.length === at)
      results.push(resultOf(opId, seq, row?.code ?? undefined, "duplicate"));
    else if (isKnown) throw conflict(stream);
  }
  return results;
}

const resultOf = (
  opId: string,
  seq: number,
  code: Rejection | undefined,
  outcome: "applied" | "duplicate",
): Result =>
  ({
    opId,
    seq,
    outcome: code === undefined ? outcome : "rejected",
    ...(code === undefined ? {} : { code }),
  }) as Result;

const conflict = (stream: StreamRow): HoldfastError =>
  new HoldfastError(
    "CURSOR_CONFLICT",
    `The stream ${stream.id} is at ${stream.cursor}, with other operations.`,
    {
      data: { actual: stream.cursor },
    },
  );

function requirePlace(stream: StreamRow, batch: PreparedBatch, next: number): void {
  const expected = stream.cursor + 1;
  if (next > expected || batch.expectedCursor > stream.cursor)
    throw new HoldfastError(
      "SEQ_GAP",
      `The stream ${stream.id} goes on with ${expected}, not with ${next}.`,
      {
        data: { expected },
      },
    );
  if (next < expected) throw conflict(stream);
}

/** Both sides had the same operations before what is new (S-22). A batch that is known whole is compared where it is the newest. */
function requireChain(stream: StreamRow, batch: PreparedBatch, knownLength: number): void {
  const known = batch.ops.slice(0, knownLength);
  const last = known.at(-1);
  if (last !== undefined && last.seq !== stream.cursor) return;
  const chain = known.reduce((before, { opId, hash }) => chainAfter(before, opId, hash), batch.previousChain);
  if (chain === stream.chain) return;
  throw new HoldfastError(
    "CHAIN_MISMATCH",
    `The stream ${stream.id} had other operations before these; begin a new one.`,
  );
}

/** Contents that operations depend on, or that their rows show. */
function blobsOf(ops: readonly PreparedOp[]): Set<string> {
  const wanted = new Set<string>();
  for (const { dependsOn, effect } of ops) {
    for (const on of dependsOn) if (on.startsWith("sha256:")) wanted.add(on.slice("sha256:".length));
    if (effect?.does === "put") for (const { hash } of effect.blobs) wanted.add(hash);
  }
  return wanted;
}

function applyAll(write: Write, share: ShareRow, stream: StreamRow, ops: readonly PreparedOp[]): Result[] {
  const isLive = share.live === stream.rid;
  const target: Target = {
    share,
    stream: stream.rid,
    log: isLive ? new EventLog(share.id, share.last_seq, write.now) : undefined,
    bytes: 0,
    givenUp: [],
  };
  const rejected = new Set<string>();
  const earlier = new Set<string>();
  const results: Result[] = [];
  let { chain } = stream;
  for (const op of ops) {
    const isMet = op.dependsOn.every((on) => isDependencyMet(write, stream.rid, on, { earlier, rejected }));
    const rejection = isMet ? applyOne(write, target, op) : "DEPENDENCY_UNMET";
    if (rejection !== undefined) {
      rejected.add(op.opId);
      omit(write, target, findItem(write, stream.rid, op.key), {
        key: op.key,
        hash: op.hash,
        effect: { does: "omit", reason: "refused", parent: op.parent },
      });
    }
    earlier.add(op.opId);
    chain = chainAfter(chain, op.opId, op.hash);
    write.run(
      "INSERT INTO ledger (stream, seq, op_id, hash, code) VALUES (?, ?, ?, ?, ?)",
      stream.rid,
      op.seq,
      op.opId,
      op.hash,
      rejection ?? null,
    );
    results.push(resultOf(op.opId, op.seq, rejection, "applied"));
  }
  write.run(
    "UPDATE stream SET cursor = ?, chain = ? WHERE rid = ?",
    ops.at(-1)?.seq ?? stream.cursor,
    chain,
    stream.rid,
  );
  if (share.mode === "none") write.run("UPDATE share SET mode = 'ops' WHERE rid = ?", share.rid);
  settle(write, target);
  requireQuota(write, share);
  return results;
}

const applyOne = (write: Write, target: Target, { key, hash, effect }: PreparedOp): Rejection | undefined =>
  effect === undefined ? "OP_INVALID" : apply(write, target, { key, hash, effect });

type Batch = { earlier: ReadonlySet<string>; rejected: ReadonlySet<string> };

/** Blobs were looked at for the whole batch; the stream's begin is there when the stream is. */
function isDependencyMet(write: Write, stream: number, on: string, { earlier, rejected }: Batch): boolean {
  if (on.startsWith("key:")) return findItem(write, stream, on.slice("key:".length)) !== undefined;
  if (on.startsWith("op:")) {
    const opId = on.slice("op:".length);
    return earlier.has(opId) && !rejected.has(opId);
  }
  return true;
}

/** The ledger keeps what the sender may still ask about, and at least the newest ten thousand. */
function forget(write: Write, stream: StreamRow, batch: PreparedBatch, cursor: number): void {
  const floor = Math.min(batch.acknowledged, cursor - LEDGER_LENGTH);
  if (floor <= stream.forgotten) return;
  write.run("DELETE FROM ledger WHERE stream = ? AND seq <= ?", stream.rid, floor);
  write.run("UPDATE stream SET forgotten = ? WHERE rid = ?", floor, stream.rid);
}

function answerOf(write: Write, stream: StreamRow, results: Result[]): AppendAnswer {
  const count = (outcome: Result["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  return {
    cursor: stream.cursor,
    chain: stream.chain,
    applied: count("applied"),
    duplicates: count("duplicate"),
    rejected: count("rejected"),
    results,
    time: write.now,
  };
}
