import { z } from "zod";
import {
  actorSchema,
  agentIdSchema,
  countSchema,
  modelSchema,
  outputFormatSchema,
  permissionTimeoutSchema,
  timeSchema,
} from "./common.ts";
import { inputIdSchema, messageIdSchema, sessionIdSchema, turnIdSchema } from "./id.ts";
import { agentPartSchema, filePartSchema, subtaskPartSchema, textPartSchema } from "./part.ts";

const loose = { id: true, sessionId: true, messageId: true, ordinal: true } as const;

/** What a client may put into an input: parts without identity; the server gives it. */
export const inputPartSchema = z
  .discriminatedUnion("type", [
    textPartSchema.omit({ ...loose, attempt: true, time: true }),
    filePartSchema.omit(loose),
    agentPartSchema.omit(loose),
    subtaskPartSchema.omit(loose),
  ])
  .meta({ id: "InputPart" });
export type InputPart = z.infer<typeof inputPartSchema>;

export const deliverySchema = z.enum(["queue", "steer"]);
export type Delivery = z.infer<typeof deliverySchema>;

/** What was asked: durable before anything runs (D-5). */
export const inputSchema = z
  .object({
    id: inputIdSchema,
    sessionId: sessionIdSchema,
    turnId: turnIdSchema,
    messageId: messageIdSchema,
    state: z.enum(["queued", "delivered", "removed"]),
    /** Place in the queue while queued, lowest first; gaps mean nothing. An edit keeps it, a reorder gives new ones (D-6). */
    position: countSchema.optional(),
    requestedDelivery: deliverySchema,
    delivery: deliverySchema,
    parts: z.array(inputPartSchema),
    agent: agentIdSchema,
    model: modelSchema.optional(),
    format: outputFormatSchema.optional(),
    system: z.string().optional(),
    tools: z.record(z.string(), z.boolean()).optional(),
    /** How long a permission request of this turn waits for an answer; absent: the setting. */
    permissionTimeoutMs: permissionTimeoutSchema.optional(),
    actor: actorSchema,
    time: z.object({
      admitted: timeSchema,
      delivered: timeSchema.optional(),
      removed: timeSchema.optional(),
    }),
  })
  .meta({ id: "Input" });
export type Input = z.infer<typeof inputSchema>;
