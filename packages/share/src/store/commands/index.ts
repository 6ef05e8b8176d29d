import { keepSnapshot } from "../snapshot.ts";
import type { Write } from "../sql.ts";
import { appendOps } from "./append.ts";
import { forgetBlobs, recordBlob } from "./blob.ts";
import { comment } from "./comment.ts";
import { countReader, expireGrants, noteUses, renewStore, sweep } from "./housekeeping.ts";
import { attenuate, revokeCapability } from "./ref.ts";
import { bumpEpoch, confirmShare, createShare, expireShare, revokeShare, updateShare } from "./share.ts";
import { beginStream, commitStream } from "./stream.ts";
import { createWholeShare, syncShare } from "./whole.ts";
import { openWriter } from "./writer.ts";

/** Every command of the store: each one transaction. */
export const COMMANDS = {
  createShare,
  revokeShare,
  confirmShare,
  updateShare,
  bumpEpoch,
  openWriter,
  beginStream,
  commitStream,
  appendOps,
  createWholeShare,
  syncShare,
  comment,
  attenuate,
  revokeCapability,
  recordBlob,
  forgetBlobs,
  keepSnapshot,
  expireShare,
  expireGrants,
  noteUses,
  countReader,
  renewStore,
  sweep,
} satisfies Record<string, (write: Write, args: never) => unknown>;

export type CommandName = keyof typeof COMMANDS;
/** `unknown` for a command that takes none. */
export type CommandArgs<N extends CommandName> = (typeof COMMANDS)[N] extends (
  write: Write,
  args: infer A,
) => unknown
  ? A
  : never;
export type CommandResult<N extends CommandName> = ReturnType<(typeof COMMANDS)[N]>;
