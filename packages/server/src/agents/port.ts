/**
 * What a backend is to the rest of Holdfast. A backend knows nothing of HTTP, SQL or pages: it yields AgentEvents, and the recorder of `turn`
 * makes rows of them. Events are shaped as upserts by id with explicit state.
 */
import type {
  APIError,
  AgentSession,
  AgentSessionId,
  ApprovalMode,
  BackendKind,
  Features,
  GivenMcpServer,
  LiveAgentList,
  Message,
  MessageId,
  Model,
  OpenedBy,
  OutputFormat,
  Part,
  PartId,
  QuestionAnswer,
  QuestionAsk,
  SessionError,
  SessionId,
  Todo,
  Tokens,
  ToolStatus,
  Turn,
  TurnId,
  Usage,
} from "@holdfast/protocol";

/** What came with a tool's result beside its text: content in base64, or a `https:` or `file:` reference to it. */
export type Attachment = { mime: string; filename?: string | undefined } & (
  | { data: string }
  | { url: string }
);

/** Most attachments of one call; further ones are named in its output at best. */
export const MAX_ATTACHMENTS = 100;
/** Most characters of the name of one. */
export const MAX_ATTACHMENT_NAME = 255;

/** One call as far as the agent told it. Absent fields keep what was said before; `output` and `raw` replace, growing text is recognised by the recorder. */
export type ToolUpdate = {
  callId: string;
  /** The backend's id of the part that shows the call, where it has one. */
  partId?: string | undefined;
  status?: ToolStatus | undefined;
  tool?: string | undefined;
  title?: string | undefined;
  kind?: string | undefined;
  input?: Record<string, unknown> | undefined;
  raw?: string | undefined;
  output?: string | undefined;
  error?: string | undefined;
  locations?: { path: string; line?: number | undefined }[] | undefined;
  diffs?: { path: string; oldText?: string | undefined; newText: string }[] | undefined;
  attachments?: Attachment[] | undefined;
  /** What the tool says of its work beside its output; added to what it said before. */
  facts?: Record<string, unknown> | undefined;
  /** What is said of the call beside its state. */
  metadata?: Record<string, unknown> | undefined;
};

/**
 * A piece of text or reasoning. `streamId` keeps interleaved messages apart where the agent names them; with `whole` the text is all that
 * the stream says and takes the place of what its pieces built. `metadata` is what the model's provider says of it; the last that is told holds.
 */
type Piece = { text: string; streamId?: string; whole?: boolean; metadata?: Record<string, unknown> };

/** Content of the running turn. */
export type ContentEvent =
  | ({ type: "text" } & Piece)
  | ({ type: "reasoning" } & Piece)
  | { type: "tool"; update: ToolUpdate }
  | { type: "plan"; todos: Todo[] }
  /**
   * A step that failed will be tried again: how many tries of it failed, why the last one did, and when the next begins, in wall-clock ms. Without
   * `failed` the step goes on; so it does with any other content.
   */
  | { type: "retry"; failed?: { attempt: number; error: APIError; next: number } }
  /** The model that answers from here on, as the agent calls it. */
  | { type: "model"; model: Model }
  /** The agent is about to change this file, an absolute path, through us: evidence for whose change it is (W-5), and nothing that is shown. */
  | { type: "file"; path: string }
  /** What came since the prompt began, or since the last of these, answers nobody: the agent had begun it by itself before it read the prompt. */
  | { type: "ownWork" }
  /**
   * One of the agent's own steps, by its id: a new id begins the next step, and what follows is that step's; a known one tells more of it. Told in the
   * order of steps. Of a backend that does not tell its steps apart, a prompt is one step. `parentId`: the backend's id of the message that it
   * answers; `summary`: what it says is a summary that the agent wrote for itself.
   */
  | {
      type: "step";
      stepId: string;
      parentId?: string;
      summary?: boolean;
      finish?: string;
      tokens?: Tokens;
      cost?: number;
    }
  /**
   * The agent replaces what it knows by a summary, which is the step `stepId`; `tailStartId` is the backend's id of the first message that it keeps
   * whole, `tailMessageId` the one of its row, by an agent that reads rows. With `isDone` it has.
   */
  | {
      type: "compaction";
      stepId: string;
      auto: boolean;
      overflow?: boolean;
      tailStartId?: string;
      tailMessageId?: MessageId;
      isDone: boolean;
    };

/** State of the agent session; applies at any time. */
export type StateEvent =
  | { type: "commands"; commands: NonNullable<AgentSession["commands"]> }
  | { type: "subagents"; subagents: NonNullable<AgentSession["subagents"]> }
  | { type: "modes"; modes: NonNullable<AgentSession["modes"]> }
  | { type: "models"; models: NonNullable<AgentSession["models"]> }
  /** Names of the background tasks of its own that run now. */
  | { type: "background"; tasks: string[] }
  | { type: "usage"; usage: Usage }
  | { type: "info"; title: string }
  | PastEvent;

/**
 * What an agent changes in what it said before, by the backend's ids. `removed`: it no longer has the message, or one part of it; `outputCleared`:
 * since `time`, in wall-clock ms, it no longer gives the output of this call to its model. `rowCleared` is the same of an agent that reads rows, by their ids.
 */
export type PastEvent =
  | { type: "removed"; messageId: string; partId?: string }
  | { type: "outputCleared"; messageId: string; partId: string; time: number }
  | { type: "rowCleared"; messageId: MessageId; partId: PartId; time: number };

/** Something for diagnostics: `late` came after its turn ended, `raw` is a kind we do not know, `notice` is noise or a protocol fault. `tail` is redacted. */
export type NoteEvent = { type: "notice" | "raw" | "late"; kind: string; bytes: number; tail: string };

export type AgentEvent = ContentEvent | StateEvent | NoteEvent;

/**
 * What a session tells that the agent made by itself for a part of its work, by the agent's id for it; during a prompt only. Each `began` is a turn of
 * it, to its `ended`, or to the end of the prompt. `parentId`: the session that it works for, where that is such a session itself; `callId`: the call there
 * that stands for it.
 */
export type ChildTold =
  | { type: "began"; parentId?: string; callId?: string; title: string; prompt: string }
  | { type: "said"; event: ContentEvent }
  | { type: "ended"; finish?: string; usage?: Usage; error?: SessionError };

export type ChildEvent = { type: "child"; childId: string; told: ChildTold };

/** An agent asks before it acts. `args` is complete; `patterns` are what a stored rule would match: command or paths. */
export type PermissionAsk = {
  callId?: string | undefined;
  tool: string;
  title: string;
  kind: string;
  args: Record<string, unknown>;
  patterns: string[];
  /** It was allowed beforehand, by a hook of the user's: only a mode that refuses stands above that. */
  isAllowed?: boolean | undefined;
};

/**
 * A no that no person said. `denied`: by the approval mode; `expired`: nobody answered before the deadline; `cancelled`: the turn is being stopped,
 * or nobody can answer any more.
 */
export type NotAllowed = "denied" | "expired" | "cancelled";

/** `reject`: a person said no. */
export type PermissionAnswer = "once" | "reject" | NotAllowed;

/** With what a person said to do instead, for an agent that takes words with a no. */
export type WordedAnswer = PermissionAnswer | { reject: string };

/** An agent wants to know something of a person. */
export type AgentQuestion = QuestionAsk & { callId?: string | undefined };

/** What a handle reports to during one prompt. `emit` is synchronous; `drained` is awaited between updates so that a slow store pauses reading. */
export type TurnSink = {
  readonly turnId: TurnId;
  emit(event: AgentEvent | ChildEvent): void;
  /** `cancelled` when the turn is being stopped, or once `withdrawn` says that the agent does not ask any more. */
  ask(request: PermissionAsk, withdrawn?: AbortSignal): Promise<WordedAnswer>;
  /** `cancel` when the turn is being stopped, or once `withdrawn` says that the agent does not ask any more. */
  askQuestion(question: AgentQuestion, withdrawn: AbortSignal): Promise<QuestionAnswer>;
  drained(): Promise<void> | undefined;
  /** Resolves when all that was emitted is committed; rejects once something could not be: then nothing more will be. */
  committed(): Promise<void>;
  /** The messages of the turn as they are stored, with those that went into it meanwhile, in order: from this one on, or all of them. */
  stored(from?: string): Promise<Message[]>;
};

/** What a handle reports between prompts. Called at any time until `close` ended. */
export type IdleSink = {
  emit(event: StateEvent | NoteEvent): void;
  /** The agent has begun to work by itself: its `hasBegun` is true, and nothing of it is read until `attend`, `prompt` or `letGo`. Absent where nobody attends. */
  began?(): void;
};

/** `denied`: the agent stopped where something was not allowed. */
export type StopReason = "end_turn" | "max_tokens" | "max_turn_requests" | "refusal" | "cancelled" | "denied";

/** The tool that an agent calls with its answer, where that must fit a JSON Schema. */
export const ANSWER_TOOL = "StructuredOutput";

/** How a prompt ended. It never rejects: a dead agent, a protocol error and an error text are outcomes. */
export type PromptResult =
  | { outcome: "ended"; stopReason: StopReason; usage?: Usage | undefined }
  | { outcome: "failed"; error: SessionError }
  | { outcome: "crashed"; error: SessionError }
  /** What runs the agent was ended on purpose by the cancel ladder or a shutdown. */
  | { outcome: "killed" };

/**
 * What became of words that were given to a running prompt. `unknown`: the agent said nothing that tells whether it has them. `goOn` is called once that
 * is stored: before, nothing more of the agent is read.
 */
export type SteerResult =
  | { outcome: "injected"; goOn?: () => void }
  | { outcome: "promptRequired" | "unknown" }
  | { outcome: "failed"; message: string };

export type AgentSettings = { approvalMode: ApprovalMode; model?: Model | undefined };

/** `format`: only for a handle that `answersJson`. */
export type PromptInput = { parts: Part[]; system?: string | undefined; format?: OutputFormat | undefined };

/** A message for the running prompt. */
export type SteerInput = { messageId: MessageId; parts: Part[] };

/**
 * What only an agent has that is a program of its own. Its pid and memory are not told by the handle but measured, by the rows of the processes
 * that were started.
 */
export type AgentProcessFacts = {
  /** Arguments, the program's files and the names of environment variables in one hash, never a secret. */
  readonly fingerprint: string;
};

/** A live agent session: one connection, reused for every turn. */
export type AgentHandle = {
  readonly agent: string;
  readonly sessionId: SessionId;
  readonly backendSessionId: string;
  /** How it came to be: `create`, `load` or `resume`; a second use of the same handle is `live`. */
  readonly openedBy: Exclude<OpenedBy, "live">;
  readonly version: string | undefined;
  readonly features: Features;
  /** Absent for an agent that runs inside of the server. */
  readonly process?: AgentProcessFacts | undefined;
  /** Its memory is the rows of the session: it knows every turn of it, and what is prompted is what stands there. */
  readonly readsRows?: boolean;
  /** It answers in JSON by a call of `ANSWER_TOOL`, whose input is the answer (session-model 2). */
  readonly answersJson?: boolean;
  /** One at a time; a second call while one runs throws. */
  prompt(input: PromptInput, sink: TurnSink): Promise<PromptResult>;
  /**
   * Stops the running prompt by A-15's ladder: tell the agent, wait 5 s for its answer, then end what runs it. Resolves when the prompt has ended.
   * Harmless without a prompt.
   */
  cancel(): Promise<void>;
  /** The agent works by itself, and nobody attends to it yet. */
  readonly hasBegun?: boolean;
  /**
   * Takes what the agent began by itself, as `prompt` takes what it answers, to the end that it tells; `cancel` stops it. At once `ended` when nothing
   * has begun; a call while a prompt runs throws.
   */
  attend?(sink: TurnSink): Promise<PromptResult>;
  /** Nobody will attend: what waits is noted as late, and so is what the agent begins from now on. */
  letGo?(): void;
  /**
   * Gives more to the running prompt; only of a handle whose features say `steer`. Never rejects, and answers soon after the prompt's end at the latest:
   * `promptRequired` without a prompt, or when the agent had ended it already.
   */
  steer?(input: SteerInput): Promise<SteerResult>;
  /** Sets approval mode and model. Rejects with AGENT_UNAVAILABLE when it cannot hold the mode, or does not offer the model (then it names the field). */
  configure(settings: AgentSettings): Promise<void>;
  /** The model that `configure` set, as the agent calls it; `undefined` where none was asked for. */
  readonly model?: Model | undefined;
  /**
   * Politely ends it by the stop ladder; resolves when nothing of it lives any more. Idempotent. With `graceMs` SIGKILL comes at the
   * latest then; a second call can hurry the first.
   */
  close(graceMs?: number): Promise<void>;
  /** Monotonic ms since when no prompt runs; `undefined` while one runs. A handle that does not tell is never evicted. */
  readonly idleSince?: number | undefined;
  /** Background tasks of its own run in it: it is closed by hand only, and by the end of its session. */
  readonly isArmed?: boolean;
  /** False once what runs it is gone or being closed. */
  readonly alive: boolean;
  /** Fires once, when what runs it ends, however it did; the handle has left the pool before. */
  onExit(listener: (exit: { expected: boolean }) => void): void;
};

/** One turn of a session with its messages in order. */
export type PastTurn = { turn: Turn; messages: Message[] };

/**
 * Reads a session's history as far as it is stored, for as long as the session lives: at most `limit` turns that have started, newest first, above
 * the seq `after` and older than the turn `before`; without `before` the running turn is the first one.
 */
export type ReadHistory = (page: {
  after: number;
  before?: TurnId | undefined;
  limit: number;
}) => Promise<PastTurn[]>;

export type OpenRequest = {
  sessionId: SessionId;
  agentSessionId: AgentSessionId;
  agent: string;
  directory: string;
  approvalMode: ApprovalMode;
  model?: Model | undefined;
  /** What the agent is given to reach its tools by; another list makes a live handle outdated. */
  mcpServers: readonly GivenMcpServer[];
  /** What an earlier opening was called by the agent; tried first. */
  backendSessionId?: string | undefined;
  /** For an agent whose memory the session itself is. What a handoff tells is read by the same way. */
  history: ReadHistory;
  idle: IdleSink;
  signal: AbortSignal;
};

/** A login that a person asked for: the agent does it by this method of its own, which may open a browser on this machine. */
export type LoginRequest = {
  sessionId: SessionId;
  agent: string;
  directory: string;
  methodId: string;
  signal: AbortSignal;
};

export type Backend = {
  readonly kind: BackendKind;
  /** Starts what runs the agent and opens its session. Rejects with an AgentFailure whose `error` is an AgentError or a ProviderAuthError. */
  open(request: OpenRequest): Promise<AgentHandle>;
  /**
   * The process fingerprint that a handle would have if it were opened now; `undefined` when that cannot be told. A backend without
   * processes has none.
   */
  fingerprint?(agent: string): Promise<string | undefined>;
  /**
   * Logs in; absent where only the program itself can. Rejects with a HoldfastError: UNPROCESSABLE for a method that there is not, or that needs a
   * terminal, naming the command; AGENT_UNAVAILABLE with what the agent said.
   */
  authenticate?(request: LoginRequest): Promise<void>;
};

/** Thrown by `open`: typed, with what the agent last said on stderr. */
export class AgentFailure extends Error {
  readonly error: SessionError;
  /** `unavailable`: not installed or cannot hold the mode; `crashed`: it started and broke. */
  readonly kind: "unavailable" | "crashed" | "aborted";
  constructor(kind: AgentFailure["kind"], error: SessionError) {
    super("message" in error.data ? error.data.message : error.name);
    this.name = "AgentFailure";
    this.kind = kind;
    this.error = error;
  }
}

/** A place in the pool, kept from before a turn starts until it has ended: its handle is not evicted meanwhile. */
export type Reservation = {
  /** While it waits for a human it counts for memory only. */
  waiting(isWaiting: boolean): void;
  /** Idempotent. */
  release(): void;
};

/** What the dispatcher sees of the pool: get or create the one live handle of (session, agent). */
export type AgentPool = {
  /**
   * Keeps a place, closing the least recently used idle handle for it when that is needed; `undefined` while every one is used. A child of a
   * running turn goes `beyondCap`.
   */
  reserve(request: { sessionId: SessionId; agent: string; beyondCap?: boolean }): Reservation | undefined;
  /** Calls back whenever there may be room again; returns the way to stop. */
  onRoom(listener: () => void): () => void;
  /** Everything that is live, being opened or being closed. */
  list(): LiveAgentList;
  /** Concurrent callers share one opening. `live`: the handle was there already. */
  acquire(request: OpenRequest): Promise<{ handle: AgentHandle; live: boolean }>;
  /** The live handle, if any. */
  find(sessionId: SessionId, agent: string): AgentHandle | undefined;
  /** Closes a handle by hand as an eviction would; false while it is opened or used. Nothing that lives, nothing to close: true. */
  closeIdle(sessionId: SessionId, agent: string): boolean;
  /** Logs in to an agent, in a program of its own that ends afterwards. Rejects as `Backend.authenticate` does. */
  authenticate(request: LoginRequest): Promise<void>;
  /** Closes every handle of a session (delete, archive, claim lost). */
  closeSession(sessionId: SessionId): Promise<void>;
  /** Ends everything within `graceMs` and refuses new work. */
  dispose(graceMs: number): Promise<void>;
};
