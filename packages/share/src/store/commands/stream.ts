/**
 * Streams of a share (S-6, S-31, S-33):
 *
 *   begin -> staged (operations, nobody reads) -> commit -> live, in one transaction that tells readers what differs
 *              \ the next begin replaces it; a week without one drops it
 */
import { HoldfastError } from "@holdfast/kernel";
import { EMPTY_CHAIN, type ShareArgs, type ShareId, type ShareResult } from "@holdfast/protocol";
import { admit, type By } from "../access.ts";
import { auditWrite } from "../audit.ts";
import { dropStream } from "../purge.ts";
import { type ShareRow, streamOf, type StreamRow } from "../share-row.ts";
import type { Write } from "../sql.ts";
import { switchStream } from "../switch-stream.ts";
import { requireWriter } from "./writer.ts";

/** Ids of streams of a share that are remembered, so that a begin which comes late does not bring an old one back. */
const REMEMBERED = 1_000;

type Target = { shareId: ShareId; by: By };

const placeOf = ({
  id,
  cursor,
  chain,
}: Pick<StreamRow, "id" | "cursor" | "chain">): ShareResult<"beginStream"> => ({
  stream: id as ShareResult<"beginStream">["stream"],
  cursor,
  chain,
});

/** Idempotent by the stream's id: one that is staged or live is answered as it is; one that was replaced is STREAM_UNKNOWN. */
export function beginStream(
  write: Write,
  { shareId, by, args }: Target & { args: ShareArgs<"beginStream"> },
): ShareResult<"beginStream"> {
  const { share, line } = admit(write, write.now, { shareId, by, access: "append" });
  if (share.mode === "whole")
    throw new HoldfastError("SHARE_MODE", `The share ${shareId} is written by whole state.`);
  requireWriter(write, share, args);
  for (const stream of [streamOf(write, share.staged), streamOf(write, share.live)])
    if (stream?.id === args.stream) return placeOf(stream);
  if (
    write.get("SELECT 1 FROM known_stream WHERE share = ? AND id = ?", share.rid, args.stream) !== undefined
  )
    throw new HoldfastError(
      "STREAM_UNKNOWN",
      `The stream ${args.stream} was replaced by a later one; begin a new one.`,
    );
  stageStream(write, share, args.stream);
  auditWrite(write, { share, by, grant: line[0], action: "beginStream" }, args.stream);
  return placeOf({ id: args.stream, cursor: 0, chain: EMPTY_CHAIN });
}

/** A new stream in the place of one that waits. Answers its row. */
export function stageStream(write: Write, share: ShareRow, id: string): number {
  const rid = write.insert(
    "INSERT INTO stream (share, id, chain, time_created) VALUES (?, ?, ?, ?)",
    share.rid,
    id,
    EMPTY_CHAIN,
    write.now,
  );
  write.run("UPDATE share SET staged = ? WHERE rid = ?", rid, share.rid);
  if (share.staged !== null) dropStream(write, share, share.staged);
  const known = write.insert("INSERT INTO known_stream (share, id) VALUES (?, ?)", share.rid, id);
  write.run(
    `DELETE FROM known_stream WHERE share = ? AND rid <= (
       SELECT rid FROM known_stream WHERE share = ? AND rid < ? ORDER BY rid DESC LIMIT 1 OFFSET ${REMEMBERED})`,
    share.rid,
    share.rid,
    known,
  );
  return rid;
}

/** Makes the staged stream what readers see. The same again answers the live one. Throws CURSOR_CONFLICT or CHAIN_MISMATCH where something is missing in it. */
export function commitStream(
  write: Write,
  { shareId, by, args }: Target & { args: ShareArgs<"commitStream"> },
): ShareResult<"commitStream"> {
  const { share, line } = admit(write, write.now, { shareId, by, access: "append" });
  requireWriter(write, share, args);
  const live = streamOf(write, share.live);
  if (live?.id === args.stream) return placeOf(live);
  const staged = streamOf(write, share.staged);
  if (staged === undefined || staged.id !== args.stream)
    throw new HoldfastError(
      "STREAM_UNKNOWN",
      `The share ${shareId} has no stream ${args.stream}; begin a new one.`,
    );
  if (staged.cursor !== args.cursor)
    throw new HoldfastError(
      "CURSOR_CONFLICT",
      `The stream ${args.stream} is at ${staged.cursor}, not at ${args.cursor}.`,
      {
        data: { actual: staged.cursor },
      },
    );
  if (staged.chain !== args.chain)
    throw new HoldfastError(
      "CHAIN_MISMATCH",
      `The stream ${args.stream} has other operations; begin a new one.`,
    );
  if (share.mode === "none") write.run("UPDATE share SET mode = 'ops' WHERE rid = ?", share.rid);
  switchStream(write, share, staged.rid);
  auditWrite(write, { share, by, grant: line[0], action: "commitStream" }, args.stream);
  return placeOf(staged);
}
