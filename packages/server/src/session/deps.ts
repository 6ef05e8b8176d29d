import type { Clock, Logger } from "@holdfast/kernel";
import type {
  Actor,
  Agent,
  ApprovalMode,
  InputId,
  ResumePolicy,
  SessionId,
  Turn,
  TurnId,
  WorkspaceId,
} from "@holdfast/protocol";
import type { Review } from "../changes/index.ts";
import type { GitRunner } from "../git/index.ts";
import type { JsonSchemas } from "../json-schema/index.ts";
import type { Resources } from "../resources/index.ts";
import type { Applied, IdempotencyKey, RefUse, Store } from "../store/index.ts";
import type { Symbols } from "../symbols/index.ts";
import type { Worktrees } from "../worktree/index.ts";
import type { ReservedPlaces } from "./workspace-path.ts";

/** Who asks, under which key a repetition is recognised (D-5, D-36), and through which ref (S-16). */
export type Caller = {
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
  use?: RefUse | undefined;
};

/** What this room asks of the turn room's door. */
export type TurnDoor = {
  /** A session may have something to start. `byHand`: a person asked to try again, so a crashing agent gets another chance. */
  wake(sessionId: SessionId, options?: { byHand?: boolean }): void;
  /** Turns that wait for a workspace may start now. */
  wakeWorkspace(workspaceId: WorkspaceId): void;
  cancel(command: Caller & { turnId: TurnId; next: InputId | undefined }): Promise<Applied<Turn>>;
  /** The terminal turn, or `undefined` when the time is over or the caller left. */
  finished(turnId: TurnId, timeoutMs: number, signal?: AbortSignal): Promise<Turn | undefined>;
  /** Lets go of one agent of a session that nothing uses; false while something does. */
  closeAgent(sessionId: SessionId, agent: string): boolean;
  /** Logs in to an agent. Rejects UNPROCESSABLE and AGENT_UNAVAILABLE. */
  authenticate(request: {
    sessionId: SessionId;
    agent: string;
    directory: string;
    methodId: string;
    signal: AbortSignal;
  }): Promise<void>;
  /** Lets go of every agent of a session. */
  release(sessionId: SessionId): Promise<void>;
};

/** What this room asks of the worktree room. */
export type WorktreeDoor = Pick<
  Worktrees,
  "create" | "get" | "at" | "archive" | "unarchive" | "riskOf" | "remove"
>;

/** What this room asks of the review of changes. */
export type ChangesDoor = Pick<Review, "remark">;

/** What this room asks of the agent catalog. */
export type AgentCatalog = { list(): Promise<Agent[]> };

/** Settings of new sessions; `agent` is the user's default agent. */
export type SessionSettings = { agent?: string; approvalMode: ApprovalMode; resumePolicy: ResumePolicy };

export type SessionDeps = {
  store: Store;
  turns: TurnDoor;
  catalog: AgentCatalog;
  /** Says what is wrong with the schema of an output format. */
  schemas: Pick<JsonSchemas, "problemOf">;
  /** Finds the symbols of source files. */
  symbols: Symbols;
  /** Reads resources of MCP servers. */
  resources: Resources;
  clock: Clock;
  logger: Logger;
  settings: SessionSettings;
  /** What this server keeps for itself; nothing a client names may be in it, except in its worktrees (I-6, W-2). */
  reserved: ReservedPlaces;
  worktrees: WorktreeDoor;
  changes: ChangesDoor;
  /** Lists the files of a workspace. */
  git: Pick<GitRunner, "run">;
};
