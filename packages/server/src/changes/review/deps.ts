import type { Clock, Logger } from "@holdfast/kernel";
import type { Actor, WorkspaceId, Workspace } from "@holdfast/protocol";
import type { Owner } from "../../operation/index.ts";
import type { IdempotencyKey, Store } from "../../store/index.ts";
import type { ReviewRepository } from "./review-repository.ts";

/** Who decides, and under which key a repetition is recognised (D-5, D-36). */
export type Reviewer = { actor: Actor; idempotency?: IdempotencyKey | undefined };

/** What review asks of those who watch files. */
export type FileWatch = {
  /** Nobody else looks at or moves the trees of these workspaces until `work` has ended. */
  exclusive<T>(workspaceIds: readonly WorkspaceId[], work: () => Promise<T>): Promise<T>;
  /** Brings rows and newest tree up to what the files say now; within `exclusive`. Rejects UNPROCESSABLE while tracking is off. */
  refresh(workspaceId: WorkspaceId): Promise<void>;
};

/** Where the work of a workspace goes when it is taken over. */
export type WorkspaceRepository = {
  workspace: Workspace;
  /** Its own files. */
  repo: ReviewRepository;
};

/** The user's checkout that a worktree is applied to (W-7). */
export type Target = {
  workspaceId: WorkspaceId;
  repo: ReviewRepository;
  /** Where that workspace stands below the repository's root, as the start of keys. */
  prefix: string;
  baseCommit: string;
};

export type Repositories = {
  /** NOT_FOUND; UNPROCESSABLE when its directory is gone or nothing watches it. */
  of(workspaceId: WorkspaceId): Promise<WorkspaceRepository>;
  /** The place that a worktree's work goes to. UNPROCESSABLE when the project's directory is gone. */
  targetOf(workspace: Workspace): Promise<Target>;
  /** The place whose root a plan names, or the workspace's own, for recovery. */
  at(workspaceId: WorkspaceId, root: string | undefined): Promise<ReviewRepository>;
};

export type ReviewDeps = {
  store: Store;
  repositories: Repositories;
  watch: FileWatch;
  /** Turns that wait for a workspace may start now. */
  wakeWorkspace(workspaceId: WorkspaceId): void;
  /** This process. */
  owner: Owner;
  clock: Clock;
  logger: Logger;
};
