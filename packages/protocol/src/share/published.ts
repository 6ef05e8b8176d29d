/**
 * What of a session may leave the machine, field by field (S-17): what no line here names is not published, and a service refuses it.
 * A published row is a row of the session model with fields left out, so that the page's components show it as they show the session itself.
 */
import { z } from "zod";
import { changeKindSchema, hunkSchema, stampSchema } from "../change.ts";
import { agentIdSchema, countSchema, modelSchema, timeSchema } from "../common.ts";
import { changeIdSchema, messageIdSchema, partIdSchema } from "../id.ts";
import { diffTotalsSchema } from "../message.ts";
import { sessionStatusSchema } from "../session.ts";
import { tokensSchema, usageSchema } from "../usage.ts";

const openSpan = z.strictObject({ start: timeSchema, end: timeSchema.optional() });
const closedSpan = z.strictObject({ start: timeSchema, end: timeSchema });

/** The session itself; its id is not told. */
export const publishedSessionSchema = z
  .strictObject({
    title: z.string(),
    agent: agentIdSchema,
    model: modelSchema.optional(),
    status: sessionStatusSchema,
    time: z.strictObject({ created: timeSchema, updated: timeSchema }),
  })
  .meta({ id: "PublishedSession" });
export type PublishedSession = z.infer<typeof publishedSessionSchema>;

/** An error as a reader may see it: its name, and the masked sentence. */
const publishedErrorSchema = z.strictObject({ name: z.string().max(64), message: z.string() });

const message = {
  id: messageIdSchema,
  ordinal: countSchema,
  agent: agentIdSchema,
  model: modelSchema.optional(),
};

export const publishedMessageSchema = z
  .discriminatedUnion("role", [
    z.strictObject({
      ...message,
      role: z.literal("user"),
      time: z.strictObject({ created: timeSchema }),
      summary: z
        .strictObject({
          title: z.string().optional(),
          body: z.string().optional(),
          totals: diffTotalsSchema.strict().optional(),
        })
        .optional(),
    }),
    z.strictObject({
      ...message,
      role: z.literal("assistant"),
      parentId: messageIdSchema,
      step: countSchema.optional(),
      time: z.strictObject({ created: timeSchema, completed: timeSchema.optional() }),
      finish: z.string().optional(),
      cost: z.number().nonnegative().optional(),
      tokens: tokensSchema.optional(),
      error: publishedErrorSchema.optional(),
      structured: z.unknown().optional(),
    }),
  ])
  .meta({ id: "PublishedMessage" });
export type PublishedMessage = z.infer<typeof publishedMessageSchema>;

const part = { id: partIdSchema, messageId: messageIdSchema, ordinal: countSchema };

/** `blob` is `sha256:<64 hex digits>`, absent where the owner did not let the content go. */
const file = {
  mime: z.string(),
  filename: z.string().optional(),
  blob: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
};

const state = {
  input: z.record(z.string(), z.unknown()),
  raw: z.string(),
  title: z.string().optional(),
  output: z.string().optional(),
  /** The output is longer than what is here. */
  cut: z.boolean().optional(),
};

const publishedToolStateSchema = z.discriminatedUnion("status", [
  z.strictObject({ ...state, status: z.literal("pending") }),
  z.strictObject({ ...state, status: z.literal("running"), time: z.strictObject({ start: timeSchema }) }),
  z.strictObject({
    ...state,
    status: z.literal("completed"),
    time: closedSpan,
    attachments: z.array(z.strictObject({ type: z.literal("file"), ...file })).optional(),
  }),
  z.strictObject({ ...state, status: z.literal("error"), error: z.string(), time: closedSpan }),
]);

export const publishedPartSchema = z
  .discriminatedUnion("type", [
    z.strictObject({
      ...part,
      type: z.literal("text"),
      text: z.string(),
      ignored: z.boolean().optional(),
      attempt: countSchema.optional(),
      time: openSpan.optional(),
    }),
    z.strictObject({
      ...part,
      type: z.literal("reasoning"),
      text: z.string(),
      attempt: countSchema.optional(),
      time: openSpan,
    }),
    z.strictObject({ ...part, type: z.literal("file"), ...file }),
    z.strictObject({
      ...part,
      type: z.literal("tool"),
      callId: z.string(),
      tool: z.string(),
      kind: z.string().optional(),
      locations: z.array(z.strictObject({ path: z.string(), line: countSchema.optional() })).optional(),
      diffs: z
        .array(z.strictObject({ path: z.string(), oldText: z.string().optional(), newText: z.string() }))
        .optional(),
      state: publishedToolStateSchema,
    }),
    z.strictObject({ ...part, type: z.literal("step-start") }),
    z.strictObject({
      ...part,
      type: z.literal("step-finish"),
      reason: z.string(),
      cost: z.number().nonnegative().optional(),
      tokens: tokensSchema.optional(),
    }),
    z.strictObject({
      ...part,
      type: z.literal("patch"),
      files: z.array(z.string()),
      more: countSchema.optional(),
    }),
    z.strictObject({ ...part, type: z.literal("agent"), name: z.string() }),
    z.strictObject({
      ...part,
      type: z.literal("subtask"),
      prompt: z.string(),
      description: z.string(),
      agent: agentIdSchema,
      model: modelSchema.optional(),
      command: z.string().optional(),
    }),
    z.strictObject({
      ...part,
      type: z.literal("retry"),
      number: countSchema,
      error: publishedErrorSchema,
      time: z.strictObject({ created: timeSchema }),
    }),
    z.strictObject({
      ...part,
      type: z.literal("compaction"),
      auto: z.boolean(),
      overflow: z.boolean().optional(),
    }),
  ])
  .meta({ id: "PublishedPart" });
export type PublishedPart = z.infer<typeof publishedPartSchema>;

/** A pending change of the shared session. `hunks` and `patch` hold only what may be shown (S-34); ids of sessions and turns are not in it. */
export const publishedChangeSchema = z
  .strictObject({
    id: changeIdSchema,
    path: z.string(),
    oldPath: z.string().optional(),
    kind: changeKindSchema,
    state: z.enum(["pending", "applied", "rejected", "conflict"]),
    agent: stampSchema,
    hunks: z.array(
      hunkSchema
        .omit({ origins: true })
        .extend({ agents: z.array(stampSchema).min(1) })
        .strict(),
    ),
    binary: z.boolean(),
    additions: countSchema,
    deletions: countSchema,
    patch: z.string().optional(),
    /** The patch is longer than what is here, or holds what may not be shown. */
    cut: z.boolean().optional(),
    time: z.strictObject({ created: timeSchema, updated: timeSchema }),
  })
  .meta({ id: "PublishedChange" });
export type PublishedChange = z.infer<typeof publishedChangeSchema>;

/** The models that answered in the session, each once, in the order of their first answers. */
export const publishedModelsSchema = z.array(modelSchema).max(100);
export type PublishedModels = z.infer<typeof publishedModelsSchema>;

export const publishedUsageSchema = usageSchema.omit({ scope: true }).strict();
export type PublishedUsage = z.infer<typeof publishedUsageSchema>;
