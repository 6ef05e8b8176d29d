/**
 * What the server and the native agent's program say to each other: JSON-RPC over the program's stdin and stdout, one program per session.
 *
 *   server                                   program
 *   open ───────────────────────────────────►          providers with their keys: never in an environment, an argument or a file
 *   prompt ─────────────────────────────────►          the running turn stands in rows already; so do the user's words
 *          ◄───────────────────────────────── history  what the session's rows say: the only memory that there is
 *          ◄───────────────────────────────── say      what happens, in order; never answered
 *          ◄───────────────────────────────── commit   answered once all that was said before is committed; so is `turn`, with the turn's rows
 *          ◄───────────────────────────────── ask, askQuestion
 *   cancel, steer, configure ───────────────►
 *          ◄───────────────────────────────── the answer of `prompt`
 *
 * - A step, a call of a tool and a try that failed are said and committed before what they announce is done.
 * - Every message has its parameters in an object (`say({events})`); what does not fit its schema ends the program, and so does too much at once.
 * - Nothing is kept by the program that rows do not say: it may be ended between any two prompts.
 */
import {
  apiErrorSchema,
  type GivenMcpServer,
  type Message,
  type Model,
  modelSchema,
  type OutputFormat,
  type Price,
  type QuestionAnswer,
  questionAskSchema,
  type QuestionAsk,
  sessionErrorSchema,
  todoSchema,
  tokensSchema,
  type Turn,
  type TurnId,
  turnIdSchema,
  usageSchema,
} from "@holdfast/protocol";
import { z } from "zod";

/** Bytes of one message between the two; a longer one ends the program. */
export const MESSAGE_BYTES = 64 * 1024 * 1024;

/** Bytes of what is said after which the program waits for a `commit` before it says more. */
export const SAY_BYTES = 256 * 1024;

/** Events of one `say` at most, and attachments of one call. */
export const MAX_SAID = 1_000;
export const MAX_ATTACHED = 100;

/** Turns of one page of the history at most. */
export const MAX_HISTORY = 20;

/** Requests of the program that are open at once; one more ends it. */
export const MAX_OPEN_REQUESTS = 256;

/** How long a hook may take, in ms: the server ends the program of one that has not ended then. */
export const HOOK_MS = 30_000;

const facts = z.record(z.string(), z.unknown());

const attachmentSchema = z.object({
  mime: z.string(),
  filename: z.string().optional(),
  /** Base64. */
  data: z.string(),
});
export type Attachment = z.infer<typeof attachmentSchema>;

const toolUpdateSchema = z.object({
  callId: z.string(),
  partId: z.string().optional(),
  status: z.enum(["pending", "running", "completed", "error"]).optional(),
  tool: z.string().optional(),
  title: z.string().optional(),
  kind: z.string().optional(),
  input: facts.optional(),
  raw: z.string().optional(),
  output: z.string().optional(),
  error: z.string().optional(),
  locations: z.array(z.object({ path: z.string(), line: z.int().optional() })).optional(),
  diffs: z
    .array(z.object({ path: z.string(), oldText: z.string().optional(), newText: z.string() }))
    .optional(),
  attachments: z.array(attachmentSchema).max(MAX_ATTACHED).optional(),
  /** Goes into the state's metadata: added to what was said before. */
  facts: facts.optional(),
  /** Stands beside the state: what the model's provider says of the call. */
  metadata: facts.optional(),
});
export type ToolUpdate = z.infer<typeof toolUpdateSchema>;

const piece = {
  text: z.string(),
  streamId: z.string(),
  whole: z.boolean().optional(),
  metadata: facts.optional(),
};

/** What belongs to the running turn, or to one of a child. The meaning of each is that of the port's event of the same name. */
export const contentSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), ...piece }),
  z.object({ type: z.literal("reasoning"), ...piece }),
  z.object({ type: z.literal("tool"), update: toolUpdateSchema }),
  z.object({ type: z.literal("plan"), todos: z.array(todoSchema) }),
  z.object({
    type: z.literal("retry"),
    failed: z.object({ attempt: z.int(), error: apiErrorSchema, next: z.number() }).optional(),
  }),
  z.object({ type: z.literal("model"), model: modelSchema }),
  z.object({ type: z.literal("file"), path: z.string() }),
  z.object({
    type: z.literal("step"),
    stepId: z.string(),
    summary: z.boolean().optional(),
    finish: z.string().optional(),
    tokens: tokensSchema.optional(),
    cost: z.number().nonnegative().optional(),
  }),
  z.object({
    type: z.literal("compaction"),
    stepId: z.string(),
    auto: z.boolean(),
    overflow: z.boolean().optional(),
    /** Id of the message as the rows have it. */
    tailStartId: z.string().optional(),
    isDone: z.boolean(),
  }),
]);
export type Content = z.infer<typeof contentSchema>;

/** What a subagent does, which runs in this program as well: a child session for people, read-only. */
const childSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("began"),
    parentId: z.string().optional(),
    callId: z.string(),
    title: z.string(),
    prompt: z.string(),
  }),
  z.object({ type: z.literal("said"), event: contentSchema }),
  z.object({
    type: z.literal("ended"),
    finish: z.string().optional(),
    usage: usageSchema.optional(),
    error: sessionErrorSchema.optional(),
  }),
]);

export const saidSchema = z.union([
  contentSchema,
  z.object({ type: z.literal("child"), childId: z.string(), told: childSchema }),
  z.object({ type: z.literal("usage"), usage: usageSchema }),
  z.object({ type: z.literal("info"), title: z.string() }),
  /** Rows that the model no longer gets the output of: our ids. */
  z.object({
    type: z.literal("outputCleared"),
    messageId: z.string(),
    partId: z.string(),
    time: z.number(),
  }),
  z.object({ type: z.literal("notice"), kind: z.string(), tail: z.string() }),
]);
export type Said = z.infer<typeof saidSchema>;

/** A notification. */
export const sayParamsSchema = z.object({ events: z.array(saidSchema).max(MAX_SAID) });
export type SayParams = z.infer<typeof sayParamsSchema>;

/** How a model is reached. `key` is absent where the endpoint takes none. */
export type ProviderAccess = {
  id: string;
  kind: "anthropic" | "openai" | "google" | "openai-compatible";
  /** With its version, as `http://127.0.0.1:11434/v1`; absent: the provider's own. */
  baseUrl?: string;
  key?: string;
  headers?: Record<string, string>;
  /** What is known of its models, by id: of the shipped table, with what the configuration says laid over it. */
  models: Record<string, ModelFacts>;
};

/** Tokens, and US dollars per million tokens. Absent is unknown. */
export type ModelFacts = {
  name?: string;
  context?: number;
  /** Largest input, where it is less than the context. */
  input?: number;
  output?: number;
  price?: Price;
  /** What it takes beside text. */
  images?: boolean;
  pdf?: boolean;
  tools?: boolean;
  reasoning?: boolean;
  /** Names of its variants, each with the provider's options for it. */
  variants?: Record<string, Record<string, unknown>>;
};

export type Compaction = {
  /** False: an overflow ends the turn. */
  auto: boolean;
  /** Tokens that are kept free; absent: the lesser of 20,000 and the model's output limit. */
  reserved?: number;
  /** Outputs of old calls are cleared, too. */
  prune: boolean;
};

export type OpenParams = {
  agent: "build" | "plan";
  sessionId: string;
  /** The session's workspace, and the top of its project or worktree. */
  directory: string;
  root: string;
  /** Where outputs that were cut are kept whole, for a week. */
  outputDirectory: string;
  /** Absent: the first one of `models`. */
  model?: Model;
  /** For titles; absent: the session's model. */
  smallModel?: Model;
  providers: ProviderAccess[];
  mcpServers: GivenMcpServer[];
  /** Absolute paths of ES modules. */
  hooks: string[];
  /** Paths, globs and URLs beside AGENTS.md and its like. */
  instructions: string[];
  compaction: Compaction;
  toolOutput: { maxLines: number; maxBytes: number };
  /** Most steps of a prompt. */
  maxSteps: number;
  /** Names of variables that no tool gets: those that hold keys. */
  hiddenVariables: string[];
};

export const openAnswerSchema = z.object({
  version: z.string().max(64),
  model: modelSchema,
  context: z.number().optional(),
});
export type OpenAnswer = z.infer<typeof openAnswerSchema>;

/** Holds from the next step on. Answered once it does, with nothing. */
export type ConfigureParams = { model?: Model };

export type PromptParams = {
  turnId: TurnId;
  format?: OutputFormat;
};

/** `denied`: a person said no without a word of what to do instead. */
export type PromptAnswer =
  | { outcome: "ended"; stopReason: "end_turn" | "max_turn_requests" | "refusal" | "cancelled" | "denied" }
  | { outcome: "failed"; error: z.infer<typeof sessionErrorSchema> };

export const promptAnswerSchema = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("ended"),
    stopReason: z.enum(["end_turn", "max_turn_requests", "refusal", "cancelled", "denied"]),
  }),
  z.object({ outcome: z.literal("failed"), error: sessionErrorSchema }),
]);

/**
 * Words for the running prompt. Answered at the next edge of a step, before that step is said: the message stands in the rows of the turn (`turn`) when what was
 * said behind the answer is committed. `missed` where the prompt ends before.
 */
export type SteerParams = { messageId: string };
export const steerAnswerSchema = z.object({ outcome: z.enum(["injected", "missed"]) });
export type SteerAnswer = z.infer<typeof steerAnswerSchema>;

/** A request that the program cancels (`$/cancelRequest`) is withdrawn, and answered `cancelled`. */
export const permissionAskSchema = z.object({
  callId: z.string().optional(),
  tool: z.string(),
  title: z.string(),
  kind: z.string(),
  args: facts,
  patterns: z.array(z.string()),
  /** A hook of the user's said yes: nobody is asked, and only a mode that refuses stands above it. */
  isAllowed: z.boolean().optional(),
});
export type PermissionAsk = z.infer<typeof permissionAskSchema>;

/** `reject`: a person said no; with `message`, what to do instead. The others: a no that no person said. */
export type PermissionAnswer =
  | { action: "once" }
  | { action: "reject"; message?: string }
  | { action: "denied" | "expired" | "cancelled" };

export const agentQuestionSchema = questionAskSchema.extend({ callId: z.string().optional() });
export type AgentQuestion = QuestionAsk & { callId?: string | undefined };
export type { QuestionAnswer };

/** One page of the session's turns, newest first; without `before` the running one is the first. */
export const historyParamsSchema = z.object({
  after: z.int().nonnegative(),
  before: turnIdSchema.optional(),
  limit: z.int().min(1).max(MAX_HISTORY),
});
export type HistoryParams = z.infer<typeof historyParamsSchema>;
export type HistoryAnswer = { turn: Turn; messages: Message[] }[];

/** Messages of the running turn as they are stored once all that was said before is committed, from this one on; all of them without one. */
export const turnParamsSchema = z.object({ from: z.string().optional() });
export type TurnParams = z.infer<typeof turnParamsSchema>;
export type TurnAnswer = Message[];

/** Content of a file part or an attachment, by the hash in its `blob:` address. Null: it is gone. */
export const blobParamsSchema = z.object({ hash: z.string().max(128) });
export type BlobParams = z.infer<typeof blobParamsSchema>;
export type BlobAnswer = { data: string } | null;

/** A notification around each call of a hook, before any module of hooks runs: one that does not come back in time costs the program, and the turn names it. */
export const hookParamsSchema = z.object({
  id: z.int().nonnegative(),
  name: z.string().max(256),
  at: z.enum(["begin", "end"]),
});
export type HookParams = z.infer<typeof hookParamsSchema>;

/** Names of the methods. */
export const METHODS = {
  open: "open",
  prompt: "prompt",
  cancel: "cancel",
  steer: "steer",
  configure: "configure",
  say: "say",
  commit: "commit",
  ask: "ask",
  askQuestion: "askQuestion",
  history: "history",
  turn: "turn",
  blob: "blob",
  hook: "hook",
} as const;
