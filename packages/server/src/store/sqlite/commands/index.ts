/**
 * The one table of commands. A command of the port is its type there, a function here below, and a line in this table: one that is missing or
 * of another type than the port says does not compile.
 */
import type { StoreCommands } from "../../port.ts";
import type { Write } from "../sql.ts";
import * as agentTurn from "./agent-turn.ts";
import * as blob from "./blob.ts";
import * as change from "./change.ts";
import * as comment from "./comment.ts";
import * as finalize from "./finalize.ts";
import * as housekeeping from "./housekeeping.ts";
import * as input from "./input.ts";
import * as instance from "./instance.ts";
import * as message from "./message.ts";
import * as note from "./note.ts";
import * as operation from "./operation.ts";
import * as outbox from "./outbox.ts";
import * as permission from "./permission.ts";
import * as progress from "./progress.ts";
import * as project from "./project.ts";
import * as question from "./question.ts";
import * as refLook from "./ref-look.ts";
import * as ref from "./ref.ts";
import * as replay from "./replay.ts";
import * as session from "./session.ts";
import * as share from "./share.ts";
import * as steer from "./steer.ts";
import * as token from "./token.ts";
import * as turn from "./turn.ts";
import * as worktree from "./worktree.ts";

/** What the port says of a command, as a function that runs whole inside the writer's transaction. */
type CommandTable<N extends keyof StoreCommands> = {
  readonly [K in N]: (
    write: Write,
    command: Parameters<StoreCommands[K]>[0],
  ) => Awaited<ReturnType<StoreCommands[K]>>;
};

/** All commands of the port but those that work on files too: the store makes these of several commands of its own. */
export type PortCommands = CommandTable<Exclude<keyof StoreCommands, "putBlob" | "sweepHousekeeping">>;

export const PORT_COMMANDS = {
  findReplay: replay.findReplay,
  createSession: session.createSession,
  patchSession: session.patchSession,
  deleteSession: session.deleteSession,
  patchProject: project.patchProject,
  patchWorkspace: project.patchWorkspace,
  beginWorktree: worktree.beginWorktree,
  patchWorktree: worktree.patchWorktree,
  dropWorktree: worktree.dropWorktree,
  recordWorktreeAudit: worktree.recordWorktreeAudit,
  beginOperation: operation.beginOperation,
  advanceOperation: operation.advanceOperation,
  takeOperation: operation.takeOperation,
  endOperation: operation.endOperation,
  recordChanges: change.recordChanges,
  commitReview: change.commitReview,
  markReviewed: change.markReviewed,
  forgetSnapshots: change.forgetSnapshots,
  takeNotes: note.takeNotes,
  admitInput: input.admitInput,
  editInput: input.editInput,
  removeInput: input.removeInput,
  reorderInputs: input.reorderInputs,
  resumeQueue: input.resumeQueue,
  pauseQueue: input.pauseQueue,
  startTurn: turn.startTurn,
  noteTurn: turn.noteTurn,
  startAgentTurn: agentTurn.startAgentTurn,
  offerSteer: steer.offerSteer,
  endSteer: steer.endSteer,
  setWaiting: turn.setWaiting,
  cancelTurn: turn.cancelTurn,
  takeOver: turn.takeOver,
  appendProgress: progress.appendProgress,
  beginFinalize: finalize.beginFinalize,
  finalizeTurn: finalize.finalizeTurn,
  askPermission: permission.askPermission,
  replyPermission: permission.replyPermission,
  expirePermission: permission.expirePermission,
  revokePermissionRule: permission.revokePermissionRule,
  askQuestion: question.askQuestion,
  replyQuestion: question.replyQuestion,
  expireQuestion: question.expireQuestion,
  updateMessage: message.updateMessage,
  removeMessage: message.removeMessage,
  updatePart: message.updatePart,
  removePart: message.removePart,
  clearOutput: message.clearOutput,
  updateAgentSession: instance.updateAgentSession,
  closeDeadAgentSessions: instance.closeDeadAgentSessions,
  registerInstance: instance.registerInstance,
  heartbeat: instance.heartbeat,
  endInstance: instance.endInstance,
  recordLaunch: instance.recordLaunch,
  recordSpawn: instance.recordSpawn,
  recordExit: instance.recordExit,
  putAgentFacts: instance.putAgentFacts,
  putBrowserToken: token.putBrowserToken,
  touchBrowserToken: token.touchBrowserToken,
  revokeBrowserTokens: token.revokeBrowserTokens,
  createRef: ref.createRef,
  revokeRef: ref.revokeRef,
  renewRefs: ref.renewRefs,
  markRestored: ref.markRestored,
  noteRefLooks: refLook.noteRefLooks,
  useRefToRead: refLook.useRefToRead,
  addComment: comment.addComment,
  createShare: share.createShare,
  changeShare: share.changeShare,
  claimShare: share.claimShare,
  settleShare: share.settleShare,
  endShareTask: share.endShareTask,
  repeatShareTasks: share.repeatShareTasks,
  beginShareStream: outbox.beginShareStream,
  pageShare: outbox.pageShare,
  freezeShareBatch: outbox.freezeShareBatch,
  startShareBatch: outbox.startShareBatch,
  retryShareBatch: outbox.retryShareBatch,
  ackShareBatch: outbox.ackShareBatch,
  dropShareBatch: outbox.dropShareBatch,
  settleShareBlob: outbox.settleShareBlob,
} satisfies PortCommands;

export { underRef } from "./ref-use.ts";

export const COMMANDS = {
  ...PORT_COMMANDS,
  recordBlob: blob.recordBlob,
  dropUnusedBlobs: blob.dropUnusedBlobs,
  sweepHousekeeping: housekeeping.sweepHousekeeping,
};
export type CommandName = keyof typeof COMMANDS;
export type CommandArgs<N extends CommandName> = Parameters<(typeof COMMANDS)[N]>[1];
export type CommandResult<N extends CommandName> = ReturnType<(typeof COMMANDS)[N]>;
