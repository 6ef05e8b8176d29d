export { actorRow, loadActor } from "./actor.ts";
export {
  type AgentSessionRow,
  SELECT_AGENT_SESSION,
  agentSessionData,
  agentSessionOf,
  findAgentSession,
  patched,
  toAgentSession,
  toAgentSessionWithFacts,
  withStatus,
} from "./agent-session.ts";
export { approvalModeOf, askerOf } from "./asker.ts";
export {
  type ChangeRow,
  type ChangeView,
  SELECT_CHANGE,
  changeByRid,
  changeData,
  findChange,
  toChange,
  toChangeView,
} from "./change.ts";
export {
  type InputRow,
  SELECT_INPUT,
  findInput,
  firstQueued,
  inputByRid,
  inputOf,
  isForPeopleOnly,
  nextInput,
  toInput,
} from "./input.ts";
export {
  type MessageRow,
  SELECT_MESSAGE,
  findMessage,
  messageData,
  toMessageInfo,
  withParts,
} from "./message.ts";
export { type OperationRow, findOperation, SELECT_OPERATION, toOperation } from "./operation.ts";
export {
  type PartHead,
  type PartRow,
  SELECT_PART,
  fieldLength,
  findPart,
  findPartHead,
  foldParts,
} from "./part.ts";
export { WRITTEN } from "./payload.ts";
export {
  type PermissionRuleRow,
  SELECT_RULE,
  permissionData,
  toPermission,
  toPermissionRule,
} from "./permission.ts";
export { questionData, toQuestion } from "./question.ts";
export {
  type CommentRow,
  type RefRow,
  refById,
  refByRid,
  refLineByHash,
  refsAbove,
  refsBelow,
  SELECT_COMMENT,
  SELECT_REF,
  toComment,
  toRefLine,
} from "./ref.ts";
export { type RequestRow, type RequestTable, findRequest, requestByRid, selectRequest } from "./request.ts";
export {
  SELECT_SESSION,
  type SessionHead,
  type SessionRow,
  ancestorsOf,
  findSession,
  givenServersOf,
  sessionByRid,
  toSession,
} from "./session.ts";
export {
  findShare,
  SELECT_SHARE,
  type ShareBatchRow,
  shareByRid,
  type ShareRow,
  shareWorkspace,
  toBatch,
  toShare,
  toStoredShare,
} from "./share.ts";
export { type StoredSnapshot, SELECT_SNAPSHOT, toSnapshot } from "./snapshot.ts";
export {
  SELECT_TURN,
  type TurnHead,
  type TurnRow,
  findTurn,
  findTurnHead,
  liveTurnRow,
  toTurn,
  turnByRid,
} from "./turn.ts";
export {
  type ProjectRow,
  SELECT_PROJECT,
  SELECT_WORKSPACE,
  type WorkspaceHead,
  type WorkspaceRow,
  findProject,
  findWorkspaceHead,
  loadWorkspace,
  projectByRid,
  projectWorkspace,
  toProject,
  toWorkspace,
  workspaceRow,
} from "./workspace.ts";
export { type WorktreeRow, SELECT_WORKTREE, findWorktree, toWorktree, worktreeByRid } from "./worktree.ts";
