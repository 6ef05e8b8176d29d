import { z } from "zod";
import {
  agentIdSchema,
  countSchema,
  jsonObjectSchema,
  modelSchema,
  outputFormatSchema,
  timeSchema,
} from "./common.ts";
import { messageIdSchema, sessionIdSchema, turnIdSchema } from "./id.ts";
import { partSchema } from "./part.ts";
import { sessionErrorSchema } from "./session-error.ts";
import { tokensSchema } from "./usage.ts";

const base = {
  id: messageIdSchema,
  sessionId: sessionIdSchema,
  /** Place in the history, given at delivery (D-6); a queued message has none. */
  ordinal: countSchema.optional(),
  turnId: turnIdSchema,
  agent: agentIdSchema,
  model: modelSchema.optional(),
};

/** How much a turn changed of the files: paths, and lines that came and went. The changes themselves are those of the workspace, never part of a row. */
export const diffTotalsSchema = z.object({
  files: countSchema,
  additions: countSchema,
  deletions: countSchema,
});
export type DiffTotals = z.infer<typeof diffTotalsSchema>;

const fileDiffSchema = z.object({
  file: z.string(),
  status: z.enum(["added", "deleted", "modified"]),
  additions: countSchema,
  deletions: countSchema,
  patch: z.string().optional(),
});

/** What a person or program asked. `agent`, `model` and the rest are resolved at admission and stored (D-5). */
export const userMessageSchema = z.object({
  ...base,
  role: z.literal("user"),
  time: z.object({ created: timeSchema }),
  system: z.string().optional(),
  tools: z.record(z.string(), z.boolean()).optional(),
  format: outputFormatSchema.optional(),
  /** What became of it, once its turn has ended: its own first line, what was answered last, and what changed where that is known. */
  summary: z
    .object({
      title: z.string().optional(),
      body: z.string().optional(),
      totals: diffTotalsSchema.optional(),
      /** In rows that a client edited before there were totals; nothing writes it. */
      diffs: z.array(fileDiffSchema).optional(),
    })
    .optional(),
});

/** One step's answer. `model` is what the agent says that it runs, absent where it does not say. It ends completed, failed or aborted, and `time.completed` is set in all three. */
export const assistantMessageSchema = z.object({
  ...base,
  role: z.literal("assistant"),
  /** The model that was asked for, present only where the one that answered, `model`, is another. */
  askedModel: modelSchema.optional(),
  /** The user message it answers. */
  parentId: messageIdSchema,
  /** The same as `agent`, under the name that older clients of this model read. */
  mode: agentIdSchema.optional(),
  time: z.object({ created: timeSchema, completed: timeSchema.optional() }),
  /** The directory that the agent worked in, and that of the project. */
  path: z.object({ cwd: z.string(), root: z.string() }),
  step: countSchema.optional(),
  summary: z.boolean().optional(),
  cost: z.number().nonnegative().optional(),
  tokens: tokensSchema.optional(),
  finish: z.string().optional(),
  error: sessionErrorSchema.optional(),
  structured: z.unknown().optional(),
  metadata: jsonObjectSchema.optional(),
});

/** A message without its parts. */
export const messageInfoSchema = z
  .discriminatedUnion("role", [userMessageSchema, assistantMessageSchema])
  .meta({ id: "MessageInfo" });

/** A message as the API gives it. */
export const messageSchema = z
  .object({ info: messageInfoSchema, parts: z.array(partSchema) })
  .meta({ id: "Message" });

export type UserMessage = z.infer<typeof userMessageSchema>;
export type AssistantMessage = z.infer<typeof assistantMessageSchema>;
export type MessageInfo = z.infer<typeof messageInfoSchema>;
export type Message = z.infer<typeof messageSchema>;
