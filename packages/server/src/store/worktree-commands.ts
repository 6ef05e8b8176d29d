/** The writes and reads of the store port that concern projects, worktrees and pieces of work on files. See `port.ts`. */
import type {
  Actor,
  InstanceId,
  JsonObject,
  OperationId,
  PatchMcpServers,
  Project,
  ProjectId,
  Rescue,
  SessionId,
  TurnId,
  Workspace,
  WorkspaceId,
  Worktree,
  WorktreeId,
  WorktreeSettings,
  WorktreeState,
} from "@holdfast/protocol";
import type { SnapshotMark } from "./change-commands.ts";
import type { Operation, OperationClaim, OperationState } from "./operation-commands.ts";
import type { Applied, Written } from "./written.ts";

export type WorktreePatch = Partial<
  Pick<Worktree, "state" | "size" | "path" | "branch" | "baseCommit" | "baseTree">
> & { note?: string | null; rescue?: Rescue | null };

export type PatchProjectCommand = Written & {
  projectId: ProjectId;
  /** Replaces how its worktrees are made. */
  worktree?: WorktreeSettings | undefined;
  mcpServers?: PatchMcpServers | undefined;
};

export type BeginWorktreeCommand = Written & {
  operationId: OperationId;
  instanceId: InstanceId;
  data: JsonObject;
  worktreeId: WorktreeId;
  /** Of the worktree's own, new workspace. */
  workspaceId: WorkspaceId;
  projectDirectory: string;
  /** Ids to use when `projectDirectory` is new, for the project and its workspace of kind `directory`; ignored when it is known. */
  projectId: ProjectId;
  directoryWorkspaceId: WorkspaceId;
  /** Where sessions of the new workspace work: the worktree's top, or the same place below it as the project has in its repository. */
  directory: string;
  path: string;
  branch: string;
  baseCommit: string;
  baseTree: string;
  repository: string;
};

/** A session that works in a workspace. */
export type WorkspaceUser = { sessionId: SessionId; archived: boolean; liveTurnId?: TurnId | undefined };

/** One act on a worktree, kept for people (W-12). */
export type WorktreeAudit = {
  worktreeId?: WorktreeId | undefined;
  path: string;
  action: string;
  reason: string;
  actor: Actor;
  time: number;
};

export type WorktreeCommands = {
  /** Its event is `project.updated`. NOT_FOUND; UNPROCESSABLE for more MCP servers than may be set. */
  patchProject(command: PatchProjectCommand): Promise<Applied<Project>>;

  /**
   * The row in `creating`, its workspace and the running operation `create`, which holds that workspace's lease, in one transaction. A repeated key answers
   * what was made, or begins anew when that was dropped. CONFLICT when a workspace or worktree has the place.
   */
  beginWorktree(
    command: BeginWorktreeCommand,
  ): Promise<Applied<{ operation: Operation; worktree: Worktree; workspace: Workspace }>>;
  /**
   * Writes a worktree's row and, when `operation` is given, that operation with it (W-9). NOT_FOUND; CONFLICT when the operation has ended, when the
   * state may not change so (`model/worktree-state.ts`), and when the row was written after `seen`, the `time.updated` that the change was decided by.
   */
  patchWorktree(command: {
    worktreeId: WorktreeId;
    patch: WorktreePatch;
    actor: Actor;
    seen?: number | undefined;
    operation?: (OperationClaim & { state: OperationState; data?: JsonObject | undefined }) | undefined;
    /** What people are told of it (W-12), in the same transaction. */
    audit?: Pick<WorktreeAudit, "action" | "reason"> | undefined;
    /** Sessions that work there, whose files it brought back. */
    marks?: SnapshotMark[] | undefined;
  }): Promise<Worktree>;
  /**
   * A creation that was undone leaves neither worktree nor workspace, and its operation ends `undone`. A no-op that leaves the operation alone when a
   * session works there, it is gone, or its creation is over.
   */
  dropWorktree(command: {
    worktreeId: WorktreeId;
    operation: OperationClaim;
    actor: Actor;
  }): Promise<{ dropped: boolean }>;
  recordWorktreeAudit(command: WorktreeAudit): Promise<void>;
};

export type WorktreeQueries = {
  getProject(id: ProjectId): Promise<Project | undefined>;
  /** By real path of the directory. */
  findProject(directory: string): Promise<Project | undefined>;
  listProjects(): Promise<Project[]>;
  listWorkspaces(query: { projectId: ProjectId }): Promise<Workspace[]>;
  /** The workspace of kind `directory` of a project, where worktrees are applied to (W-7). */
  projectWorkspace(projectId: ProjectId): Promise<Workspace | undefined>;
  getWorktree(id: WorktreeId): Promise<Worktree | undefined>;
  worktreeOf(workspaceId: WorkspaceId): Promise<Worktree | undefined>;
  listWorktrees(query: { projectId?: ProjectId; states?: readonly WorktreeState[] }): Promise<Worktree[]>;
  workspaceUsers(workspaceId: WorkspaceId): Promise<WorkspaceUser[]>;
  listWorktreeAudit(query: { limit: number }): Promise<WorktreeAudit[]>;
};
