import { z } from "zod";
import { actorSchema, agentIdSchema, jsonObjectSchema, timeSchema } from "./common.ts";
import {
  messageIdSchema,
  permissionIdSchema,
  permissionRuleIdSchema,
  projectIdSchema,
  sessionIdSchema,
  turnIdSchema,
} from "./id.ts";

export const permissionReplySchema = z.enum(["once", "always", "reject"]);
export type PermissionReply = z.infer<typeof permissionReplySchema>;

/** An agent asks before it acts. A row with its full arguments and a deadline; the first answer wins. */
export const permissionSchema = z
  .object({
    id: permissionIdSchema,
    sessionId: sessionIdSchema,
    turnId: turnIdSchema,
    agent: agentIdSchema,
    tool: z.string(),
    title: z.string(),
    kind: z.string(),
    args: jsonObjectSchema,
    patterns: z.array(z.string()),
    call: z.object({ messageId: messageIdSchema, callId: z.string() }).optional(),
    state: z.enum(["pending", "replied", "expired"]),
    /** Of an expired one: nobody answered before its deadline, or its turn ended first. Absent in rows of releases that did not tell. */
    expiry: z.enum(["deadline", "turnEnded"]).optional(),
    reply: permissionReplySchema.optional(),
    message: z.string().optional(),
    actor: actorSchema.optional(),
    deadline: timeSchema.optional(),
    time: z.object({ asked: timeSchema, ended: timeSchema.optional() }),
  })
  .meta({ id: "Permission" });
export type Permission = z.infer<typeof permissionSchema>;

/** Our own standing answer, made by replying `always`; the agent is only ever told `once`. `pattern` may hold `*`. */
export const permissionRuleSchema = z
  .object({
    id: permissionRuleIdSchema,
    agent: agentIdSchema,
    kind: z.string(),
    pattern: z.string(),
    scope: z.enum(["session", "project"]),
    sessionId: sessionIdSchema.optional(),
    projectId: projectIdSchema,
    actor: actorSchema,
    time: z.object({ created: timeSchema }),
  })
  .meta({ id: "PermissionRule" });
export type PermissionRule = z.infer<typeof permissionRuleSchema>;
