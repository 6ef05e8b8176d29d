import { z } from "zod";

/** A JSON object whose inside is somebody else's. */
export const jsonObjectSchema = z.record(z.string(), z.unknown());
export type JsonObject = Record<string, unknown>;

/** Milliseconds since the epoch, UTC (I-4). */
export const timeSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** A count or a position: a non-negative safe integer. */
export const countSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** The name of an agent: built in (`rehearsal`, `qwen`, `native:build` ...) or of the config file. */
export const agentIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9:_-]{0,63}$/, "Expected an agent id such as rehearsal or qwen.");

/** Which model a user asks for; every field but `modelId` may be the agent's own business. */
export const modelSchema = z
  .object({
    providerId: z.string().min(1).max(128).optional(),
    modelId: z.string().min(1).max(256),
    variant: z.string().min(1).max(128).optional(),
  })
  .meta({ id: "Model" });
export type Model = z.infer<typeof modelSchema>;

export const ACTOR_KINDS = ["owner", "browser", "ref", "agent", "a2a", "mcp", "system"] as const;

/** Most characters of each text in an event that keeps its own data. */
export const SHORT_TEXT = 4_096;

/** Who did something. `id` is stable per credential or part of the system; `label` is for people (D-36). */
export const actorSchema = z
  .object({ id: z.string().min(1).max(128), kind: z.enum(ACTOR_KINDS), label: z.string().max(256) })
  .meta({ id: "Actor" });
export type Actor = z.infer<typeof actorSchema>;

/** How an agent asks before it acts. */
export const approvalModeSchema = z.enum(["ask", "edits", "all", "readOnly"]);
export type ApprovalMode = z.infer<typeof approvalModeSchema>;

/** What happens to a turn that its server's death interrupted (D-19). */
export const resumePolicySchema = z.enum(["manual", "auto", "never"]);
export type ResumePolicy = z.infer<typeof resumePolicySchema>;

/** How often in a row a turn goes on by itself after its agent's usage limit has reset; 0: never. */
export const limitAttemptsSchema = z.int().min(0).max(10);

/** Milliseconds a permission request or a question may wait, at most 24 h; 0: nobody will answer. */
export const permissionTimeoutSchema = z.number().int().min(0).max(86_400_000);

/** What a turn's answer must look like (session-model 2). `retryCount` is how often a wrong answer is asked for again. */
export const outputFormatSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("text") }),
    z.object({
      type: z.literal("json_schema"),
      schema: jsonObjectSchema,
      retryCount: z.int().min(0).max(100).default(2),
    }),
  ])
  .meta({ id: "OutputFormat" });
export type OutputFormat = z.infer<typeof outputFormatSchema>;
