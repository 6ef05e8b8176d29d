export { type DroppedBlobs, dropUnusedBlobs, recordBlob } from "./blob.ts";
export { beginFinalize, finalizeTurn } from "./finalize.ts";
export { sweepHousekeeping } from "./housekeeping.ts";
export { admitInput, editInput, pauseQueue, removeInput, reorderInputs, resumeQueue } from "./input.ts";
export { commitReview, forgetSnapshots, markReviewed, recordChanges } from "./change.ts";
export { takeNotes } from "./note.ts";
export { advanceOperation, beginOperation, endOperation } from "./operation.ts";
export { beginWorktree, dropWorktree, patchWorktree, recordWorktreeAudit } from "./worktree.ts";
export {
  closeDeadAgentSessions,
  endInstance,
  heartbeat,
  putAgentFacts,
  recordExit,
  recordLaunch,
  recordSpawn,
  registerInstance,
  updateAgentSession,
} from "./instance.ts";
export { removeMessage, removePart, updateMessage, updatePart } from "./message.ts";
export { askPermission, expirePermission, replyPermission, revokePermissionRule } from "./permission.ts";
export { type ProgressCommand, appendProgress } from "./progress.ts";
export { patchProject, patchWorkspace } from "./project.ts";
export { createSession, deleteSession, patchSession } from "./session.ts";
export { putBrowserToken, revokeBrowserTokens, touchBrowserToken } from "./token.ts";
export { cancelTurn, setWaiting, startTurn, takeOver } from "./turn.ts";
