import { z } from "zod";
import { agentIdSchema, approvalModeSchema, countSchema, timeSchema } from "./common.ts";
import { agentSessionIdSchema, sessionIdSchema } from "./id.ts";
import { usageSchema } from "./usage.ts";

export const BACKENDS = ["acp", "opencode", "native"] as const;
export type BackendKind = (typeof BACKENDS)[number];

/**
 * What an agent can do, what an input may ask of it (`tools`, `variant`, `subagents`: a mention of one), and over what it takes MCP servers besides stdio,
 * which every agent does. Learnt at first use; until then `unknown` (A-3).
 */
export const featureSchema = z.enum(["yes", "no", "unknown"]);
const FIRST_FEATURES = [
  "load",
  "resume",
  "list",
  "close",
  "images",
  "embeddedContext",
  "steer",
  "modes",
  "usage",
] as const;
export const FEATURES = [...FIRST_FEATURES, "tools", "variant", "subagents", "mcpHttp", "mcpSse"] as const;
const later = featureSchema.optional();
/** What was written before a later feature was there does not name it: that is `unknown` (D-36). */
export const featuresSchema = z
  .record(z.enum(FIRST_FEATURES), featureSchema)
  .and(z.object({ tools: later, variant: later, subagents: later, mcpHttp: later, mcpSse: later }));
export type Features = z.infer<typeof featuresSchema>;

export const agentSchema = z
  .object({
    id: agentIdSchema,
    name: z.string(),
    backend: z.enum(BACKENDS),
    available: z.boolean(),
    version: z.string().optional(),
    features: featuresSchema,
    /** What Holdfast's own record says that it was seen to do, on that version; what is not named was not looked for, or did not work. */
    recorded: z.object({ version: z.string(), features: z.array(z.enum(FEATURES)) }).optional(),
    /** Approval modes it can hold (A-20). */
    approvalModes: z.array(approvalModeSchema),
    /** Why it is not available, or what to know about it (`acts without asking`). */
    reason: z.string().optional(),
    install: z.string().optional(),
    /** Its usage limit was reached in that session; turns of others may meet it too, until then (A-29). */
    limit: z.object({ until: timeSchema, sessionId: sessionIdSchema }).optional(),
  })
  .meta({ id: "Agent" });
export type Agent = z.infer<typeof agentSchema>;

export const agentModelSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
});
export type AgentModel = z.infer<typeof agentModelSchema>;
export const agentModeSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
});
export const agentCommandSchema = z.object({
  name: z.string(),
  description: z.string(),
  hint: z.string().optional(),
});
export const subagentSchema = z.object({ name: z.string(), description: z.string().optional() });
export type Subagent = z.infer<typeof subagentSchema>;

/**
 * An agent session that lives now (A-8). `idleMs` is absent while it is used; `waiting`: its turn waits for a human. `pid` and
 * `memoryBytes` are of its process tree as last measured: absent until then, and always where the agent is no program of its own.
 */
export const liveAgentSchema = z
  .object({
    sessionId: sessionIdSchema,
    agent: agentIdSchema,
    state: z.enum(["opening", "busy", "waiting", "idle", "closing"]),
    idleMs: z.number().nonnegative().optional(),
    pid: countSchema.optional(),
    memoryBytes: countSchema.optional(),
  })
  .meta({ id: "LiveAgent" });
export type LiveAgent = z.infer<typeof liveAgentSchema>;

/** Names of background tasks that are kept, and the length of one. */
export const MAX_BACKGROUND_NAMES = 20;
export const MAX_BACKGROUND_NAME = 200;

/**
 * Background tasks of an agent's own, each of which may wake it (A-27): how many run, since when there is any, and what the first ones are called. With
 * `lost` they ended with the agent's program, at that time.
 */
export const backgroundSchema = z.object({
  count: countSchema,
  since: timeSchema,
  tasks: z.array(z.string().max(MAX_BACKGROUND_NAME)).max(MAX_BACKGROUND_NAMES).optional(),
  lost: timeSchema.optional(),
});
export type Background = z.infer<typeof backgroundSchema>;

/** The same in words, for people. */
export function backgroundText({ count, tasks = [], lost }: Background): string {
  const what = count === 1 ? "1 background task" : `${count} background tasks`;
  const names = tasks.filter((name) => name !== "").join(", ");
  const end = lost === undefined ? "" : " ended with the agent's program";
  return `${what}${end}${names === "" ? "" : `: ${names}`}`;
}

/** The tie between one session and one agent (A-4). `modes.current` and `models.current` are what the agent last said. */
export const agentSessionSchema = z
  .object({
    id: agentSessionIdSchema,
    sessionId: sessionIdSchema,
    agent: agentIdSchema,
    status: z.enum(["new", "live", "idle", "resumable", "crashed", "closed"]),
    backendSessionId: z.string().optional(),
    version: z.string().optional(),
    models: z.object({ current: z.string().optional(), available: z.array(agentModelSchema) }).optional(),
    modes: z.object({ current: z.string().optional(), available: z.array(agentModeSchema) }).optional(),
    commands: z.array(agentCommandSchema).optional(),
    /** Agents of its own that an input may mention. */
    subagents: z.array(subagentSchema).optional(),
    /** Absent while there is none, and for an agent that does not tell. */
    background: backgroundSchema.optional(),
    usage: usageSchema,
    time: z.object({ created: timeSchema, updated: timeSchema }),
  })
  .meta({ id: "AgentSession" });
export type AgentSession = z.infer<typeof agentSessionSchema>;
