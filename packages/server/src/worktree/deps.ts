import type { Clock, Logger } from "@holdfast/kernel";
import type { Actor, SessionId, WorkspaceId } from "@holdfast/protocol";
import type { GitRunner, RepositoryLocks } from "../git/index.ts";
import type { Operations, Owner } from "../operation/index.ts";
import type { Snapshots } from "../snapshot/index.ts";
import type { Store } from "../store/index.ts";

/** What this room asks of the rooms that run turns; `main` wires it. */
export type SessionDoor = {
  /** Closes every agent of a session. Rejects SESSION_BUSY while a turn of it runs on. */
  release(sessionId: SessionId): Promise<void>;
  /** Turns that wait for the workspace may start now. */
  wakeWorkspace(workspaceId: WorkspaceId): void;
};

/** What this room asks of the process table; `main` wires it. */
export type ProcessFacts = {
  /** When the living process started, as the machine tells it, so that a recycled pid is told apart; `undefined` when there is none. */
  startTime(pid: number): Promise<string | undefined>;
  /** Processes that are agents of this server or were started by one: they are closed before a removal. */
  agents(): Promise<ReadonlySet<number>>;
};

export type WorktreesDeps = {
  store: Store;
  git: GitRunner;
  snapshots: Snapshots;
  clock: Clock;
  logger: Logger;
  /** Real path of the managed root: every worktree is made below it. */
  root: string;
  /** The user's environment, for setup and teardown commands and for git. */
  environment: Readonly<Record<string, string>>;
  sessions: SessionDoor;
  processes: ProcessFacts;
  owner: Owner;
};

/** What the sagas share. */
export type SagaDeps = WorktreesDeps & {
  locks: RepositoryLocks;
  /** Aborts when the server stops: commands end, creations are undone. */
  stopping: AbortSignal;
  operations: Operations;
};

/** Acts of this room that nobody asked for. */
export const WORKTREE_ACTOR: Actor = { id: "system:worktree", kind: "system", label: "Holdfast" };
