import { z } from "zod";
import { agentSchema, agentSessionSchema, liveAgentSchema } from "./agent.ts";
import {
  agentIdSchema,
  approvalModeSchema,
  countSchema,
  limitAttemptsSchema,
  modelSchema,
  outputFormatSchema,
  permissionTimeoutSchema,
  resumePolicySchema,
  timeSchema,
} from "./common.ts";
import { inputIdSchema, sessionIdSchema, workspaceIdSchema } from "./id.ts";
import { deliverySchema, inputPartSchema, inputSchema } from "./input.ts";
import { mcpServersSchema, patchMcpServersSchema, patchProjectServersSchema } from "./mcp.ts";
import { messageSchema } from "./message.ts";
import { permissionReplySchema, permissionRuleSchema, permissionSchema } from "./permission.ts";
import { questionSchema } from "./question.ts";
import { concurrencySchema, projectSchema, sessionSchema, todoSchema } from "./session.ts";
import { turnSchema } from "./turn.ts";
import { worktreeSettingsSchema } from "./worktree.ts";

/** Limits of the HTTP edge; each stands here once (I-6, D-5, D-6, D-29). */
export const HTTP_LIMITS = {
  /** Bytes of a body; more is 413. */
  bodyBytes: 16 * 1024 * 1024,
  /** Depth of a JSON body. */
  jsonDepth: 64,
  /** Characters of a title. */
  titleLength: 500,
  /** Parts of one input. */
  inputParts: 256,
  /** Files, symbols, resources and agents that the texts of one input may mention. */
  mentions: 64,
  /** Words with an `@` that are looked up for it. */
  mentionLooks: 1_000,
  /** Words with an `@` in its texts, the same one as often as it stands there. */
  mentionWords: 100_000,
  /** Characters of an idempotency key. */
  idempotencyKeyLength: 255,
  /** Rows of a page. */
  pageLimit: 200,
  /** Inputs queued per session; more is 429. */
  queuedInputs: 1_000,
  /** Longest `?timeout=` of a waiting request, in ms. */
  waitMs: 600_000,
  /** Bytes of an output format's schema as JSON; it goes out with the prompt. */
  schemaBytes: 64 * 1024,
  /** Characters of a directory path. */
  pathLength: 4_096,
} as const;

export const healthSchema = z
  .object({ status: z.enum(["ok", "degraded"]), version: z.string() })
  .meta({ id: "Health" });
export type Health = z.infer<typeof healthSchema>;

export const createSessionSchema = z
  .strictObject({
    directory: z.string().min(1).max(HTTP_LIMITS.pathLength),
    title: z.string().min(1).max(HTTP_LIMITS.titleLength).optional(),
    agent: agentIdSchema.optional(),
    model: modelSchema.optional(),
    approvalMode: approvalModeSchema.optional(),
    resumePolicy: resumePolicySchema.optional(),
    limitAttempts: limitAttemptsSchema.optional(),
    /** Makes a worktree of the directory's repository and works there (W-2). */
    worktree: z.boolean().optional(),
    /** What the new worktree starts from: HEAD's commit (default), or a snapshot of the checkout as it is. */
    worktreeBase: z.enum(["head", "dirty"]).optional(),
    workspaceId: workspaceIdSchema.optional(),
    parentId: sessionIdSchema.optional(),
    mcpServers: mcpServersSchema.optional(),
  })
  .meta({ id: "CreateSession" });
export type CreateSession = z.infer<typeof createSessionSchema>;

export const patchSessionSchema = z
  .strictObject({
    title: z.string().min(1).max(HTTP_LIMITS.titleLength).optional(),
    agent: agentIdSchema.optional(),
    model: modelSchema.nullable().optional(),
    approvalMode: approvalModeSchema.optional(),
    resumePolicy: resumePolicySchema.optional(),
    limitAttempts: limitAttemptsSchema.optional(),
    archived: z.boolean().optional(),
    mcpServers: patchMcpServersSchema.optional(),
  })
  .meta({ id: "PatchSession" });
export type PatchSession = z.infer<typeof patchSessionSchema>;

export const patchWorkspaceSchema = z
  .strictObject({ concurrency: concurrencySchema })
  .meta({ id: "PatchWorkspace" });
export type PatchWorkspace = z.infer<typeof patchWorkspaceSchema>;

export const patchProjectSchema = z
  .strictObject({
    worktree: worktreeSettingsSchema.optional(),
    mcpServers: patchProjectServersSchema.optional(),
  })
  .meta({ id: "PatchProject" });
export type PatchProject = z.infer<typeof patchProjectSchema>;

export const projectListSchema = z.object({ items: z.array(projectSchema) }).meta({ id: "ProjectList" });

/** The words of an input; with `mentions` what its texts mention as `@path`, `@path:10-20`, `@path#symbol`, `@mcp://server/uri` or `@agent` becomes a part of its own. */
const inputWords = {
  parts: z.array(inputPartSchema).min(1).max(HTTP_LIMITS.inputParts),
  mentions: z.boolean().optional(),
};

export const admitInputSchema = z
  .strictObject({
    ...inputWords,
    agent: agentIdSchema.optional(),
    model: modelSchema.optional(),
    delivery: deliverySchema.optional(),
    format: outputFormatSchema.optional(),
    system: z.string().optional(),
    tools: z.record(z.string(), z.boolean()).optional(),
    permissionTimeoutMs: permissionTimeoutSchema.optional(),
  })
  .meta({ id: "AdmitInput" });
export type AdmitInput = z.infer<typeof admitInputSchema>;

export const patchInputSchema = z.strictObject(inputWords).meta({ id: "PatchInput" });
export type PatchInput = z.infer<typeof patchInputSchema>;

export const reorderQueueSchema = z
  .strictObject({ inputIds: z.array(inputIdSchema).min(1).max(HTTP_LIMITS.queuedInputs) })
  .meta({ id: "ReorderQueue" });

export const admittedSchema = z
  .object({ input: inputSchema, turn: turnSchema, message: messageSchema })
  .meta({ id: "Admitted" });
export type Admitted = z.infer<typeof admittedSchema>;

export const turnResultSchema = z
  .object({ turn: turnSchema, messages: z.array(messageSchema) })
  .meta({ id: "TurnResult" });
export type TurnResult = z.infer<typeof turnResultSchema>;

const page = { next: z.string().optional(), prev: z.string().optional() };

/** How many there are of what was asked for, those that are not in `items` included. */
const total = countSchema;

export const sessionListSchema = z
  .object({ items: z.array(sessionSchema), ...page, total })
  .meta({ id: "SessionList" });
export const messageListSchema = z
  .object({ items: z.array(messageSchema), ...page, seq: countSchema })
  .meta({ id: "MessageList" });
/** A page of the history read backwards, the newest message first (D-29). */
export const historyPageSchema = z
  .object({ items: z.array(messageSchema), next: z.string().optional(), seq: countSchema })
  .meta({ id: "HistoryPage" });
export type HistoryPage = z.infer<typeof historyPageSchema>;
export const inputListSchema = z
  .object({ items: z.array(inputSchema), seq: countSchema })
  .meta({ id: "InputList" });
export const turnListSchema = z
  .object({ items: z.array(turnSchema), ...page, seq: countSchema })
  .meta({ id: "TurnList" });
export const permissionListSchema = z
  .object({ items: z.array(permissionSchema), total })
  .meta({ id: "PermissionList" });
export const questionListSchema = z
  .object({ items: z.array(questionSchema), total })
  .meta({ id: "QuestionList" });
export const permissionRuleListSchema = z
  .object({ items: z.array(permissionRuleSchema) })
  .meta({ id: "PermissionRuleList" });
export const agentListSchema = z.object({ items: z.array(agentSchema) }).meta({ id: "AgentList" });
/** `limit`: most that may live at once; those that wait for a human do not count. */
export const liveAgentListSchema = z
  .object({ items: z.array(liveAgentSchema), limit: countSchema })
  .meta({ id: "LiveAgentList" });
export const agentSessionListSchema = z
  .object({ items: z.array(agentSessionSchema), seq: countSchema })
  .meta({ id: "AgentSessionList" });
export const todoListSchema = z
  .object({ items: z.array(todoSchema), seq: countSchema })
  .meta({ id: "TodoList" });
export const fileListSchema = z
  .object({ items: z.array(z.object({ path: z.string() })) })
  .meta({ id: "FileList" });
export type SessionList = z.infer<typeof sessionListSchema>;
export type MessageList = z.infer<typeof messageListSchema>;
export type InputList = z.infer<typeof inputListSchema>;
export type TurnList = z.infer<typeof turnListSchema>;
export type PermissionList = z.infer<typeof permissionListSchema>;
export type QuestionList = z.infer<typeof questionListSchema>;
export type LiveAgentList = z.infer<typeof liveAgentListSchema>;
export type AgentSessionList = z.infer<typeof agentSessionListSchema>;

export const authenticateSchema = z
  .strictObject({ methodId: z.string().min(1).max(1_024) })
  .meta({ id: "Authenticate" });

/** `next`: a queued input of the session. The turn is stopped for it, it comes next, and the queue goes on. */
export const cancelTurnSchema = z.strictObject({ next: inputIdSchema.optional() }).meta({ id: "CancelTurn" });

export const replyPermissionSchema = z
  .strictObject({ reply: permissionReplySchema, message: z.string().max(65_536).optional() })
  .meta({ id: "ReplyPermission" });
export type ReplyPermission = z.infer<typeof replyPermissionSchema>;

export const exchangeCodeSchema = z
  .strictObject({ code: z.string().regex(/^[0-9a-f]{32}$/) })
  .meta({ id: "ExchangeCode" });
export const browserTokenSchema = z.object({ token: z.string() }).meta({ id: "BrowserToken" });
export const accessCodeSchema = z
  .object({ code: z.string(), expiresAt: timeSchema })
  .meta({ id: "AccessCode" });
export type AccessCode = z.infer<typeof accessCodeSchema>;

/** The answer to a rotation: the server's new token, shown once. */
export const serverTokenSchema = z.object({ token: z.string() }).meta({ id: "ServerToken" });

/** What `doctor` looks at: each list names what is wrong and is empty in a healthy store (D-38). */
export const diagnosticsSchema = z
  .object({
    integrity: z.array(z.string()),
    foreignKeys: z.array(z.string()),
    drift: z.array(z.string()),
    stuckTurns: z.array(z.string()),
    leftoverProcesses: z.array(z.string()),
    sizes: z.object({
      databaseBytes: countSchema,
      walBytes: countSchema,
      sessions: countSchema,
      messages: countSchema,
      parts: countSchema,
      events: countSchema,
    }),
  })
  .meta({ id: "Diagnostics" });
export type Diagnostics = z.infer<typeof diagnosticsSchema>;

/** A browser token as listed: never the token itself. */
export const tokenInfoSchema = z
  .object({
    id: z.string(),
    label: z.string(),
    time: z.object({ created: timeSchema, expires: timeSchema, used: timeSchema.optional() }),
  })
  .meta({ id: "TokenInfo" });
export const tokenListSchema = z.object({ items: z.array(tokenInfoSchema) }).meta({ id: "TokenList" });

/** A server's answer to the nonce of whoever wants to know that it is the one (I-6): hexadecimal. */
export const serverProofSchema = z.object({ proof: z.string() }).meta({ id: "ServerProof" });
