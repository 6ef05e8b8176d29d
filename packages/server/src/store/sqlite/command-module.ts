import { newId } from "@holdfast/kernel";
import type { CommandCall, CommandModule, Reader, Tx } from "@holdfast/sqlite";
import { dropUnusedBlobs, recordBlob } from "./commands/blob.ts";
import { beginFinalize, finalizeTurn } from "./commands/finalize.ts";
import { sweepHousekeeping } from "./commands/housekeeping.ts";
import {
  admitInput,
  editInput,
  pauseQueue,
  removeInput,
  reorderInputs,
  resumeQueue,
} from "./commands/input.ts";
import {
  closeDeadAgentSessions,
  endInstance,
  heartbeat,
  putAgentFacts,
  recordExit,
  recordLaunch,
  recordSpawn,
  registerInstance,
  updateAgentSession,
} from "./commands/instance.ts";
import { removeMessage, removePart, updateMessage, updatePart } from "./commands/message.ts";
import {
  askPermission,
  expirePermission,
  replyPermission,
  revokePermissionRule,
} from "./commands/permission.ts";
import { appendProgress, type ProgressCommand } from "./commands/progress.ts";
import { createSession, deleteSession, patchSession } from "./commands/session.ts";
import { putBrowserToken, revokeBrowserTokens, touchBrowserToken } from "./commands/token.ts";
import { cancelTurn, setWaiting, startTurn, takeOver } from "./commands/turn.ts";
import { inspect } from "./queries/inspect.ts";
import { migrations } from "./schema.ts";
import { readWith, writeWith, type Write } from "./sql.ts";

const COMMANDS = {
  createSession,
  patchSession,
  deleteSession,
  admitInput,
  editInput,
  removeInput,
  reorderInputs,
  resumeQueue,
  pauseQueue,
  startTurn,
  setWaiting,
  appendProgress,
  beginFinalize,
  finalizeTurn,
  cancelTurn,
  takeOver,
  askPermission,
  replyPermission,
  expirePermission,
  revokePermissionRule,
  updateMessage,
  removeMessage,
  updatePart,
  removePart,
  updateAgentSession,
  closeDeadAgentSessions,
  registerInstance,
  heartbeat,
  endInstance,
  recordLaunch,
  recordSpawn,
  recordExit,
  recordBlob,
  dropUnusedBlobs,
  putBrowserToken,
  touchBrowserToken,
  revokeBrowserTokens,
  putAgentFacts,
  sweepHousekeeping,
};

export type CommandName = keyof typeof COMMANDS;
export type CommandArgs<N extends CommandName> = Parameters<(typeof COMMANDS)[N]>[1];

/** Progress of one turn that arrived while the writer was busy becomes one command, so that its deltas can join (D-12). */
function coalesce(previous: CommandCall, next: CommandCall): unknown {
  if (previous.name !== "appendProgress" || next.name !== "appendProgress") return undefined;
  const a = previous.args as ProgressCommand;
  const b = next.args as ProgressCommand;
  if (a.turnId !== b.turnId || a.epoch !== b.epoch) return undefined;
  return { ...a, ops: [...a.ops, ...b.ops] } satisfies ProgressCommand;
}

/** What the writer and reader threads load. */
export const commandModule: CommandModule = {
  migrations,
  commands: Object.fromEntries(
    Object.entries(COMMANDS).map(([name, command]) => [
      name,
      (tx: Tx, args: never) => (command as (write: Write, args: never) => unknown)(writeWith(tx), args),
    ]),
  ),
  queries: { inspect: (reader: Reader) => inspect(readWith(reader)) },
  coalesce,
  opened(tx) {
    const known = tx.prepare("SELECT value FROM meta WHERE key = 'store_id'").get();
    if (known === undefined) {
      tx.prepare("INSERT INTO meta (key, value) VALUES ('store_id', ?)").run(newId("ins", tx.now()).slice(4));
    }
  },
};
