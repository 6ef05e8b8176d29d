/** Who writes a share (S-8, S-23): exactly one holder at a time, and a fenced one never comes back by itself. */
import { HoldfastError } from "@holdfast/kernel";
import type { ShareArgs, ShareId, ShareResult } from "@holdfast/protocol";
import { admit, type By } from "../access.ts";
import { auditWrite } from "../audit.ts";
import type { ShareRow } from "../share-row.ts";
import { storeIdOf, type Write } from "../sql.ts";

/** Holders that are remembered: one of them that is not the present one cannot take the share again. */
const HOLDERS = 10_000;

/**
 *   nobody, or the present nonce            -> it (again)
 *   the present holder is one of `earlier`  -> handed over
 *   `adopt`, a nonce never seen             -> taken over
 *   else                                    -> WRITER_FENCED
 */
export function openWriter(
  write: Write,
  { shareId, by, args }: { shareId: ShareId; by: By; args: ShareArgs<"openWriter"> },
): ShareResult<"openWriter"> {
  const { share, line } = admit(write, write.now, { shareId, by, access: "append" });
  const { nonce, earlier, publisher } = args;
  const holder = share.writer_nonce;
  if (holder === nonce) return { writerEpoch: share.writer_epoch };
  const isKnown =
    write.get("SELECT 1 FROM writer WHERE share = ? AND nonce = ?", share.rid, nonce) !== undefined;
  const isHandedOver = holder === null || earlier.includes(holder) || args.adopt === true;
  if (isKnown || !isHandedOver) throw fenced(share);
  const epoch = share.writer_epoch + 1;
  write.run("UPDATE share SET writer_epoch = ?, writer_nonce = ? WHERE rid = ?", epoch, nonce, share.rid);
  write.insert(
    "INSERT INTO writer (share, nonce, epoch, publisher, time) VALUES (?, ?, ?, ?, ?)",
    share.rid,
    nonce,
    epoch,
    publisher,
    write.now,
  );
  write.run("DELETE FROM writer WHERE share = ? AND epoch <= ?", share.rid, epoch - HOLDERS);
  auditWrite(
    write,
    { share, by, grant: line[0], action: "openWriter" },
    `${publisher}${args.adopt === true ? " adopt" : ""}`,
  );
  return { writerEpoch: epoch };
}

export type Writing = { writerEpoch: number; capabilityEpoch: number };

/**
 * Throws EPOCH_STALE, then WRITER_FENCED: an epoch of the refs and one of the writer are never mixed (S-7, S-8). Before both STREAM_UNKNOWN for a share that a
 * restore of the service hid: what is stored about its writer is old, and whoever writes has to say hello, and what was revoked since, first (S-24).
 */
export function requireWriter(
  write: Write,
  share: ShareRow,
  { writerEpoch, capabilityEpoch }: Writing,
): void {
  if (share.store !== storeIdOf(write))
    throw new HoldfastError(
      "STREAM_UNKNOWN",
      `The service was restored since the share ${share.id} was written last; say hello, and confirm it.`,
    );
  if (capabilityEpoch !== share.capability_epoch)
    throw new HoldfastError(
      "EPOCH_STALE",
      `The share ${share.id} is at epoch ${share.capability_epoch}, not ${capabilityEpoch}.`,
      {
        data: { epoch: share.capability_epoch },
      },
    );
  if (writerEpoch !== share.writer_epoch) throw fenced(share);
}

const fenced = (share: ShareRow): HoldfastError =>
  new HoldfastError(
    "WRITER_FENCED",
    `Another publisher writes the share ${share.id} now; only its owner may take it back.`,
    {
      data: { writerEpoch: share.writer_epoch },
    },
  );
