/** The reads of the store port, each on one snapshot. See `port.ts`. */
import type {
  Actor,
  AgentSession,
  Diagnostics,
  EventType,
  Features,
  GivenMcpServer,
  Input,
  InputId,
  InstanceId,
  Message,
  MessageId,
  Part,
  PartId,
  Permission,
  PermissionId,
  PermissionRule,
  ProjectId,
  Question,
  QuestionId,
  Session,
  SessionId,
  Todo,
  Turn,
  TurnId,
  Workspace,
  WorkspaceId,
} from "@holdfast/protocol";
import type { AgentSessionFacts, NextTurn, ProcessRow, BrowserTokenRow } from "./commands.ts";

declare const FEED_POSITION: unique symbol;
/** Where an event stands in the feed of everything. Only its engine knows what it is; others use `FeedOrder`. Structured-clonable. */
export type FeedPosition = { readonly [FEED_POSITION]: never };

/** What can be done with the positions of an engine's feed. */
export type FeedOrder = {
  /** Before the oldest event. */
  readonly start: FeedPosition;
  isAfter(position: FeedPosition, other: FeedPosition): boolean;
  /** A text of 1 to 64 word characters and `-`. Readers keep it in their cursors over starts of the program. */
  format(position: FeedPosition): string;
  /** What `format` wrote; undefined for any other text. */
  parse(text: string): FeedPosition | undefined;
};

/** One committed event as subscribers get it, in commit order. `data` is JSON, encoded once for all (D-24). */
export type CommittedEvent = {
  /** Grows with commits. */
  position: FeedPosition;
  type: EventType;
  version: number;
  time: number;
  workspaceId?: string;
  sessionId?: string;
  seq?: number;
  turnId?: string;
  actor?: Actor;
  data: string;
};

/** A page of a replay. `events` are the newest per row above the cursor, in order; `through` is the seq or position scanned to; `done`: nothing newer was committed in the snapshot read. */
export type ReplayPage<P> = { events: CommittedEvent[]; through: P; done: boolean };

export type SessionFilter = {
  archived?: boolean | undefined;
  directory?: string | undefined;
  /** Of a project, wherever they work: in its directory or in its worktrees. */
  projectId?: ProjectId | undefined;
  parentId?: SessionId | undefined;
  roots?: boolean | undefined;
  title?: string | undefined;
};
export type Page<T, C> = { items: T[]; next?: C; prev?: C };

/** A turn whose owner is gone: its instance is not `live`, or it is ours but nobody runs it (D-18). */
export type LiveTurn = {
  turnId: TurnId;
  sessionId: SessionId;
  agent: string;
  state: "running" | "finalizing";
  instanceId?: InstanceId | undefined;
  /** False once its owner's end is written down, or when nobody owns it. */
  isOwnerAlive: boolean;
  cancelled: boolean;
};

export type MessagePage = Page<Message, number> & { seq: number };

/** The cursor is the position of the last activity in a session. `total`: how many there are of what was asked for, on all pages. */
export type SessionPage = Page<Session, FeedPosition> & { total: number };

/** Of permission requests and of questions. */
export type RequestFilter = { state?: Permission["state"]; sessionId?: SessionId };

export type Queries = {
  getSession(id: SessionId): Promise<Session | undefined>;
  listSessions(query: {
    filter: SessionFilter;
    limit: number;
    before?: FeedPosition;
    after?: FeedPosition;
  }): Promise<SessionPage>;
  getWorkspace(id: WorkspaceId): Promise<Workspace | undefined>;
  /** The project's most recently used agent in a directory. */
  lastAgent(directory: string): Promise<string | undefined>;

  getTurn(id: TurnId): Promise<Turn | undefined>;
  listTurns(query: {
    sessionId: SessionId;
    limit: number;
    before?: number;
  }): Promise<Page<Turn, number> & { seq: number }>;
  /** Turns that started above the seq `after` and before the turn `before` did, if that is told, newest first, with their messages. */
  turnsSince(query: {
    sessionId: SessionId;
    after: number;
    before?: TurnId | undefined;
    limit: number;
  }): Promise<{ turn: Turn; messages: Message[] }[]>;
  getInput(id: InputId): Promise<Input | undefined>;
  listInputs(query: {
    sessionId: SessionId;
    state?: Input["state"];
  }): Promise<{ items: Input[]; seq: number }>;
  /** A page by `ordinal`, chronological inside; `before`/`after` are ordinals. Streaming parts come folded (D-13). */
  pageMessages(query: {
    sessionId: SessionId;
    limit: number;
    before?: number;
    after?: number;
  }): Promise<MessagePage>;
  /** Whole history newest first, with bounded memory (D-29). */
  streamMessages(sessionId: SessionId): AsyncIterable<Message>;
  getMessage(id: MessageId): Promise<Message | undefined>;
  messagesOfTurn(id: TurnId): Promise<Message[]>;
  getPart(id: PartId): Promise<Part | undefined>;
  listTodos(sessionId: SessionId): Promise<{ items: Todo[]; seq: number }>;
  listAgentSessions(
    sessionId: SessionId,
  ): Promise<{ items: (AgentSession & AgentSessionFacts)[]; seq: number }>;
  /** What the agents of a session are given, with their secrets: for whoever asks the servers, and for nobody else. None for a session that is not there. */
  givenServers(sessionId: SessionId): Promise<GivenMcpServer[]>;
  listPermissions(query: RequestFilter): Promise<Permission[]>;
  /** How many there are, those beyond a list's most included. */
  countPermissions(query: RequestFilter): Promise<number>;
  getPermission(id: PermissionId): Promise<Permission | undefined>;
  listQuestions(query: RequestFilter): Promise<Question[]>;
  countQuestions(query: RequestFilter): Promise<number>;
  getQuestion(id: QuestionId): Promise<Question | undefined>;
  /** All rules, or those that hold in a session (its own and its project's). */
  listPermissionRules(query: { sessionId?: SessionId }): Promise<PermissionRule[]>;

  /** Events of a session with seq > `after`, newest per row (D-4), in one read transaction; `limit` counts scanned rows. */
  replaySession(query: { sessionId: SessionId; after: number; limit: number }): Promise<ReplayPage<number>>;
  /** The same over all sessions, by position; without the events of transcripts when `messages` is false. */
  replayFeed(query: {
    workspaceId?: WorkspaceId;
    sessionId?: SessionId;
    messages?: boolean;
    after: FeedPosition;
    limit: number;
  }): Promise<ReplayPage<FeedPosition>>;
  lastSeq(id: SessionId): Promise<number | undefined>;
  trimmedSeq(id: SessionId): Promise<number>;
  lastPosition(): Promise<FeedPosition>;

  /** What `startTurn` would start, `undefined` when it would start nothing. Usage limits that are over at `now` hold nothing any more; without it each one counts. */
  nextTurn(sessionId: SessionId, now?: number): Promise<NextTurn | undefined>;
  /** Sessions with a queued turn that could start now, oldest first. */
  startableSessions(): Promise<SessionId[]>;
  liveTurns(): Promise<LiveTurn[]>;
  /** Whether the session's epoch is still this one. */
  epochOf(id: SessionId): Promise<number | undefined>;

  openProcesses(): Promise<ProcessRow[]>;
  agentFacts(): Promise<{ agent: string; version?: string; features: Features }[]>;
  /** The agents whose usage limit holds a session after `now`: of each agent the session that is held longest. */
  agentLimits(now: number): Promise<{ agent: string; until: number; sessionId: SessionId }[]>;
  getBlob(query: {
    hash: string;
    sessionId: SessionId;
  }): Promise<{ bytes: Uint8Array; mime: string } | undefined>;
  findBrowserToken(hash: string): Promise<BrowserTokenRow | undefined>;
  listBrowserTokens(): Promise<BrowserTokenRow[]>;

  /** Facts for `doctor` (D-38): integrity, drift between rows and log, orphans. Read-only. What belongs to the instance `live` is no leftover. */
  inspect(query?: { live?: InstanceId }): Promise<Diagnostics>;
};
