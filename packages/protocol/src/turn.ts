import { z } from "zod";
import { actorSchema, agentIdSchema, countSchema, modelSchema, SHORT_TEXT, timeSchema } from "./common.ts";
import { inputIdSchema, messageIdSchema, sessionIdSchema, turnIdSchema } from "./id.ts";
import { sessionErrorSchema } from "./session-error.ts";
import { usageSchema } from "./usage.ts";

export const TURN_STATES = ["queued", "running", "finalizing", "completed", "failed", "aborted"] as const;
export type TurnState = (typeof TURN_STATES)[number];

/** Why a turn ended (D-8); of those that no agent answered: `steered`, its input went into a running turn (D-6), `noted`, it was for people only. */
export const TURN_REASONS = {
  completed: ["steered", "noted"],
  aborted: ["cancelled", "interrupted", "shutdown", "superseded"],
  failed: ["error", "crashed", "timeout", "exhausted", "refused", "denied", "limited"],
} as const;
export type TurnReason = (typeof TURN_REASONS)[keyof typeof TURN_REASONS][number];

export const turnReasonSchema = z.enum([
  ...TURN_REASONS.completed,
  ...TURN_REASONS.aborted,
  ...TURN_REASONS.failed,
]);

/**
 * What a queued turn waits for, or why a running one cannot write (D-34). `turn`: it was to go into the turn `holder`, whose agent did not take
 * it, and said why in `detail`.
 */
export const waitingForSchema = z.object({
  kind: z.enum(["workspace", "pool", "circuit", "storage", "host", "limit", "turn"]),
  holder: z.string().optional(),
  until: timeSchema.optional(),
  detail: z.string().max(SHORT_TEXT).optional(),
});
export type WaitingFor = z.infer<typeof waitingForSchema>;

/** How a turn found its agent. */
export const openedSchema = z.enum(["new", "resumed", "replayed", "lost"]);
export type Opened = z.infer<typeof openedSchema>;
export const openedBySchema = z.enum(["live", "resume", "load", "create"]);
export type OpenedBy = z.infer<typeof openedBySchema>;

export const turnSchema = z
  .object({
    id: turnIdSchema,
    sessionId: sessionIdSchema,
    /** Absent where its agent started it by itself. */
    inputId: inputIdSchema.optional(),
    /** What it was asked; where nobody asked, a message of the server that says so. */
    messageId: messageIdSchema,
    assistantMessageIds: z.array(messageIdSchema),
    agent: agentIdSchema,
    model: modelSchema.optional(),
    state: z.enum(TURN_STATES),
    reason: turnReasonSchema.optional(),
    error: sessionErrorSchema.optional(),
    finish: z.string().optional(),
    opened: openedSchema.optional(),
    openedBy: openedBySchema.optional(),
    waitingFor: waitingForSchema.optional(),
    stalled: timeSchema.optional(),
    stopping: timeSchema.optional(),
    /** The running turn that its input went into (D-6); while this one is still queued, the one whose agent is being told. */
    mergedInto: turnIdSchema.optional(),
    /** The turn that this one goes on from: it was interrupted (D-19), or ended at a usage limit. */
    resumes: turnIdSchema.optional(),
    attempts: countSchema,
    actor: actorSchema,
    usage: usageSchema,
    time: z.object({ queued: timeSchema, started: timeSchema.optional(), ended: timeSchema.optional() }),
  })
  .meta({ id: "Turn" });
export type Turn = z.infer<typeof turnSchema>;

export const isTerminal = (state: TurnState): state is "completed" | "failed" | "aborted" =>
  state === "completed" || state === "failed" || state === "aborted";
