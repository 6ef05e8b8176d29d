/** Refs on sessions of this Holdfast over HTTP (interfaces.md section 0), and comments on a session's messages and changes (S-14). */
import { z } from "zod";
import { actorSchema, countSchema, timeSchema } from "../common.ts";
import { changeIdSchema, idSchema, messageIdSchema, sessionIdSchema } from "../id.ts";
import {
  auditEntrySchema,
  caveatsSchema,
  grantSchema,
  grantTargetSchema,
  LIVE_RIGHTS,
  refSecretSchema,
} from "./grant.ts";
import { sha256Schema } from "./operation.ts";

/** Characters of a label, of a reason and of a comment. */
const LABEL = 256;
const COMMENT = 10_000;

/** `prompt` refs end by themselves after this time when nothing else is said (S-28), in ms. */
export const PROMPT_REF_MS = 24 * 3_600_000;

const liveRightsSchema = z.array(z.enum(LIVE_RIGHTS)).min(1).max(LIVE_RIGHTS.length);

/**
 * A caller that chose its secret says its hash, and the id, so that a repetition answers the same grant (S-25); else the server makes both and shows the
 * secret once.
 */
const chosen = { refId: idSchema("ref").optional(), secretHash: sha256Schema.optional() };
const hasBothOrNone = (body: { refId?: unknown; secretHash?: unknown }): boolean =>
  (body.refId === undefined) === (body.secretHash === undefined);
const BOTH = "Say refId and secretHash together, or neither.";

const asked = {
  rights: liveRightsSchema,
  ...caveatsSchema.shape,
  /** `null`: it does not end by itself. Absent: after 24 h with `prompt`, else never. */
  expiresAt: timeSchema.nullable().optional(),
  label: z.string().max(LABEL).default(""),
  ...chosen,
};

export const createRefSchema = z
  .strictObject({ target: grantTargetSchema, ...asked })
  .refine(hasBothOrNone, BOTH)
  .meta({ id: "CreateRef" });
export type CreateRef = z.input<typeof createRefSchema>;

/** What is not said is inherited. */
export const attenuateRefSchema = z
  .strictObject({ ...asked, expiresAt: timeSchema.optional() })
  .refine(hasBothOrNone, BOTH)
  .meta({ id: "AttenuateRef" });
export type AttenuateRef = z.input<typeof attenuateRefSchema>;

export const revokeRefSchema = z
  .strictObject({
    reason: z.string().max(LABEL).optional(),
    /** Leaves what was asked through it queued and running. */
    keepWork: z.boolean().optional(),
  })
  .meta({ id: "RevokeRef" });
export type RevokeRef = z.infer<typeof revokeRefSchema>;

export const revokedRefSchema = z.object({ ref: grantSchema }).meta({ id: "RevokedRef" });

/** Ends every ref of a session for good and makes one new one with every right (S-13). `from`: what the caller believes the epoch is, so that a repetition does not bump twice. */
export const renewRefsSchema = z
  .strictObject({ from: countSchema, label: z.string().max(LABEL).default(""), ...chosen })
  .refine(hasBothOrNone, BOTH)
  .meta({ id: "RenewRefs" });
export type RenewRefs = z.input<typeof renewRefsSchema>;

/** Where a ref is opened: `base` and the secret behind it. `local`: it names this machine, so it works nowhere else (S-16). */
export const refLinkSchema = z.object({ base: z.string(), local: z.boolean() }).meta({ id: "RefLink" });
export type RefLink = z.infer<typeof refLinkSchema>;

export const createdRefSchema = z
  .object({
    ref: grantSchema,
    /** Shown once; absent where the caller chose it, and in a replay. */
    secret: refSecretSchema.optional(),
    link: refLinkSchema,
  })
  .meta({ id: "CreatedRef" });
export type CreatedRef = z.infer<typeof createdRefSchema>;

export const redeemedRefSchema = z
  .object({
    ref: grantSchema,
    target: grantTargetSchema,
    rights: grantSchema.shape.rights,
    epoch: countSchema,
    /** The last seq of the session, from which its events go on. */
    cursor: countSchema,
  })
  .meta({ id: "RedeemedRef" });
export type RedeemedRef = z.infer<typeof redeemedRefSchema>;

export const refListSchema = z
  .object({
    items: z.array(grantSchema),
    next: z.string().optional(),
    /** How often somebody came with a secret that is none of ours, as far as it is kept; for the owner alone. */
    guesses: z.object({ count: countSchema, last: timeSchema.optional() }).optional(),
  })
  .meta({ id: "RefList" });
export type RefList = z.infer<typeof refListSchema>;

export const refAuditSchema = z
  .object({ items: z.array(auditEntrySchema), next: z.string().optional() })
  .meta({ id: "RefAudit" });
export type RefAudit = z.infer<typeof refAuditSchema>;

/** A comment on a message or a change of a session. No agent is told of it. */
export const sessionCommentSchema = z
  .object({
    id: idSchema("cmt"),
    sessionId: sessionIdSchema,
    on: z.union([messageIdSchema, changeIdSchema]),
    text: z.string().min(1).max(COMMENT),
    actor: actorSchema,
    time: z.object({ created: timeSchema }),
  })
  .meta({ id: "SessionComment" });
export type SessionComment = z.infer<typeof sessionCommentSchema>;

export const addCommentSchema = sessionCommentSchema
  .pick({ on: true, text: true })
  .extend({
    /** Chosen by the caller, so that a repetition makes no second one. */
    id: sessionCommentSchema.shape.id.optional(),
  })
  .strict()
  .meta({ id: "AddComment" });
export type AddComment = z.infer<typeof addCommentSchema>;

export const sessionCommentListSchema = z
  .object({ items: z.array(sessionCommentSchema), next: z.string().optional(), seq: countSchema })
  .meta({ id: "SessionCommentList" });
export type SessionCommentList = z.infer<typeof sessionCommentListSchema>;
