import { z } from "zod";
import { agentIdSchema, countSchema, jsonObjectSchema, modelSchema, timeSchema } from "./common.ts";
import { messageIdSchema, partIdSchema, sessionIdSchema } from "./id.ts";
import { apiErrorSchema } from "./session-error.ts";
import { fileSourceSchema, sourceTextSchema } from "./source.ts";
import { tokensSchema } from "./usage.ts";

/**
 * What every part carries. `ordinal` is its place in the message: the store gives it at the first write and shows it in every
 * answer and event, because a replay sends the newest entry per row (D-4) and so not in the order of making.
 */
const base = {
  id: partIdSchema,
  sessionId: sessionIdSchema,
  messageId: messageIdSchema,
  ordinal: countSchema.optional(),
};

/** `attempt` marks what a try said that failed and was repeated; it is left out of the model's view (D-15). Calls of such a try did happen: they stay. */
const said = { ...base, attempt: countSchema.optional() };

const openSpan = z.object({ start: timeSchema, end: timeSchema.optional() });
const closedSpan = z.object({ start: timeSchema, end: timeSchema });

/** `synthetic`: machine-written, sent to the model. `ignored`: shown to people, not sent (session-model 10). */
export const textPartSchema = z.object({
  ...said,
  type: z.literal("text"),
  text: z.string(),
  synthetic: z.boolean().optional(),
  ignored: z.boolean().optional(),
  time: openSpan.optional(),
  metadata: jsonObjectSchema.optional(),
});

export const reasoningPartSchema = z.object({
  ...said,
  type: z.literal("reasoning"),
  text: z.string(),
  time: openSpan,
  metadata: jsonObjectSchema.optional(),
});

/** `url` is `blob:<hash>` for stored content (D-28: never base64 in part JSON), else a `file:` or `https:` reference. */
export const filePartSchema = z.object({
  ...base,
  type: z.literal("file"),
  mime: z.string(),
  filename: z.string().optional(),
  url: z.string(),
  source: fileSourceSchema.optional(),
});

/** An attachment of a tool's result: a file part without a row of its own. */
const attachmentSchema = filePartSchema.omit({
  id: true,
  sessionId: true,
  messageId: true,
  ordinal: true,
  source: true,
});

/** Where a call touched files, for following along. */
const locationSchema = z.object({ path: z.string(), line: countSchema.optional() });

/** What a call would change or changed in one file, as the agent reported it. */
const diffSchema = z.object({ path: z.string(), oldText: z.string().optional(), newText: z.string() });

/** Facts that an agent gives about a call beside its state (ACP tool kind, locations, diffs). */
const callFacts = {
  kind: z.string().optional(),
  locations: z.array(locationSchema).optional(),
  diffs: z.array(diffSchema).optional(),
};

/** Set when the output in the part was cut at the limits of D-28; the whole text is the blob `hash`. */
const truncatedSchema = z.object({ hash: z.string(), bytes: countSchema, lines: countSchema });

/** The states of a call: pending -> running -> completed | error, nothing else (D-16). `raw` is the input as it came and stays in every state. */
export const toolStateSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("pending"),
    input: jsonObjectSchema,
    raw: z.string(),
    title: z.string().optional(),
  }),
  z.object({
    status: z.literal("running"),
    input: jsonObjectSchema,
    raw: z.string(),
    title: z.string().optional(),
    output: z.string().optional(),
    metadata: jsonObjectSchema.optional(),
    time: z.object({ start: timeSchema }),
    truncated: truncatedSchema.optional(),
  }),
  z.object({
    status: z.literal("completed"),
    input: jsonObjectSchema,
    raw: z.string(),
    output: z.string(),
    title: z.string(),
    metadata: jsonObjectSchema,
    time: closedSpan.extend({ compacted: timeSchema.optional() }),
    attachments: z.array(attachmentSchema).optional(),
    truncated: truncatedSchema.optional(),
  }),
  z.object({
    status: z.literal("error"),
    input: jsonObjectSchema,
    raw: z.string(),
    error: z.string(),
    title: z.string().optional(),
    output: z.string().optional(),
    metadata: jsonObjectSchema.optional(),
    time: closedSpan,
    truncated: truncatedSchema.optional(),
  }),
]);
export type ToolState = z.infer<typeof toolStateSchema>;

/** A tool call, keyed by (messageId, callId). */
export const toolPartSchema = z.object({
  ...base,
  type: z.literal("tool"),
  callId: z.string(),
  tool: z.string(),
  state: toolStateSchema,
  ...callFacts,
  metadata: jsonObjectSchema.optional(),
});

/** `snapshot`: the tree of the files at this edge of the step, where one was taken; `late`: when the next step ran already. */
const edgeOfStep = { snapshot: z.string().optional(), late: z.boolean().optional() };

export const stepStartPartSchema = z.object({ ...base, type: z.literal("step-start"), ...edgeOfStep });

export const stepFinishPartSchema = z.object({
  ...base,
  type: z.literal("step-finish"),
  reason: z.string(),
  ...edgeOfStep,
  cost: z.number().nonnegative().optional(),
  tokens: tokensSchema.optional(),
});

export const snapshotPartSchema = z.object({ ...base, type: z.literal("snapshot"), snapshot: z.string() });

/** Files that a step changed against the tree `hash`, and how many `more` than are named; `recovered` when computed after a crash (D-18). */
export const patchPartSchema = z.object({
  ...base,
  type: z.literal("patch"),
  hash: z.string(),
  files: z.array(z.string()),
  more: countSchema.optional(),
  recovered: z.boolean().optional(),
});

/** A mention of an agent in a prompt. */
export const agentPartSchema = z.object({
  ...base,
  type: z.literal("agent"),
  name: z.string(),
  source: sourceTextSchema.optional(),
});

/** Work to hand to a child session, on a user message. */
export const subtaskPartSchema = z.object({
  ...base,
  type: z.literal("subtask"),
  prompt: z.string(),
  description: z.string(),
  agent: agentIdSchema,
  model: modelSchema.optional(),
  command: z.string().optional(),
});

/** One retry of a step. */
export const retryPartSchema = z.object({
  ...base,
  type: z.literal("retry"),
  number: countSchema,
  error: apiErrorSchema,
  time: z.object({ created: timeSchema }),
});

/** Marks that a summary stands for what came before; `tailStartId` is the first message kept whole. */
export const compactionPartSchema = z.object({
  ...base,
  type: z.literal("compaction"),
  auto: z.boolean(),
  overflow: z.boolean().optional(),
  tailStartId: messageIdSchema.optional(),
});

export const partSchema = z
  .discriminatedUnion("type", [
    textPartSchema,
    reasoningPartSchema,
    filePartSchema,
    toolPartSchema,
    stepStartPartSchema,
    stepFinishPartSchema,
    snapshotPartSchema,
    patchPartSchema,
    agentPartSchema,
    subtaskPartSchema,
    retryPartSchema,
    compactionPartSchema,
  ])
  .meta({ id: "Part" });

export type Part = z.infer<typeof partSchema>;
export type PartType = Part["type"];
export type PartOf<T extends PartType> = Extract<Part, { type: T }>;
export type TextPart = PartOf<"text">;
export type ReasoningPart = PartOf<"reasoning">;
export type ToolPart = PartOf<"tool">;
export type FilePart = PartOf<"file">;

/** Fields of a part that deltas extend; `raw` and `output` stand for `state.raw` and `state.output`. */
export const DELTA_FIELDS = ["text", "raw", "output"] as const;
export type DeltaField = (typeof DELTA_FIELDS)[number];
