/** A session that is published to a share service, as the Holdfast that publishes it shows it (S-2). */
import { z } from "zod";
import { actorSchema, countSchema, timeSchema } from "../common.ts";
import { idSchema, sessionIdSchema } from "../id.ts";

/**
 * `creating`: chosen here, not yet told to the service. `live`: kept up to date. `paused`: by a person, until it is resumed. `fenced`: another publisher
 * took it. `parked`: it cannot go on by itself, `lastError` says why. `revoking`: to be taken back, not yet confirmed. Ends: `revoked`, `expired`,
 * `detached` (its session was deleted and the share kept).
 */
export const SHARE_STATES = [
  "creating",
  "live",
  "paused",
  "fenced",
  "parked",
  "revoking",
  "revoked",
  "expired",
  "detached",
] as const;
export const shareStateSchema = z.enum(SHARE_STATES);
export type ShareState = z.infer<typeof shareStateSchema>;

/** Why the last try failed, and when the first of those in a row did; codes of ours, or of the service. */
export const sendErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  time: timeSchema,
  since: timeSchema.optional(),
});

export const shareSchema = z
  .object({
    id: idSchema("shr"),
    /** Absent once the session is deleted. */
    sessionId: sessionIdSchema.optional(),
    title: z.string(),
    /** Origin of the service. */
    service: z.string(),
    state: shareStateSchema,
    /** Rows that wait to be sent, one at least until readers see the first of it, or what is sent anew; and since when the oldest does. */
    waiting: countSchema,
    waitingSince: timeSchema.optional(),
    /** Tries of what is sent now, and when the next begins. */
    attempts: countSchema,
    nextRetryAt: timeSchema.optional(),
    lastError: sendErrorSchema.optional(),
    /** Rows that the service shows as omitted. */
    omitted: countSchema,
    /** What the owner ticked: images and binary files, and hunks of others (S-17, S-34). */
    includes: z.object({ files: z.boolean(), others: z.boolean() }),
    expiresAt: timeSchema.optional(),
    createdBy: actorSchema,
    time: z.object({ created: timeSchema, updated: timeSchema, acknowledged: timeSchema.optional() }),
  })
  .meta({ id: "Share" });
export type Share = z.infer<typeof shareSchema>;
