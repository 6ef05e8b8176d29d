import { z } from "zod";
import {
  agentIdSchema,
  approvalModeSchema,
  countSchema,
  limitAttemptsSchema,
  modelSchema,
  resumePolicySchema,
  SHORT_TEXT,
  timeSchema,
} from "./common.ts";
import { projectIdSchema, sessionIdSchema, workspaceIdSchema, worktreeIdSchema } from "./id.ts";
import { shownMcpServersSchema } from "./mcp.ts";
import { usageSchema } from "./usage.ts";
import { worktreeSettingsSchema } from "./worktree.ts";

/** Derived from rows, never a variable in memory (D-10). */
export const sessionStatusSchema = z.enum(["idle", "busy", "retry", "waiting"]);
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

/** What the running step waits for: the tries that failed so far, why the last one did, and when the next one begins. */
export const retryStatusSchema = z.object({
  attempt: countSchema,
  message: z.string().max(SHORT_TEXT),
  next: timeSchema,
});
export type RetryStatus = z.infer<typeof retryStatusSchema>;

/** Why a person should look at a session. */
export const attentionSchema = z.enum(["none", "permission", "question", "failed", "interrupted"]);
export type Attention = z.infer<typeof attentionSchema>;

const limitSchema = z.object({ agent: agentIdSchema, until: timeSchema });
export type UsageLimit = z.infer<typeof limitSchema>;

export const sessionSchema = z
  .object({
    id: sessionIdSchema,
    parentId: sessionIdSchema.optional(),
    /** It shows a session that its agent made by itself, by the agent's id for that, and takes no inputs. */
    mirrors: z.string().max(SHORT_TEXT).optional(),
    projectId: projectIdSchema,
    workspaceId: workspaceIdSchema,
    directory: z.string(),
    title: z.string(),
    agent: agentIdSchema,
    model: modelSchema.optional(),
    approvalMode: approvalModeSchema,
    resumePolicy: resumePolicySchema,
    status: sessionStatusSchema,
    /** There while the status is `retry`. */
    retry: retryStatusSchema.optional(),
    /** A turn ended at its agent's usage limit: what that agent is asked next waits until then. It is over when `until` has passed. `also`: other agents that met theirs before. */
    suspended: limitSchema.extend({ also: z.array(limitSchema).optional() }).optional(),
    /** Absent: never. */
    limitAttempts: limitAttemptsSchema.optional(),
    attention: attentionSchema,
    queue: z.object({ length: countSchema, paused: z.boolean() }),
    time: z.object({ created: timeSchema, updated: timeSchema, archived: timeSchema.optional() }),
    lastSeq: countSchema,
    usage: usageSchema,
    /** Its own MCP servers, over those of its project; absent while there is none. */
    mcpServers: shownMcpServersSchema.optional(),
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof sessionSchema>;

/** What waits in it goes on only when somebody says so (D-6). */
export const hasPausedQueue = ({ queue }: Pick<Session, "queue">): boolean =>
  queue.paused && queue.length > 0;

/** The usage limits that turns of the session wait for at `now`, the one that was met last first; of each agent one. */
export const limitsAt = ({ suspended }: Pick<Session, "suspended">, now: number): UsageLimit[] =>
  (suspended === undefined ? [] : [suspended, ...(suspended.also ?? [])]).filter(({ until }) => until > now);

export const limitAt = (session: Pick<Session, "suspended">, now: number): UsageLimit | undefined =>
  limitsAt(session, now)[0];

export const projectSchema = z
  .object({
    id: projectIdSchema,
    directory: z.string(),
    name: z.string(),
    /** How worktrees of it are made; empty until somebody sets it. */
    worktree: worktreeSettingsSchema,
    /** What agents of its sessions are given; absent while there is none. */
    mcpServers: shownMcpServersSchema.optional(),
    time: z.object({ created: timeSchema }),
  })
  .meta({ id: "Project" });
export type Project = z.infer<typeof projectSchema>;

/** `exclusive`: turns that may change files run one at a time; `shared`: they overlap. */
export const concurrencySchema = z.enum(["exclusive", "shared"]);

/** A place where work happens: the project's directory itself or one git worktree of it. */
export const workspaceSchema = z
  .object({
    id: workspaceIdSchema,
    projectId: projectIdSchema,
    kind: z.enum(["directory", "worktree"]),
    directory: z.string(),
    concurrency: concurrencySchema.default("exclusive"),
    /** The worktree it works in, of kind `worktree`. */
    worktreeId: worktreeIdSchema.optional(),
    time: z.object({ created: timeSchema }),
  })
  .meta({ id: "Workspace" });
export type Workspace = z.infer<typeof workspaceSchema>;

/** A plan entry; the list is replaced as a whole (session-model 15). */
export const todoSchema = z
  .object({
    content: z.string(),
    status: z.enum(["pending", "in_progress", "completed", "cancelled"]),
    priority: z.enum(["high", "medium", "low"]),
  })
  .meta({ id: "Todo" });
export type Todo = z.infer<typeof todoSchema>;
