/** The writes of the store port: each runs whole, in one transaction with its events (D-1). See `port.ts`. */
import type {
  Actor,
  AgentSession,
  AgentSessionId,
  AssistantMessage,
  Background,
  Delta,
  DiffTotals,
  EventData,
  Features,
  GivenMcpServer,
  Input,
  InputId,
  InstanceId,
  McpServers,
  Message,
  MessageId,
  Model,
  Opened,
  OpenedBy,
  OutputFormat,
  Part,
  PartId,
  PatchSession,
  Permission,
  PermissionId,
  PermissionReply,
  PermissionRule,
  PermissionRuleId,
  ProjectId,
  Question,
  QuestionAnswer,
  QuestionId,
  RetryStatus,
  Session,
  SessionError,
  SessionId,
  Share,
  Todo,
  TokenId,
  Turn,
  TurnId,
  TurnReason,
  Usage,
  UserMessage,
  WaitingFor,
  Workspace,
  WorkspaceId,
} from "@holdfast/protocol";
import type { Applied, IdempotencyKey, Written } from "./written.ts";

export type CreateSessionCommand = Written & {
  sessionId: SessionId;
  /** Ids to use when the directory is new; ignored when it is known. */
  projectId: ProjectId;
  workspaceId: WorkspaceId;
  /** Resolved, absolute path. Ignored when `existingWorkspaceId` is set. */
  directory: string;
  existingWorkspaceId?: WorkspaceId | undefined;
  parentId?: SessionId | undefined;
  mirrors?: string | undefined;
  title: string;
  agent: string;
  model?: Model | undefined;
  approvalMode: Session["approvalMode"];
  resumePolicy: Session["resumePolicy"];
  mcpServers?: McpServers | undefined;
  limitAttempts?: number | undefined;
};

export type AdmitInputCommand = Written & {
  sessionId: SessionId;
  inputId: InputId;
  turnId: TurnId;
  messageId: MessageId;
  /** Parts with identity, as rows of the user message; `Input.parts` is derived from them. */
  parts: Part[];
  requestedDelivery: Input["requestedDelivery"];
  delivery: Input["delivery"];
  agent: string;
  model?: Model | undefined;
  format?: OutputFormat | undefined;
  system?: string | undefined;
  tools?: Record<string, boolean> | undefined;
  permissionTimeoutMs?: number | undefined;
  /** The turn this goes on from (D-19, A-29); its attempts count is carried forward plus one. */
  resumes?: TurnId | undefined;
};

export type AdmittedRows = { input: Input; turn: Turn; message: Message };

/** What a request made under its key, as it is now. */
export type Replay = { session?: Session; admitted?: AdmittedRows; share?: Share };

/** What the dispatcher needs to run a turn that it just claimed. `epoch` is the fence of every later write (D-17). */
export type StartedTurn = {
  epoch: number;
  /** With the approval mode of this turn: with a ref behind it `ask`, whatever the session's own is, unless that is stricter (S-28). */
  session: Session;
  turn: Turn;
  /** Absent where the agent started the turn by itself. */
  input?: Input;
  message: Message;
  assistantMessageId: MessageId;
  agentSession: AgentSession & AgentSessionFacts;
  /** What its agent is given, with their secrets. */
  mcpServers: GivenMcpServer[];
};

/** What an agent session stores beside what the API shows. */
export type AgentSessionFacts = {
  cwd: string;
  /** Of an agent that is a program of its own. */
  processFingerprint?: string | undefined;
  /** Whether the backend produced anything in this agent session, and up to which seq it has seen the session. */
  watermark?: number | undefined;
};

/** `background`: the tasks that run now, `null` for none; the store knows since when. A status that says that the program is gone makes them lost. */
export type AgentSessionPatch = Partial<
  Omit<AgentSession, "id" | "sessionId" | "agent" | "usage" | "time" | "background"> & AgentSessionFacts
> & { background?: Pick<Background, "count" | "tasks"> | null };

/** One write of a running turn. All ops of a command apply in order, in one transaction, or none does. */
export type ProgressOp =
  /** Insert or replace a whole part (a boundary, D-13). Its (message, session) never changes. */
  | { op: "part"; part: Part }
  | ({ op: "delta" } & Delta)
  /** Folds the deltas of a streaming part into its row; no visible change, no event (D-13). */
  | { op: "checkpoint"; partId: PartId }
  /** Ends the turn's open answer as a step, of which `tries` failed, and opens the next one, which answers `parentId` (session-model 1.4). */
  | {
      op: "step";
      finishPartId: PartId;
      tries: number;
      next: { messageId: MessageId; parentId: MessageId; startPartId: PartId };
    }
  /** The files as they were soon after the end of a step, in the part of that edge. */
  | { op: "stepSnapshot"; partId: PartId; snapshot: string }
  /** The agent took this part of an answer of this turn back. */
  | { op: "removePart"; partId: PartId }
  /** What the server tells the agent on the way, as a user message of the turn and with no input: the newest of the session's history. */
  | { op: "tell"; message: UserMessage; parts: Part[] }
  /** What the agent tells of an answer of this turn, beside its parts. */
  | { op: "answer"; messageId: MessageId; patch: AnswerPatch }
  | { op: "turn"; patch: TurnPatch }
  | { op: "agentSession"; agentSessionId: AgentSessionId; patch: AgentSessionPatch }
  | {
      op: "note";
      type: "agent.notice" | "agent.raw" | "agent.late";
      data: { agent: string; kind: string; bytes: number; tail: string };
    }
  | { op: "todos"; todos: Todo[] }
  /** What the running step waits for before its next try; `null`: it goes on (D-10). */
  | { op: "retry"; retry: RetryStatus | null }
  /** A compaction of the agent's was done; the summary stands in this answer. */
  | { op: "compacted"; compaction: EventData<"session.compacted"> }
  | { op: "title"; title: string };

/** Absent fields keep what was told before; metadata is merged, `null` clears. `parentId` is a message that can be answered in the turn. */
export type AnswerPatch = Partial<
  Pick<AssistantMessage, "parentId" | "finish" | "tokens" | "cost" | "summary" | "model" | "metadata">
> & { askedModel?: Model | null };

/** Why an answer was not accepted, and which try of its turn it was, from 1. It stands in the answer's `metadata.validation`. */
export type AnswerValidation = { problem: string; try: number };

/** `null` clears. */
export type TurnPatch = {
  opened?: Opened;
  openedBy?: OpenedBy;
  waitingFor?: WaitingFor | null;
  stalled?: number | null;
  usage?: Usage;
};

/** How a turn ends: stored whole when it enters `finalizing`; the first record wins (durability 3). */
export type TerminalRecord = {
  state: "completed" | "failed" | "aborted";
  reason?: TurnReason | undefined;
  error?: SessionError | undefined;
  finish?: string | undefined;
  usage?: Usage | undefined;
  /** What the last answer carries: the value that fits the asked format, or why its text does not. */
  answer?: { structured: unknown } | { validation: AnswerValidation } | undefined;
  /** Status of the agent session afterwards. */
  agentSession?: AgentSession["status"] | undefined;
  /** Tries of the last step that failed; absent: none. */
  tries?: number | undefined;
  /** What the turn changed of its workspace's files: the patch part and the trees before and after (durability 5). */
  files?:
    | {
        partId: PartId;
        hash: string;
        snapshot: string;
        files: string[];
        more: number;
        totals?: DiffTotals;
        recovered?: boolean;
      }
    | undefined;
};

export type StartTurnCommand = {
  sessionId: SessionId;
  instanceId: InstanceId;
  assistantMessageId: MessageId;
  agentSessionId: AgentSessionId;
  actor: Actor;
  expected?: Pick<NextTurn, "turnId" | "approvalMode"> | undefined;
  /** As the next turn was found with. */
  past?: NextTurn["past"] | undefined;
  writes?: boolean | undefined;
};

/** The queued turn that a session would start next, with what decides whether it may. */
export type NextTurn = {
  turnId: TurnId;
  agent: string;
  /** Agents at their usage limits, whose turns let the others go first. */
  past: readonly string[];
  approvalMode: Session["approvalMode"];
  workspaceId: WorkspaceId;
  concurrency: Workspace["concurrency"];
  /** Nothing of what was asked is for the agent (every part is `ignored`), so none is called. */
  isForPeopleOnly: boolean;
  /** Its agent is given MCP servers, whose tools may write whatever the mode of the agent is. */
  hasMcpServers: boolean;
  /** The sessions above this one, the nearest first. */
  ancestors: SessionId[];
  /** Until when the usage limit of its agent holds the session, as far as it was told; it may have passed. */
  limitedUntil?: number;
};

export type AskPermissionCommand = { sessionId: SessionId; epoch: number; permission: Permission };
export type AskQuestionCommand = { sessionId: SessionId; epoch: number; question: Question };

export type LaunchRow = {
  launchId: string;
  instanceId: InstanceId;
  sessionId: SessionId;
  agent: string;
  argvHash: string;
  /** Set once spawned; `startTime` is the kernel's start tick where there is one, so that a recycled pid is told apart. */
  pid?: number | undefined;
  startTime?: string | undefined;
  group?: number | undefined;
  temporaryDirectory?: string | undefined;
};

/** A process of an agent as it was written down, and whether the server that started it lives. */
export type ProcessRow = LaunchRow & { isOwnerAlive: boolean };

/** What is known of a process once it runs. */
export type SpawnRow = { launchId: string; pid: number; group: number; startTime?: string | undefined };

/**
 * A server on this store. `isAlone`: it holds what only one server of a store can hold (the lock of its directory), so that every other instance is over, and
 * the files of what they left are on its host.
 */
export type InstanceRow = { id: InstanceId; pid: number; host: string; startTime: number; isAlone: boolean };

export type BrowserTokenRow = {
  id: TokenId;
  label: string;
  created: number;
  expires: number;
  used?: number | undefined;
};

export type Commands = {
  /**
   * What an earlier request made under this key; `undefined` when there was none, or when that is gone. It keeps the order of commands: a request that
   * was sent before is found although it is not committed yet (D-5). IDEMPOTENCY_MISMATCH for another body.
   */
  findReplay(key: IdempotencyKey): Promise<Replay | undefined>;

  createSession(command: CreateSessionCommand): Promise<Applied<Session>>;
  patchSession(command: Written & { sessionId: SessionId; patch: PatchSession }): Promise<Applied<Session>>;
  patchWorkspace(
    command: Written & { workspaceId: WorkspaceId; concurrency: Workspace["concurrency"] },
  ): Promise<Applied<Workspace>>;

  admitInput(command: AdmitInputCommand): Promise<Applied<AdmittedRows>>;
  /** CONFLICT once delivered or removed. */
  editInput(command: Written & { inputId: InputId; parts: Part[] }): Promise<Applied<Input>>;
  /** Its turn ends `aborted / cancelled`. Repeating is harmless. */
  removeInput(command: Written & { inputId: InputId }): Promise<Applied<Input>>;
  /** `inputIds` go first, in this order; CONFLICT when one is not queued in the session. */
  reorderInputs(command: Written & { sessionId: SessionId; inputIds: InputId[] }): Promise<Applied<Input[]>>;
  /** Ends the pause, and the waiting for a usage limit (D-6, A-29). */
  resumeQueue(command: Written & { sessionId: SessionId }): Promise<Applied<Session>>;

  /**
   * Claims the session (epoch + 1) and takes its next queued turn to `running` in one transaction; `undefined` when there is nothing to start:
   * paused, archived, empty, a turn is live, or the next one is not `expected` any more. The ids are used for the assistant message and, when
   * new, the agent session. Unless `writes` is false or the workspace is shared, the turn takes the workspace's write lease with it, or borrows
   * that of a session above it: WORKSPACE_BUSY with `data.holder` when a turn of another session has it.
   */
  startTurn(command: StartTurnCommand): Promise<StartedTurn | undefined>;
  /**
   * Takes a queued turn whose input says nothing to an agent from `queued` to `completed / noted`, with its message in the history; no claim and
   * no lease. False when it is not the session's next turn any more, or now says something.
   */
  noteTurn(
    command: Pick<StartTurnCommand, "sessionId" | "past" | "actor"> & { turnId: TurnId },
  ): Promise<boolean>;
  /** Sets or clears what queued turns of a session wait for; an event only when it changes. */
  setWaiting(command: { turnId: TurnId; waitingFor: WaitingFor | null }): Promise<void>;
  /** CLAIM_LOST when `epoch` is not the session's; CONFLICT once the turn is not running, except for notes. Answers the session's new last seq. */
  appendProgress(command: {
    sessionId: SessionId;
    turnId: TurnId;
    epoch: number;
    ops: ProgressOp[];
  }): Promise<number>;
  /** `running` -> `finalizing` with the record; a second call returns the first record. A recorded cancel turns any record into aborted / cancelled (D-10). */
  beginFinalize(command: { turnId: TurnId; epoch: number; record: TerminalRecord }): Promise<TerminalRecord>;
  /** Section 5 in one transaction of stored values; a no-op that returns the turn when it is terminal already (D-7). */
  finalizeTurn(command: {
    turnId: TurnId;
    epoch: number;
    actor: Actor;
    stepFinishPartId: PartId;
  }): Promise<Turn>;
  /** Durable cancel intent; a queued turn ends at once. Pauses the queue unless it is empty, or lets the queued input `next` go first (D-10). Repeating is harmless. */
  cancelTurn(command: Written & { turnId: TurnId; next?: InputId | undefined }): Promise<Applied<Turn>>;
  /**
   * Raises the epoch and gives the claim to the instance, so that the dead owner's writes are refused (D-18). `undefined`, and nothing is written, while
   * another instance that lives has the claim.
   */
  takeOver(command: { sessionId: SessionId; instanceId: InstanceId }): Promise<number | undefined>;
  /** Pauses the queue of a session after an interrupted turn under `manual` (D-6). */
  pauseQueue(command: { sessionId: SessionId; actor: Actor }): Promise<void>;

  askPermission(command: AskPermissionCommand): Promise<Permission>;
  /** ALREADY_REPLIED unless pending. */
  replyPermission(
    command: Written & {
      permissionId: PermissionId;
      reply: PermissionReply;
      message?: string | undefined;
      /** Standing rules to store in the same transaction, for `always`. */
      rules?: PermissionRule[] | undefined;
    },
  ): Promise<Applied<Permission>>;
  /** True when there was one. */
  revokePermissionRule(command: Written & { id: PermissionRuleId }): Promise<boolean>;
  /** Ends a pending request without an answer, and keeps why; a no-op otherwise. */
  expirePermission(command: {
    permissionId: PermissionId;
    expiry: NonNullable<Permission["expiry"]>;
    actor: Actor;
  }): Promise<Permission>;

  askQuestion(command: AskQuestionCommand): Promise<Question>;
  /** ALREADY_REPLIED unless pending. The caller has checked that the answer fits the fields. */
  replyQuestion(
    command: Written & { questionId: QuestionId; answer: QuestionAnswer },
  ): Promise<Applied<Question>>;
  /** Ends a pending question without an answer, and keeps why; a no-op otherwise. */
  expireQuestion(command: {
    questionId: QuestionId;
    expiry: NonNullable<Question["expiry"]>;
    actor: Actor;
  }): Promise<Question>;

  updateAgentSession(command: {
    agentSessionId: AgentSessionId;
    patch: AgentSessionPatch;
    actor: Actor;
  }): Promise<void>;
  /** Ends every `live` or `idle` agent session that the dead instances left: `crashed` where a turn still runs on it, else `resumable` (D-18). */
  closeDeadAgentSessions(command: { actor: Actor }): Promise<number>;

  registerInstance(row: InstanceRow): Promise<void>;
  heartbeat(command: { instanceId: InstanceId }): Promise<void>;
  endInstance(command: { instanceId: InstanceId }): Promise<void>;

  recordLaunch(row: LaunchRow): Promise<void>;
  recordSpawn(row: SpawnRow): Promise<void>;
  recordExit(command: { launchId: string }): Promise<void>;

  /** Stores content once by its SHA-256 and keeps one more reference; durable before it answers (D-28). */
  putBlob(command: {
    bytes: Uint8Array;
    mime: string;
    sessionId: SessionId;
  }): Promise<{ hash: string; size: number }>;
  putBrowserToken(row: BrowserTokenRow & { hash: string }): Promise<void>;
  touchBrowserToken(command: { id: TokenId }): Promise<void>;
  /** True when there was one. `all` revokes every token. */
  revokeBrowserTokens(command: { id: TokenId } | { all: true }): Promise<boolean>;
  /** Knows what the agent was last seen to do. */
  putAgentFacts(row: { agent: string; version?: string | undefined; features: Features }): Promise<void>;

  /** Deletes superseded deltas (D-14), expired idempotency records and unreferenced blobs (D-28), a bounded number each; answers how many rows went. */
  sweepHousekeeping(command: { limit: number }): Promise<number>;
};
